"""What is tried for each classical method: every combination of the values named here.

A grid gives the keyword arguments of the method in `stemgan.baselines.METHODS`; that of a
method without parameters is empty.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Grid = Mapping[str, Sequence[Any]]

GRIDS: dict[str, Grid] = {
    "nearest": {},
    "smoothed-nearest": {"share": (0.7, 0.85, 1.0, 1.2)},
    "linear": {},
    "smoothed-linear": {"before": (0, 0.3, 0.6), "after": (0.3, 0.5, 0.7)},
    "cubic": {"before": (0.3, 0.6, 0.9), "after": (0.3, 0.5, 0.7)},
    "natural-neighbour": {"before": (0, 0.3, 0.6, 0.9), "after": (0.3, 0.5, 0.7, 0.9)},
    "normalised-convolution": {"share": (0.4, 0.55, 0.7, 0.85), "trust": (0.03, 0.1, 0.3, 1.0)},
    "laplace": {"share": (0.1, 0.2, 0.3, 0.4, 0.5)},
    "biharmonic": {"share": (0.4, 0.55, 0.7, 0.85, 1.0)},
    "total-variation": {"share": (0.3, 0.45, 0.6, 0.9, 1.2), "softness": (2.0, 4.0, 8.0)},
    "dct-sparse": {"share": (1.0, 1.4, 2.0, 3.0), "tilt": (0.8, 1.1)},
    "fourier-pocs": {"share": (1.0, 1.4, 2.0, 3.0), "tilt": (0.8, 0.9, 1.1, 1.5)},
    "gaussian-process": {"rounds": (2, 3), "peak": (2.0, 2.5, 3.5), "peak_width": (1.0, 1.2)},
    "dictionary": {"cells": (3, 4, 6), "atoms": (2, 3), "rounds": (4, 8), "trust": (0.05, 0.1)},
    "opencv-telea": {"radius": (0.1, 0.25, 0.5), "after": (0, 0.5, 0.7, 0.9)},
    "opencv-ns": {"radius": (0.1, 0.25, 0.5), "after": (0, 0.5, 0.7, 0.9)},
}
