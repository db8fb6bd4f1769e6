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
    "smoothed-linear": {"before": (0, 0.3, 0.6, 0.9), "after": (0.3, 0.5, 0.7, 0.9)},
    "cubic": {"before": (0, 0.3, 0.6, 0.9), "after": (0.3, 0.5, 0.7, 0.9)},
    "natural-neighbour": {"before": (0, 0.3, 0.6, 0.9), "after": (0.3, 0.5, 0.7, 0.9)},
    "normalised-convolution": {"share": (0.4, 0.55, 0.7, 0.85), "trust": (0.03, 0.1, 0.3)},
    "laplace": {"share": (0.1, 0.2, 0.3, 0.4, 0.5), "power": (1.0, 1.5, 2.0)},
    "biharmonic": {"share": (0.4, 0.55, 0.7, 0.85), "power": (1.0, 1.5)},
    "total-variation": {
        "share": (0.2, 0.3, 0.4),
        "power": (1.5,),
        "softness": (0.5, 1.0, 2.0, 4.0),
    },
    "opencv-telea": {"radius": (0.1, 0.25, 0.5), "after": (0, 0.6, 0.8, 1.0)},
    "opencv-ns": {"radius": (0.1, 0.25, 0.5), "after": (0, 0.6, 0.8, 1.0)},
}
