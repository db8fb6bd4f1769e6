"""Physically motivated random micrographs with a known clean truth, from a seed."""

from stemgan.synthetic.compose import KINDS, detect, micrograph, named

__all__ = ["KINDS", "detect", "micrograph", "named"]
