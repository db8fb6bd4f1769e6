"""What `stemgan study` does besides studies: optimising a path, and adaptive scans."""
