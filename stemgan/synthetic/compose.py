"""One micrograph: a specimen, its illumination and its detector."""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np

from stemgan.errors import InputError
from stemgan.synthetic import lattices, layers, particles, textures
from stemgan.synthetic.fields import (
    Image,
    blur,
    edge,
    gaussian_field,
    log_uniform,
    ramp,
    sigmoid,
)

Maker = Callable[[tuple[int, int], np.random.Generator], Image]

_MAKERS: dict[str, tuple[Maker, float]] = {
    "crystal": (lattices.crystal, 0.30),
    "spheres": (particles.spheres, 0.08),
    "polyhedra": (particles.polyhedra, 0.06),
    "agglomerate": (particles.agglomerate, 0.13),
    "atoms": (particles.atoms_on_film, 0.06),
    "films": (layers.films, 0.05),
    "device": (layers.device, 0.05),
    "tip": (layers.tip, 0.02),
    "amorphous": (textures.amorphous, 0.05),
    "anisotropic": (textures.anisotropic, 0.05),
    "porous": (textures.porous, 0.05),
    "membranes": (textures.membranes, 0.04),
    "grains": (textures.grains, 0.03),
    "fibres": (textures.fibres, 0.03),
}

KINDS: tuple[str, ...] = tuple(_MAKERS)
"""What can be drawn by name; mixtures of two are drawn by `micrograph` alone."""

SMALLEST = 16


def micrograph(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a random clean micrograph.

    Parameters
    ----------
    shape : height and width [px], at least 16 each.
    rng : source of randomness; the same state draws the same image.

    Returns
    -------
    A clean image, (height, width) float32, about [0, 1] (rare bright spots exceed 1).

    Raises
    ------
    InputError : a side is below 16 px.

    Examples
    --------
    >>> micrograph((32, 48), np.random.default_rng(0)).shape
    (32, 48)
    """
    weights = np.array([weight for _, weight in _MAKERS.values()])
    kind = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
    if rng.random() > 0.12:
        return named(kind, shape, rng)
    other = KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]
    return _mixture(named(kind, shape, rng), named(other, shape, rng), rng)


def named(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a random clean micrograph of one kind (see `micrograph`).

    Raises
    ------
    InputError : an unknown kind, or a side below 16 px.
    """
    if kind not in _MAKERS:
        near = get_close_matches(kind, KINDS, n=1)
        raise InputError(
            f"there is no kind {kind!r}: "
            + (f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(KINDS)}")
        )
    if min(shape) < SMALLEST:
        raise InputError(f"{shape[0]}x{shape[1]} px is too small: make each side {SMALLEST} px")
    return _seen(_MAKERS[kind][0](shape, rng), rng)


def detect(
    image: Image,
    rng: np.random.Generator,
    *,
    electrons: float | None = None,
    readout: float = 0.0,
    jitter: float = 0.0,
    flicker: float = 0.0,
) -> Image:
    """Record an image by a full raster scan, as a real micrograph is; noise follows the lines.

    Parameters
    ----------
    image : clean, (height, width), at least 0.
    rng : source of the noise.
    electrons : mean number per pixel at the image's mean; None: no shot noise.
    readout : standard deviation of additive noise, over the image's range.
    jitter : standard deviation of a line's displacement along itself [px].
    flicker : relative standard deviation of a line's brightness.

    Returns
    -------
    The recorded image, (height, width) float32.
    """
    recorded = image
    height, width = image.shape
    if jitter > 0:
        shifts = jitter * rng.standard_normal(height)
        at = np.clip(np.arange(width) + shifts[:, None], 0, width - 1)
        left = np.minimum(at.astype(np.intp), width - 2)
        part = (at - left).astype(np.float32)
        rows = np.arange(height)[:, None]
        recorded = recorded[rows, left] * (1 - part) + recorded[rows, left + 1] * part
    if flicker > 0:
        recorded = recorded * (1 + flicker * rng.standard_normal((height, 1)))
    mean = float(recorded.mean())
    if electrons is not None and mean > 0:
        counts = rng.poisson(np.maximum(recorded, 0) * (electrons / mean))
        recorded = counts * (mean / electrons)
    if readout > 0:
        recorded = recorded + readout * float(np.ptp(image)) * rng.standard_normal(image.shape)
    return recorded.astype(np.float32)


def _seen(scene: Image, rng: np.random.Generator) -> Image:
    """Turn a specimen into an image: probe, illumination, contrast, polarity, pedestal."""
    image = blur(scene.astype(np.float32), rng.uniform(0, 1.2))
    image = _unit(image)
    if rng.random() < 0.2:
        image = image ** np.float32(log_uniform(rng, 0.5, 2))
    if rng.random() < 0.18:  # bright field
        image = 1 - image
    if rng.random() < 0.35:
        image = image * (1 - rng.uniform(0.05, 0.7) * ramp(image.shape, rng))
    if rng.random() < 0.3:
        haze = gaussian_field(image.shape, rng, length=min(image.shape) * rng.uniform(0.2, 0.8))
        image = image + rng.uniform(0.02, 0.15) * haze
    pedestal = rng.choice([0.0, rng.uniform(0, 0.5)])
    return (pedestal + (1 - pedestal) * _unit(image)).astype(np.float32)


def _mixture(first: Image, second: Image, rng: np.random.Generator) -> Image:
    """Put two specimens side by side, or over one another."""
    shape = first.shape
    choice = rng.integers(3)
    if choice == 0:
        side = edge(
            shape, rng, roughness=rng.uniform(0, 0.1), sharpness=log_uniform(rng, 0.5, 5)
        )
    elif choice == 1:
        field = gaussian_field(
            shape, rng, length=min(shape) * log_uniform(rng, 0.05, 0.4), slope=5
        )
        side = sigmoid(field * np.float32(log_uniform(rng, 3, 30)))
    else:
        return _unit(first + np.float32(rng.uniform(0.2, 1)) * second)
    return (side * first + (1 - side) * second).astype(np.float32)


def _unit(image: Image) -> Image:
    """Scale the minimum to 0 and, but for the brightest thousandth, the maximum to 1."""
    low = image.min()
    ranked = np.partition(image.ravel()[::4], -max(1, image.size // 4000))
    span = max(float(ranked[-max(1, image.size // 4000)] - low), float(np.ptp(image)) / 3, 1e-6)
    return (image - low) / np.float32(span)
