"""`stemgan reconstruct --watch`: files are completed as they appear in a folder."""
