"""Physically motivated random micrographs with a known clean truth, from a seed."""

from stemgan.synthetic.along import measure_along
from stemgan.synthetic.compose import KINDS, Scene, micrograph, named, scene
from stemgan.synthetic.detector import Detector, detect, random_detector, recorded

__all__ = [
    "KINDS",
    "Detector",
    "Scene",
    "detect",
    "measure_along",
    "micrograph",
    "named",
    "random_detector",
    "recorded",
    "scene",
]
