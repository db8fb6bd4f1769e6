"""Inpainting functions of OpenCV and scikit-image behind this project's interface.

They are here to compare with: they were made for scratches in photographs and interpolate
noise, so that OpenCV's are smoothed after, as nearest is. Both take True for *missing*.
OpenCV's go wrong on negative floats, and Telea's adds up to 1.4 and a rounding of 0.5 in grey
levels whatever the type, so that intensities are shifted and scaled to `GREY_LEVELS` of them
first. scikit-image's biharmonic solves one system for each hole and does not end at the size of
micrographs.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import gap_length, in_own_unit, smooth
from stemgan.baselines.widths import held_out_width
from stemgan.errors import InputError
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Radius of the neighbourhood over the gap, and σ of the Gaussian after over the held-out width,
# tuned on training images (benchmarks/tune_baselines.py).
TELEA_RADIUS, TELEA_AFTER = 0.1, 0.9
NAVIER_STOKES_RADIUS, NAVIER_STOKES_AFTER = 0.1, 0.9

MOST_PIXELS = 65536
"""What scikit-image's biharmonic completion still does in some seconds (16 s at 512x512)."""

GREY_LEVELS = 65535.0

# [px]. Within 1 px Navier-Stokes hangs on single differences, which rounding moves by percents;
# the cost grows with the radius squared.
_SMALLEST_RADIUS, _LARGEST_RADIUS = 2.0, 4.0


def opencv_telea(
    scan: PartialScan, radius: float = TELEA_RADIUS, after: float = TELEA_AFTER
) -> Image:
    """Complete by fast marching (Telea, J. Graphics Tools 9, 23, 2004), by OpenCV."""
    cv2 = _opencv("opencv-telea")
    return _opencv_inpaint(scan, (radius, after), cv2, cv2.INPAINT_TELEA)


def opencv_ns(
    scan: PartialScan, radius: float = NAVIER_STOKES_RADIUS, after: float = NAVIER_STOKES_AFTER
) -> Image:
    """Complete by fluid dynamics (Bertalmio, Bertozzi & Sapiro, CVPR 2001), by OpenCV."""
    cv2 = _opencv("opencv-ns")
    return _opencv_inpaint(scan, (radius, after), cv2, cv2.INPAINT_NS)


def skimage_biharmonic(scan: PartialScan) -> Image:
    """Complete by the biharmonic equation (Damelin & Hoang, 2018), by scikit-image.

    Raises
    ------
    InputError : more than `MOST_PIXELS` pixels.
    """
    if scan.shape[0] * scan.shape[1] > MOST_PIXELS:
        raise InputError(
            f"skimage-biharmonic cannot complete {scan.shape[0]}x{scan.shape[1]} px, above "
            f"{MOST_PIXELS} px in all: use biharmonic, or a smaller scan"
        )
    from skimage.restoration import inpaint_biharmonic

    def inpaint(values: Image, infill: Image) -> Image:
        if scan.mask.all():
            return values
        found: Any = inpaint_biharmonic(values.astype(np.float64), ~scan.mask)
        return np.clip(found, infill.min(), infill.max()).astype(np.float32)

    return in_own_unit(scan, inpaint)


def has_opencv() -> bool:
    """Say whether OpenCV is installed, without importing it."""
    from importlib.util import find_spec

    return find_spec("cv2") is not None


def _opencv(method: str) -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            f"{method} needs OpenCV: install it by pip install 'stemgan[opencv]'"
        ) from error
    return cv2


def _opencv_inpaint(
    scan: PartialScan, shares: tuple[float, float], cv2: ModuleType, flag: int
) -> Image:
    radius, after = shares
    sigma = after * held_out_width(scan)
    reach = float(np.clip(radius * gap_length(scan), _SMALLEST_RADIUS, _LARGEST_RADIUS))
    missing = (~scan.mask).astype(np.uint8)

    def inpaint(values: Image, infill: Image) -> Image:
        # They treat bright and dark differently: the longer tail is made the bright one, so
        # that an inverted scan gives the inverted image.
        if np.mean(values[scan.mask] ** 3, dtype=np.float64) < 0:
            return smooth(-upright(-values, -infill), sigma)
        return smooth(upright(values, infill), sigma)

    def upright(values: Image, infill: Image) -> Image:
        low, scale = infill.min(), np.float32(GREY_LEVELS) / np.ptp(infill)
        # Whole levels, as theirs branch on differences as small as rounding makes them.
        levels = 1 + np.rint((values - low) * scale)
        shifted = np.where(scan.mask, levels, 0).astype(np.float32)
        found = cv2.inpaint(shifted, missing, reach, flag)
        return np.clip((np.asarray(found, np.float32) - 1) / scale + low, low, infill.max())

    return in_own_unit(scan, inpaint)
