"""Kriging on any device that torch runs on."""
