"""Full scans of few electrons, denoised as well as kept denoisers can, without the truth.

Counts are summed over b×b pixels, brought to a noise of deviation 1 (Anscombe, Biometrika 35,
246-254, 1948), denoised by scikit-image, brought back without bias (Mäkitalo & Foi, IEEE Trans.
Image Process. 20, 2697-2698, 2011) and enlarged again; sums are what makes few counts tractable
(Azzari & Foi, IEEE Signal Process. Lett. 23, 1086-1090, 2016). Which denoiser, strength and b
is chosen by thinning: every electron is given to one of two images, by chance, nine to one.
Both are Poisson and independent of each other, so that the second, blurred as truths are, tells
which denoiser of the first comes nearest to the blurred truth.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgan.metrics import blurred

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

_SHARE = 0.9  # of the electrons that a trial is made of
_SUMS = (1, 2, 4)
_WEIGHTS = (1.0, 2.0, 4.0)
_SIGMAS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0)
_SMALLEST = 16  # [px], of an image of sums


class Denoiser(NamedTuple):
    """A denoiser at one strength.

    name : with its strength.
    run : counts to their expectation, (H, W) both.
    """

    name: str
    run: Callable[[Array], Array]


def denoisers(shape: tuple[int, int]) -> Iterator[Denoiser]:
    """Yield all that are tried on images of a shape: the quick ones first."""
    for sigma in _SIGMAS:
        yield Denoiser(f"gaussian {sigma:g} px", _gaussian(sigma))
    for side in reversed(_SUMS):
        if min(shape) // side < _SMALLEST:
            continue
        where = f" of {side}x{side} sums" if side > 1 else ""
        for weight in _WEIGHTS:
            yield Denoiser(f"tv {weight:g}{where}", _summed(side, _tv(weight)))
        yield Denoiser(f"nl-means{where}", _summed(side, _nl_means))


def denoise(counts: Counts, rng: np.random.Generator) -> tuple[Array, str]:
    """Denoise counts by the denoiser that thinning finds best.

    Parameters
    ----------
    counts : electrons of each pixel, (H, W), sides of 8 px or more.
    rng : chooses the electrons.

    Returns
    -------
    Their expectation, (H, W), and the denoiser's name.
    """
    tried = rng.binomial(counts, _SHARE)
    judge = blurred((counts - tried) / (1 - _SHARE))
    best = min(
        denoisers((counts.shape[0], counts.shape[1])),
        key=lambda one: float(np.mean((one.run(tried / 1.0) / _SHARE - judge) ** 2)),
    )
    return best.run(counts / 1.0), best.name


def sums(image: Array, side: int) -> Array:
    """Sum over squares of pixels; those cut off by the edge count as much as whole ones.

    Returns
    -------
    (ceil(H / side), ceil(W / side)).

    Examples
    --------
    >>> sums(np.ones((3, 5)), 2)
    array([[4., 4., 4.],
           [4., 4., 4.]])
    """
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], side)
        pixels = np.minimum(image.shape[axis] - starts, side)
        total = np.add.reduceat(image, starts, axis)
        image = total * np.expand_dims(side / pixels, 1 - axis)
    return image


def enlarged(image: Array, side: int, shape: tuple[int, int]) -> Array:
    """Interpolate large pixels by cubic splines, to a shape of pixels `side` times smaller."""
    from scipy.ndimage import map_coordinates, spline_filter

    if side == 1:
        return image
    axes = [
        np.clip((np.arange(n) + 0.5) / side - 0.5, 0, m - 1)
        for n, m in zip(shape, image.shape, strict=True)
    ]
    smooth = spline_filter(image, order=3, mode="mirror")
    where = np.meshgrid(*axes, indexing="ij")
    return map_coordinates(smooth, where, order=3, mode="mirror", prefilter=False)


def stabilised(counts: Array) -> Array:
    """Give Poisson counts a noise of deviation 1: 2 sqrt(n + 3/8) (Anscombe 1948)."""
    return 2 * np.sqrt(counts + 0.375)


def expected(root: Array) -> Array:
    """Return the expectation of counts whose stabilised values have the expectation `root`.

    The closed form of Mäkitalo & Foi (2011); 0 where no count has so little.
    """
    root = np.maximum(root, 2 * np.sqrt(0.375))
    half = np.sqrt(1.5)
    found = root**2 / 4 + half / (4 * root) - 11 / (8 * root**2) + 5 * half / (8 * root**3)
    return np.maximum(found - 0.125, 0)


def _gaussian(sigma: float) -> Callable[[Array], Array]:
    def run(counts: Array) -> Array:
        from scipy.ndimage import gaussian_filter

        return gaussian_filter(counts, sigma)

    return run


def _summed(side: int, run: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def all_of_it(counts: Array) -> Array:
        found = expected(run(stabilised(sums(counts, side)))) / side**2
        return enlarged(found, side, (counts.shape[0], counts.shape[1]))

    return all_of_it


def _tv(weight: float) -> Callable[[Array], Array]:
    def run(image: Array) -> Array:
        from skimage.restoration import denoise_tv_chambolle

        return np.asarray(denoise_tv_chambolle(image, weight=weight))

    return run


def _nl_means(image: Array) -> Array:
    from skimage.restoration import denoise_nl_means

    return np.asarray(denoise_nl_means(image, patch_size=5, patch_distance=7, h=0.8, sigma=1.0))
