"""Completion by total variation: flat inside, sharp at edges.

Of all images u it takes the one that minimises

    ½ Σ w (u - v)² + λ Σ φ(|∇u|),

with w the weights of the measured values v and φ Huber's function, |∇u| above ε and quadratic
below (Rudin, Osher & Fatemi, Physica D 60, 259, 1992; Chan & Shen, J. Appl. Math. 62, 1019,
2002, for inpainting). The typical gradient G of a smoothed infill sets the scale of both:
ε = `softness` G, and λ = c ℓ² G, with c the coverage, so that where |∇u| = G the image is
smoothed over ℓ [px], as by Laplace completion. Solved by split Bregman (Goldstein & Osher,
2009), whose linear part the cosine transform inverts exactly.
"""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import cosines, from_cosines, in_own_unit, smooth, weights
from stemgan.baselines.spline import laplacian
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan
from stemgan_kernels.variation import shrink_gradients

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py).
SHARE = 0.5
"""ℓ over the held-out width."""
SOFTNESS = 1.0
"""ε over the typical gradient."""
TURNS = 40

_START = 0.8  # width of the smoothed infill that is started from, over the held-out width
_LEAST = 0.05  # [px], so that no penalty is zero


def total_variation(
    scan: PartialScan, share: float = SHARE, softness: float = SOFTNESS, turns: int = TURNS
) -> Image:
    """Complete by the least total variation that fits the measured values.

    Parameters
    ----------
    scan : the partial scan.
    share : ℓ over the held-out width.
    softness : ε over the typical gradient.
    turns : of split Bregman.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    width, weight = held_out_width(scan), weights(scan)
    length = max(share * width, _LEAST)

    def fit(values: Image, infill: Image) -> Image:
        start = smooth(infill, _START * width)
        typical = _typical_gradient(start)
        image = solve(values, weight, length, typical, softness * typical, start, turns)
        return np.clip(image, infill.min(), infill.max())

    return in_own_unit(scan, fit)


def _typical_gradient(image: Image) -> float:
    squares = sum(float(np.mean(np.diff(image, axis=a) ** 2)) for a in (0, 1))
    return max(squares**0.5, float(np.finfo(np.float32).tiny) ** 0.5)


def solve(
    values: Image,
    weight: Image,
    length: float,
    typical: float,
    softness: float,
    start: Image,
    turns: int,
) -> Image:
    """Minimise ½ Σ w (u - v)² + λ Σ φ(|∇u|), λ = c `length`² `typical`, by split Bregman.

    u is split from its own copy at the measured pixels and from its gradients; u itself then
    follows from a linear system that is the same everywhere.

    Parameters
    ----------
    values, weight : v and w, (H, W) float32.
    length : ℓ [px].
    typical, softness : G and ε, in units of the values per px.
    start : where to begin, (H, W).
    turns : how many steps.

    Returns
    -------
    u, (H, W) float32.
    """
    usual = np.float32(weight.mean(dtype=np.float64))
    stiffness = np.float32(usual * length**2)
    bending = laplacian((start.shape[0], start.shape[1]))
    system = (usual + stiffness * bending).astype(np.float32)
    image = start.astype(np.float32)
    dual = np.zeros((2, *image.shape), np.float32)
    pull = np.empty_like(image)
    # Start from the dual that goes with the start, where the fit is concerned.
    fit_dual = weight * (image - values) / usual
    for _ in range(turns):
        shrink_gradients(image, dual, typical, softness, pull)
        near = image + fit_dual
        copy = (weight * values + usual * near) / (weight + usual)
        fit_dual = near - copy
        right = (usual * (copy - fit_dual) + stiffness * pull).astype(np.float32, copy=False)
        image = from_cosines(cosines(right) / system)
    return image
