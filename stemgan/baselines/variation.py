"""Completion by total variation: flat inside, sharp at edges.

Of all images u it takes the one that minimises

    ½ Σ w (u - v)² + λ Σ φ(|∇u|),

with w the weights of the measured values v and φ Huber's function, |∇u| above ε and quadratic
below (Rudin, Osher & Fatemi, Physica D 60, 259, 1992; Chan & Shen, J. Appl. Math. 62, 1019,
2002, for inpainting). The typical gradient G of the Laplace completion sets the scale of both:
ε = `softness` G, and λ = c ℓ² G, with c the coverage, so that where |∇u| = G the image is
smoothed over ℓ [px], as by Laplace completion. Solved by lagged diffusivity (Vogel & Oman,
SIAM J. Sci. Comput. 17, 227, 1996): 1/|∇u| is kept for a round, which leaves a linear system,
and conjugate gradients for that are preconditioned by its constant part in cosine space.
"""

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.smoothing import cosines, from_cosines, in_own_unit, smooth, weights
from stemgan.baselines.spline import laplacian
from stemgan.baselines.spline import solve as solve_spline
from stemgan.baselines.widths import held_out_width
from stemgan.measurement import PartialScan
from stemgan_kernels.variation import conductance, spread

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py).
SHARE = 0.6
"""ℓ over the held-out width."""
SOFTNESS = 8.0
"""ε over the typical gradient."""

ROUNDS, TURNS = 4, 8
_ENOUGH = 1e-2  # relative size of the residual at which a round ends early


def total_variation(
    scan: PartialScan, share: float = SHARE, softness: float = SOFTNESS
) -> Image:
    """Complete by the least total variation that fits the measured values.

    Parameters
    ----------
    scan : the partial scan.
    share : ℓ over the held-out width.
    softness : ε over the typical gradient.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    weight, reach = weights(scan), share * held_out_width(scan)

    def fit(values: Image, infill: Image) -> Image:
        penalty = float(weight.mean(dtype=np.float64)) * reach**2
        start = solve_spline(values, weight, penalty, 1, smooth(infill, reach))
        typical = _typical_gradient(start)
        image = solve(values, weight, penalty * typical, softness * typical, start)
        return np.clip(image, infill.min(), infill.max())

    return in_own_unit(scan, fit)


def _typical_gradient(image: Image) -> float:
    squares = sum(float(np.mean(np.diff(image, axis=a) ** 2)) for a in (0, 1))
    return max(squares**0.5, 1e-6)


def solve(
    values: Image,
    weight: Image,
    penalty: float,
    softness: float,
    start: Image,
    rounds: int = ROUNDS,
) -> Image:
    """Minimise ½ Σ w (u - v)² + λ Σ φ(|∇u|).

    Parameters
    ----------
    values, weight : v and w, (H, W) float32.
    penalty, softness : λ and ε.
    start : where to begin, (H, W).
    rounds : how often the gradients are taken anew.

    Returns
    -------
    u, (H, W) float32.
    """
    image = start.astype(np.float32)
    bending = laplacian((image.shape[0], image.shape[1]))
    for _ in range(rounds):
        conduct = conductance(image, softness, np.empty_like(image)) * np.float32(penalty)
        _round(image, values, weight, conduct, bending)
    return image


def _round(image: Image, values: Image, weight: Image, conduct: Image, bending: Image) -> None:
    """Improve u, in place, on (w + ∇ᵀ g ∇) u = w v, by some turns of conjugate gradients."""
    usual = np.float32(weight.mean(dtype=np.float64))
    system = (usual + np.float32(conduct.mean(dtype=np.float64)) * bending).astype(np.float32)
    space = np.empty_like(image)
    residual = (weight * (values - image) - spread(image, conduct, space)).astype(np.float32)
    direction = np.zeros_like(image)
    first = previous = np.inf
    for turn in range(TURNS):
        corrected = from_cosines(cosines(residual) / system)
        size = float(np.vdot(residual, corrected))
        first = size if turn == 0 else first
        if size <= _ENOUGH**2 * first or size == 0:
            break
        along = np.float32(size / previous) * direction
        direction = (corrected + along).astype(np.float32, copy=False)
        applied = spread(direction, conduct, space) + weight * direction
        step = np.float32(size / float(np.vdot(direction, applied)))
        image += step * direction
        residual -= step * applied
        previous = size
