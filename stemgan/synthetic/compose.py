"""One micrograph: a specimen, its illumination and its contrast."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from stemgan.errors import InputError
from stemgan.synthetic import cpu, lattices, layers, nodes, particles, textures
from stemgan.synthetic.fields import edge, gaussian_field, log_uniform, ramp
from stemgan.synthetic.nodes import Node, Shape

Image = NDArray[np.float32]

Maker = Callable[[Shape, np.random.Generator], "Node | lattices.Specimen"]

# Maker, share of the images, and the range of pixel sizes [nm] where the maker sets none.
_MAKERS: dict[str, tuple[Maker, float, tuple[float, float]]] = {
    "crystal": (lattices.crystal, 0.28, (0, 0)),
    "boundary": (lattices.boundary, 0.12, (0, 0)),
    "nanocrystals": (lattices.nanocrystals, 0.05, (0, 0)),
    "spheres": (particles.spheres, 0.06, (0.1, 5)),
    "polyhedra": (particles.polyhedra, 0.03, (0.05, 3)),
    "agglomerate": (particles.agglomerate, 0.13, (0.1, 5)),
    "bright_field": (particles.bright_field, 0.045, (0.03, 1)),
    "atoms": (particles.atoms_on_film, 0.11, (0.008, 0.04)),
    "films": (layers.films, 0.02, (0.1, 20)),
    "device": (layers.device, 0.025, (0.3, 20)),
    "tip": (layers.tip, 0.01, (0.2, 5)),
    "amorphous": (textures.amorphous, 0.03, (0.02, 2)),
    "anisotropic": (textures.anisotropic, 0.01, (0.5, 50)),
    "porous": (textures.porous, 0.02, (0.2, 20)),
    "holes": (textures.holes, 0.015, (0.2, 20)),
    "membranes": (textures.membranes, 0.015, (0.3, 5)),
    "grains": (textures.grains, 0.015, (0.5, 20)),
    "fibres": (textures.fibres, 0.015, (0.3, 20)),
}

KINDS: tuple[str, ...] = tuple(_MAKERS)
"""What can be drawn by name; mixtures of two are drawn by `scene` and `micrograph` alone."""

SMALLEST = 16
_ON_FILM = ("atoms", "amorphous")


@dataclass(frozen=True, eq=False)
class Scene:
    """A micrograph that is not drawn yet.

    kind : what it shows: one of `KINDS`, or two joined by +.
    image : how to draw it.
    pixel_size : side of a pixel [nm].
    """

    kind: str
    image: Node
    pixel_size: float

    def render(self) -> Image:
        """Draw it with NumPy, (height, width) float32 (see `batched.render` for torch)."""
        return cpu.render(self.image)


def scene(shape: Shape, rng: np.random.Generator, kind: str | None = None) -> Scene:
    """Choose what a micrograph shows, without drawing it.

    Parameters
    ----------
    shape : height and width [px], at least 16 each.
    rng : source of randomness; the same state chooses the same.
    kind : one of `KINDS`; None: any, sometimes two together.

    Raises
    ------
    InputError : an unknown kind, or a side below 16 px.
    """
    if min(shape) < SMALLEST:
        raise InputError(f"{shape[0]}x{shape[1]} px is too small: make each side {SMALLEST} px")
    if kind is not None:
        return _one(_known(kind), shape, rng)
    first = _one(_any(rng), shape, rng)
    if rng.random() > 0.08:
        return first
    second = _one(_any(rng), shape, rng)
    image = _mixture(first.image, second.image, rng)
    return Scene(f"{first.kind}+{second.kind}", image, first.pixel_size)


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
    return scene(shape, rng).render()


def named(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """Draw a random clean micrograph of one kind (see `micrograph`).

    Raises
    ------
    InputError : an unknown kind, or a side below 16 px.
    """
    return scene(shape, rng, kind).render()


def _known(kind: str) -> str:
    if kind in _MAKERS:
        return kind
    near = get_close_matches(kind, KINDS, n=1)
    raise InputError(
        f"there is no kind {kind!r}: "
        + (f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(KINDS)}")
    )


def _any(rng: np.random.Generator) -> str:
    weights = np.array([share for _, share, _ in _MAKERS.values()])
    return KINDS[int(rng.choice(len(KINDS), p=weights / weights.sum()))]


def _one(kind: str, shape: Shape, rng: np.random.Generator) -> Scene:
    maker, _, sizes = _MAKERS[kind]
    made = maker(shape, rng)
    if isinstance(made, lattices.Specimen):
        return Scene(kind, _seen(made.image, rng, kind), made.pixel_size)
    return Scene(kind, _seen(made, rng, kind), log_uniform(rng, *sizes))


def _seen(specimen: Node, rng: np.random.Generator, kind: str) -> Node:
    """Turn a specimen into an image: probe, illumination, contrast, polarity, pedestal."""
    shape = specimen.shape
    # Images of many nanometres are often sampled more finely than they are resolved.
    spread = log_uniform(rng, 0.4, 3) if kind == "agglomerate" else rng.uniform(0, 1.3)
    image = nodes.unit(nodes.blur(specimen, spread))
    if rng.random() < 0.2:
        image = nodes.power(image, log_uniform(rng, 0.5, 2))
    # Bright field: what scatters is dark.
    if rng.random() < 0.06 and kind != "bright_field":
        image = 1.0 - image
    if rng.random() < 0.2:
        image = image * (1.0 - ramp(shape, rng) * rng.uniform(0.05, 0.6))
    if rng.random() < 0.2:
        haze = gaussian_field(shape, rng, length=min(shape) * rng.uniform(0.2, 0.8))
        image = image + haze * rng.uniform(0.02, 0.15)
    pedestal = float(rng.choice([0.0, rng.uniform(0, 0.5)]))
    if kind in _ON_FILM:  # most of the signal is the film's
        pedestal = rng.uniform(0.2, 0.85)
    return nodes.unit(image) * (1 - pedestal) + pedestal


def _mixture(first: Node, second: Node, rng: np.random.Generator) -> Node:
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
        side = nodes.sigmoid(field * log_uniform(rng, 3, 30))
    else:
        return nodes.unit(first + second * rng.uniform(0.2, 1))
    return second + side * (first - second)
