"""What a reconstruction is judged by: RMSE, PSNR, SSIM and the error by distance, in numpy.

Every RMSE is a percentage of the raw truth's own range (maximum minus minimum), so that images
in any unit compare; the same range serves the raw and the blurred truth. The published
convention compares with the truth blurred by a 5×5 Gaussian of σ = 2.5 px (`blurred`), which
leaves out noise that no method could predict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import correlate1d

from stemgan_kernels.profiles import error_statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIGMA = 2.5  # [px]
_WINDOW = np.exp(-(np.arange(-2, 3) ** 2) / (2 * _SIGMA**2))
_BLUR = _WINDOW / _WINDOW.sum()
_SSIM_SIDE = 11  # [px], the side of the Gaussian window of Wang et al. (2004)

# [px]: the measured pixels alone, then rings that widen with the distance.
DISTANCE_EDGES = (0.0, 0.5, 1.5, 2.5, 3.5, 5, 7, 10, 14, 20, 28, 40, 56, 80, 113, np.inf)


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
    }


def _zeros() -> NDArray[np.float64]:
    return np.zeros(len(DISTANCE_EDGES) - 1)


@dataclass
class ErrorByDistance:
    """Error against distance from the scan: sums that add across images, processes and ranks.

    Bin i holds ``DISTANCE_EDGES[i] <= distance < DISTANCE_EDGES[i + 1]`` [px]; the first holds
    the measured pixels alone.

    Examples
    --------
    >>> profile = ErrorByDistance()
    >>> profile.update(np.ones((8, 8)), np.zeros((8, 8)))
    >>> (profile + profile).rows()[0]["pixels"]
    128
    """

    count: NDArray[np.float64] = field(default_factory=_zeros)
    total: NDArray[np.float64] = field(default_factory=_zeros)
    total_squared: NDArray[np.float64] = field(default_factory=_zeros)

    def update(self, error: NDArray[np.floating], distance: NDArray[np.floating]) -> None:
        """Add one image: signed error and distance to the nearest measured pixel [px]."""
        count, total, squared = error_statistics(error, distance, DISTANCE_EDGES)
        self.count = self.count + count
        self.total = self.total + total
        self.total_squared = self.total_squared + squared

    def __add__(self, other: ErrorByDistance) -> ErrorByDistance:
        return ErrorByDistance(
            self.count + other.count,
            self.total + other.total,
            self.total_squared + other.total_squared,
        )

    def rows(self) -> list[dict[str, float]]:
        """Give one row a bin that holds pixels.

        Returns
        -------
        Rows of `distance_from`, `distance_to` [px], `pixels`, `bias` (mean error) and `rmse`
        (root mean square error), the last two in the error's unit.
        """
        return [
            {
                "distance_from": float(DISTANCE_EDGES[i]),
                "distance_to": float(DISTANCE_EDGES[i + 1]),
                "pixels": int(self.count[i]),
                "bias": float(self.total[i] / self.count[i]),
                "rmse": float(np.sqrt(self.total_squared[i] / self.count[i])),
            }
            for i in np.flatnonzero(self.count)
        ]
