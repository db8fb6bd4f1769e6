"""Scans that choose their next positions by what is not known yet."""
