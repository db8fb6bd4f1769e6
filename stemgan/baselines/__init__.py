"""Classical completion methods behind one interface: a partial scan in, an image out.

A method sees the measured values and where they are, nothing else: no truth, no pitch, no name
of a scan family. What it smooths by is a fixed multiple of a length that follows from those
(`smoothing.gap_length`, `widths.held_out_width`); the multiples were found once on training
images by ``benchmarks/tune_baselines.py`` (docs/classical_methods.md).
Every method keeps the scan's own unit, and returns the constant for a constant scan.

This is also the only place that may flip a mask: here True means measured, while the inpainting
functions of OpenCV and scikit-image take True for missing.
"""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.dct import dct_sparse
from stemgan.baselines.dictionary import dictionary
from stemgan.baselines.fourier import fourier_pocs
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.baselines.inpainting import (
    has_opencv,
    opencv_ns,
    opencv_telea,
    skimage_biharmonic,
)
from stemgan.baselines.local import nearest, normalised_convolution, smoothed_nearest
from stemgan.baselines.natural import natural_neighbour
from stemgan.baselines.spline import biharmonic, laplace
from stemgan.baselines.triangles import cubic, linear, smoothed_linear
from stemgan.baselines.variation import total_variation
from stemgan.errors import InputError
from stemgan.measurement import PartialScan

METHODS: dict[str, Callable[[PartialScan], NDArray[np.float32]]] = {
    "nearest": nearest,
    "smoothed-nearest": smoothed_nearest,
    "linear": linear,
    "smoothed-linear": smoothed_linear,
    "cubic": cubic,
    "natural-neighbour": natural_neighbour,
    "normalised-convolution": normalised_convolution,
    "laplace": laplace,
    "biharmonic": biharmonic,
    "total-variation": total_variation,
    "dct-sparse": dct_sparse,
    "fourier-pocs": fourier_pocs,
    "gaussian-process": gaussian_process,
    "dictionary": dictionary,
    "opencv-telea": opencv_telea,
    "opencv-ns": opencv_ns,
    "skimage-biharmonic": skimage_biharmonic,
}

OPENCV_METHODS = ("opencv-telea", "opencv-ns")
"""The methods that need the extra `stemgan[opencv]`."""

SMALL_FRAMES = ("skimage-biharmonic",)
"""The methods that refuse a frame of usual size."""


def default_methods() -> tuple[str, ...]:
    """Return the methods that run here, on a frame of any size, in a time worth waiting for."""
    left_out = set(SMALL_FRAMES) if has_opencv() else {*SMALL_FRAMES, *OPENCV_METHODS}
    return tuple(name for name in METHODS if name not in left_out)


__all__ = ["METHODS", "check_method", "complete", "default_methods"]


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
