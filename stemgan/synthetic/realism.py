"""How far simulated micrographs are from real ones, by features of images.

Each image becomes a row of features; the distance between two sets of images in one feature is
the Wasserstein-1 distance, and its unit the distance between two halves of the real images,
split by groups (specimens). A ratio of 1 says that, with as many images, simulated and real
ones cannot be told apart by that feature. A linear classifier of all features together says how
well a judge who learns can tell them apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

from stemgan.noise_estimate import noise_fraction

Image = NDArray[np.floating]
Array = NDArray[np.float64]

BANDS = 10
QUANTILES = (5, 25, 50, 75, 95)
SCALES = (1.5, 6.0)
_LOWEST = 1 / 128
_SMALL = 1e-9

FAMILIES: dict[str, tuple[str, ...]] = {
    "spectrum": (*(f"spectrum_{i}" for i in range(BANDS)), "peaks"),
    "histogram": (*(f"quantile_{q}" for q in QUANTILES), "tail_low", "tail_high"),
    "noise": ("noise_fraction",),
    "orientation": (*(f"coherence_{s:g}" for s in SCALES), "line_noise"),
}
FEATURES: tuple[str, ...] = tuple(name for names in FAMILIES.values() for name in names)


def features(image: Image) -> Array:
    """Describe an image by numbers that do not depend on its intensity scale.

    Parameters
    ----------
    image : square or not, at least 64 px; 256 x 256 px here.

    Returns
    -------
    (features,) in the order of `FEATURES`: logarithms (base 10) of the variance's shares in
    `BANDS` rings of frequencies, equally wide in the logarithm from 1/128 to 1/2 cycle per
    pixel, and of the strongest peak over its ring's median; quantiles on a scale where the 1st
    and 99th percentiles are 0 and 1, and how far the extremes lie beyond; the logarithm of the
    noise's share of the variance (see `noise_fraction`); mean coherence of the structure tensor
    at two scales; logarithm of the ratio of differences along columns and along rows.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((128, 128))
    >>> round(float(features(noise)[FEATURES.index("noise_fraction")]), 1)
    -0.0
    """
    low, high = np.percentile(image, (1, 99))
    scaled = (image.astype(np.float64) - low) / max(high - low, _SMALL)
    scaled = np.clip(scaled, -2, 3)
    quantiles = np.percentile(scaled, QUANTILES)
    tails = np.log10(0.01 + np.array([-scaled.min(), scaled.max() - 1]).clip(0))
    rows = np.var(np.diff(scaled, axis=0)) + _SMALL
    columns = np.var(np.diff(scaled, axis=1)) + _SMALL
    return np.array(
        [
            *_spectrum(scaled),
            *quantiles,
            *tails,
            np.log10(max(noise_fraction(scaled), 1e-5)),
            *(coherence(scaled, s) for s in SCALES),
            np.log10(rows / columns),
        ]
    )


def _spectrum(image: Array) -> list[float]:
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in image.shape))
    power = np.abs(np.asarray(fft.rfft2((image - image.mean()) * window))) ** 2
    radius = np.hypot(
        fft.fftfreq(image.shape[0])[:, None], fft.rfftfreq(image.shape[1])[None, :]
    )
    edges = np.geomspace(_LOWEST, 0.5, BANDS + 1)
    ring = np.digitize(radius, edges).ravel()
    total = np.bincount(ring, power.ravel(), BANDS + 2)[1:-1]
    shares = np.log10(np.maximum(total / max(total.sum(), _SMALL), 1e-8))
    peak = 0.0
    for band in range(4, BANDS):
        inside = power.ravel()[ring == band]
        peak = max(peak, float(inside.max() / max(np.median(inside), _SMALL)))
    return [*map(float, shares), float(np.log10(max(peak, 1)))]


def coherence(image: Image, sigma: float) -> float:
    """Mean coherence ((l1 - l2) / (l1 + l2))² of the structure tensor, in [0, 1].

    Parameters
    ----------
    sigma : window in which directions are compared [px]; gradients are taken at half of it.
    """
    smooth = gaussian_filter(image.astype(np.float64), sigma / 2)
    dy, dx = np.gradient(smooth)
    yy, xx, xy = (gaussian_filter(a, sigma) for a in (dy * dy, dx * dx, dy * dx))
    ratio = ((yy - xx) ** 2 + 4 * xy**2) / np.maximum((yy + xx) ** 2, 1e-18)
    weight = yy + xx
    return float((ratio * weight).sum() / max(weight.sum(), 1e-18))


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    ratio : distance of simulated from real over that of real from real, of each feature.
    families : mean ratio of each of `FAMILIES`.
    overall : mean of these.
    auc : area under the curve of a linear classifier on images it has not seen; 0.5 is chance.
    """

    ratio: dict[str, float]
    families: dict[str, float]
    overall: float
    auc: float


def compare(
    real: Array, group: NDArray, simulated: Array, *, repeats: int = 400, seed: int = 0
) -> Comparison:
    """Compare features of simulated images with those of real ones.

    Each repetition draws one image of every group and splits the groups into halves; one half
    is compared with the other, and with as many simulated images.

    Parameters
    ----------
    real : features of real images, (n, features).
    group : what each belongs to (specimen, session), (n,); at least four different ones.
    simulated : features of simulated images, (m, features), at least half as many as groups.
    repeats : number of random splits.
    seed : of the splits.

    Raises
    ------
    ValueError : fewer than four groups, or too few simulated images.
    """
    members = [np.flatnonzero(group == name) for name in np.unique(group)]
    half = len(members) // 2
    if half < 2 or len(simulated) < half:
        raise ValueError(
            f"{len(members)} groups and {len(simulated)} simulated images: give at least 4 "
            "groups, and half as many simulated images"
        )
    rng = np.random.default_rng(seed)
    apart, within = np.zeros(real.shape[1]), np.zeros(real.shape[1])
    for _ in range(repeats):
        chosen = np.array([rng.choice(m) for m in members])
        rng.shuffle(chosen)
        one, other = np.sort(real[chosen[:half]], 0), np.sort(real[chosen[half : 2 * half]], 0)
        drawn = np.sort(simulated[rng.choice(len(simulated), half, replace=False)], 0)
        # Of equally many values each, W1 is the mean distance of the sorted values.
        within += np.abs(one - other).mean(0)
        apart += np.abs(one - drawn).mean(0)
    ratio = dict(zip(FEATURES, (apart / np.maximum(within, _SMALL)).tolist(), strict=True))
    families = {
        family: float(np.mean([ratio[name] for name in names]))
        for family, names in FAMILIES.items()
    }
    overall = float(np.mean(list(families.values())))
    return Comparison(ratio, families, overall, separability(real, group, simulated, seed=seed))


def separability(
    real: Array, group: NDArray, simulated: Array, *, folds: int = 5, seed: int = 0
) -> float:
    """Area under the curve of Fisher's linear discriminant, cross-validated by groups.

    Each group counts once, however many images it has. 0.5 is chance, 1 is always right.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(group)
    fold_of = dict(zip(names, rng.permutation(len(names)) % folds, strict=True))
    real_fold = np.array([fold_of[name] for name in group])
    simulated_fold = rng.permutation(len(simulated)) % folds
    weight = 1 / np.array([(group == name).sum() for name in group])
    areas = []
    for fold in range(folds):
        train_r, train_s = real_fold != fold, simulated_fold != fold
        direction = _discriminant(real[train_r], weight[train_r], simulated[train_s])
        scores = real[~train_r] @ direction, simulated[~train_s] @ direction
        wins = (scores[0][:, None] > scores[1]) + 0.5 * (scores[0][:, None] == scores[1])
        areas.append(float(np.average(wins.mean(1), weights=weight[~train_r])))
    return float(np.mean(areas))


def _discriminant(real: Array, weight: Array, simulated: Array) -> Array:
    middle = np.average(real, axis=0, weights=weight)
    spread = np.cov(real.T, aweights=weight) + np.cov(simulated.T)
    # A ridge, as features are many and groups few.
    spread += np.diag(0.1 * np.diag(spread) + _SMALL)
    return np.linalg.solve(spread, middle - simulated.mean(0))
