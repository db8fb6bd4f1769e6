"""What a reconstruction is judged by: RMSE, PSNR, SSIM and power spectrum, in numpy.

Every RMSE is a percentage of the raw truth's own range (maximum minus minimum), so that images
in any unit compare; the same range serves the raw and the blurred truth. The published
convention compares with the truth blurred by a 5×5 Gaussian of σ = 2.5 px (`blurred`), which
leaves out noise that no method could predict. Where errors lie, by distance from the scan and
by pixel, is in `stemgan.metrics.profiles`; the errors of a validation, in torch, are in
`stemgan.metrics.validation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import correlate1d

from stemgan.metrics.profiles import (
    DISTANCE_EDGES,
    PITCH_EDGES,
    QUANTILES,
    ErrorByDistance,
    SystematicError,
)
from stemgan.metrics.spectrum import log_spectrum_ratio, radial_power_spectrum

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DISTANCE_EDGES",
    "PITCH_EDGES",
    "QUANTILES",
    "SCORES",
    "ErrorByDistance",
    "SystematicError",
    "blurred",
    "log_spectrum_ratio",
    "psnr",
    "radial_power_spectrum",
    "rmse",
    "score",
    "ssim",
]

SCORES = (
    "rmse_raw",
    "rmse_blurred",
    "nrmse_std",
    "nrmse_std_blurred",
    "psnr",
    "ssim",
    "log_spectrum",
)
"""The names of what `score` gives."""

_SIGMA = 2.5  # [px]
_WINDOW = np.exp(-(np.arange(-2, 3) ** 2) / (2 * _SIGMA**2))
_BLUR = _WINDOW / _WINDOW.sum()
_SSIM_SIDE = 11  # [px], the side of the Gaussian window of Wang et al. (2004)


def blurred(truth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Blur a truth with the published 5×5 Gaussian of σ = 2.5 px, reflecting at the edges.

    Parameters
    ----------
    truth : image in any unit, (height, width), sides of 3 px or more.

    Returns
    -------
    The blurred image, (height, width), same unit.
    """
    rows = correlate1d(np.asarray(truth, np.float64), _BLUR, axis=0, mode="mirror")
    return correlate1d(rows, _BLUR, axis=1, mode="mirror")


def rmse(
    reconstruction: NDArray[np.floating], truth: NDArray[np.floating], span: float
) -> float:
    """Give the root mean square error as a percentage of `span`.

    Parameters
    ----------
    reconstruction, truth : images in the same unit, (height, width).
    span : what 100 % is, in that unit: the raw truth's range by convention.

    Returns
    -------
    The error [%]; NaN if `span` is zero, because a share of nothing means nothing.

    Raises
    ------
    ValueError : if the shapes differ.

    Examples
    --------
    >>> rmse(np.full((4, 4), 3.0), np.full((4, 4), 1.0), span=8.0)
    25.0
    """
    if reconstruction.shape != truth.shape:
        raise ValueError(
            f"image {reconstruction.shape} and truth {truth.shape} differ in shape"
        )
    difference = np.subtract(reconstruction, truth, dtype=np.float64)
    root = float(np.sqrt(np.mean(difference**2)))
    return 100 * root / span if span > 0 else float("nan")


def psnr(reconstruction: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Give the peak signal-to-noise ratio over the truth's range [dB]; infinite if equal."""
    percent = rmse(reconstruction, truth, float(np.ptp(truth)))
    return -20 * float(np.log10(percent / 100)) if percent != 0 else float("inf")


def ssim(reconstruction: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Give the structural similarity of Wang et al. (2004): Gaussian window of σ = 1.5 px.

    The constants take the truth's range. NaN for a constant truth and for sides below 11 px,
    for which it is not defined.
    """
    # Slow to import, and no other metric needs it.
    from skimage.metrics import structural_similarity

    span = float(np.ptp(truth))
    if span == 0 or min(truth.shape) < _SSIM_SIDE:
        return float("nan")
    similarity: Any = structural_similarity(
        np.asarray(truth, np.float64),
        np.asarray(reconstruction, np.float64),
        data_range=span,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(similarity)


def score(
    reconstruction: NDArray[np.floating], truth: NDArray[np.floating]
) -> dict[str, float]:
    """Judge one reconstruction by every metric.

    Parameters
    ----------
    reconstruction, truth : images in the same unit, (height, width).

    Returns
    -------
    rmse_raw, rmse_blurred : RMSE against the raw and the blurred truth [% of the raw range].
    nrmse_std, nrmse_std_blurred : the same errors over the standard deviation of the raw truth,
        beside the others because a few hot pixels set the range. A constant image at the
        truth's mean scores 1.
    psnr [dB], ssim : against the raw truth.
    log_spectrum : mean |ln| of the ratio of the power to the raw truth's, above half the
        Nyquist frequency: 0 for as much fine texture as the truth has.

    Raises
    ------
    ValueError : if the shapes differ.
    """
    span, deviation = float(np.ptp(truth)), float(np.std(truth, dtype=np.float64))
    target = blurred(truth)
    return {
        "rmse_raw": rmse(reconstruction, truth, span),
        "rmse_blurred": rmse(reconstruction, target, span),
        "nrmse_std": rmse(reconstruction, truth, deviation) / 100,
        "nrmse_std_blurred": rmse(reconstruction, target, deviation) / 100,
        "psnr": psnr(reconstruction, truth),
        "ssim": ssim(reconstruction, truth),
        "log_spectrum": log_spectrum_ratio(reconstruction, truth),
    }
