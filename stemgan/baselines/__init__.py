"""Classical completion methods behind one interface: a partial scan in, an image out.

A method sees the measured values and where they are, nothing else: no truth, no pitch, no name
of a scan family. What it smooths by is a fixed share of the typical gap
(`smoothing.gap_length`), found once on training images by ``benchmarks/tune_baselines.py``.
Every method keeps the scan's own unit, and returns the constant for a constant scan.

This is also the only place that may flip a mask: here True means measured, while the inpainting
functions of OpenCV and scikit-image take True for missing.
"""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.fourier import fourier_pocs
from stemgan.baselines.local import (
    linear,
    nearest,
    normalised_convolution,
    smoothed_linear,
    smoothed_nearest,
)
from stemgan.errors import InputError
from stemgan.measurement import PartialScan

METHODS: dict[str, Callable[[PartialScan], NDArray[np.float32]]] = {
    "nearest": nearest,
    "smoothed-nearest": smoothed_nearest,
    "linear": linear,
    "smoothed-linear": smoothed_linear,
    "normalised-convolution": normalised_convolution,
    "fourier-pocs": fourier_pocs,
}

__all__ = ["METHODS", "check_method", "complete"]


def check_method(name: str) -> str:
    """Return the name of a classical method, or raise.

    Raises
    ------
    InputError : there is no such method; the message names the near miss.

    Examples
    --------
    >>> check_method("linear")
    'linear'
    """
    if name not in METHODS:
        near = get_close_matches(name, METHODS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(METHODS)}"
        raise InputError(f"there is no method {name!r}: {hint}")
    return name


def complete(scan: PartialScan, method: str) -> NDArray[np.float32]:
    """Complete a partial scan by a classical method.

    Parameters
    ----------
    scan : measured values and dwell map, (H, W).
    method : one of `METHODS`.

    Returns
    -------
    The image in the scan's own unit, (H, W) float32.

    Raises
    ------
    InputError : there is no such method; the message names the near miss.
    """
    return METHODS[check_method(method)](scan)
