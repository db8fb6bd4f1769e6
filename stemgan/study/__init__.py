"""Scan-path design studies: what a path costs, what it shows, what it misses."""
