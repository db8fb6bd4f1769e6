"""The page of a map of pictures, with its style, script and sheets of small pictures."""
