"""Complete scanning transmission electron micrographs from partial scans."""

__version__ = "0.1.0"
