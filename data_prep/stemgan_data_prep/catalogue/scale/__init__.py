"""The scale of a micrograph, read from the bar and the words in the picture itself."""
