"""Laplace and biharmonic completion: smoothing splines on the pixel grid.

Of all images u they take the one that minimises

    Σ w (u - v)² + λ ⟨u, Lᵖ u⟩,    L = minus the five-point Laplacian, reflecting at the edges,

with w the weights of the measured values v, p = 1 for Laplace (a membrane) and p = 2 for
biharmonic (a thin plate: Duchon 1977; Wahba, Spline Models for Observational Data, 1990). As λ
falls to 0 they interpolate; with noise they must not. λ = c ℓ²ᵖ, with c the coverage, so that ℓ
is the length over which the image is smoothed [px].

The cosine transform makes L diagonal (Garcia, Comput. Stat. Data Anal. 54, 1167, 2010), so
(c + λ Lᵖ) is inverted exactly, and is what conjugate gradients are preconditioned by: a dozen
turns at any size, each with one pair of transforms.
"""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import (
    cosines,
    from_cosines,
    in_own_unit,
    smooth,
    weights,
)
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Lengths over the held-out width, tuned on training images (benchmarks/tune_baselines.py).
LAPLACE_SHARE = 0.3
BIHARMONIC_SHARE = 0.7

_TOLERANCE = 3e-4
_MOST_TURNS = 300


def laplace(scan: PartialScan, share: float = LAPLACE_SHARE) -> Image:
    """Complete by a membrane: p = 1, ℓ = `share` of the held-out width."""
    return smoothing_spline(scan, 1, share * held_out_width(scan))


def biharmonic(scan: PartialScan, share: float = BIHARMONIC_SHARE) -> Image:
    """Complete by a thin plate: p = 2, ℓ = `share` of the held-out width."""
    return smoothing_spline(scan, 2, share * held_out_width(scan))


def smoothing_spline(scan: PartialScan, order: float, length: float) -> Image:
    """Complete by the smoothing spline of an order and a length.

    Parameters
    ----------
    scan : the partial scan.
    order : p above.
    length : ℓ above [px].

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    weight = weights(scan)
    penalty = float(weight.mean(dtype=np.float64)) * length ** (2 * order)

    def fit(values: Image, infill: Image) -> Image:
        start = smooth(infill, length)
        image = solve(values, weight, penalty, order, start)
        return np.clip(image, infill.min(), infill.max())

    return in_own_unit(scan, fit)


def laplacian(shape: tuple[int, int]) -> Image:
    """Return the eigenvalues of L on the cosine transform, (H, W) float32."""
    rows, columns = (2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in shape)
    return (rows[:, None] + columns).astype(np.float32)


def solve(
    values: Image,
    weight: Image,
    penalty: float,
    order: float,
    start: Image,
    tolerance: float = _TOLERANCE,
) -> Image:
    """Minimise Σ w (u - v)² + λ ⟨u, Lᵖ u⟩ by preconditioned conjugate gradients.

    Parameters
    ----------
    values, weight : v and w, (H, W) float32.
    penalty, order : λ and p.
    start : where to begin, (H, W).
    tolerance : the error to end with over that of the start, both estimated in the norm of
        the problem.

    Returns
    -------
    u, (H, W) float32.
    """
    usual = np.float32(weight.mean(dtype=np.float64))
    stiffness = laplacian((start.shape[0], start.shape[1])) ** np.float32(order)
    usual_system = (usual + np.float32(penalty) * stiffness).astype(np.float32)
    differs = weight - usual

    def invert(residual: Image) -> Image:
        return from_cosines(cosines(residual) / usual_system)

    image = start.astype(np.float32)
    usual_image = from_cosines(usual_system * cosines(image))
    residual = (weight * values - usual_image - differs * image).astype(np.float32)
    # The usual system times the direction follows from the residuals: no transform for it.
    direction, usual_direction = np.zeros_like(image), np.zeros_like(image)
    first = previous = np.inf
    for turn in range(_MOST_TURNS):
        corrected = invert(residual)
        size = float(np.vdot(residual, corrected))
        first = size if turn == 0 else first
        if size <= tolerance**2 * first:
            break
        ratio = np.float32(size / previous)
        direction = corrected + ratio * direction
        usual_direction = residual + ratio * usual_direction
        image_of = usual_direction + differs * direction
        step = np.float32(size / float(np.vdot(direction, image_of)))
        image += step * direction
        residual -= step * image_of
        previous = size
    return image
