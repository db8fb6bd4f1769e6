"""Nodes that draw tables of objects, random fields and grains, and the probe."""

import numpy as np
from numpy.typing import NDArray

from stemgan.synthetic.nodes import Node, Shape

Array = NDArray[np.float64]

# A random field is cut from a periodic one that is larger, by one of two margins only, so that
# many fields share a size and are filtered together.
_NARROW = 32
SPECTRA = ("power", "ring", "thon")


def gaussian_field(
    shape: Shape,
    rng: np.random.Generator,
    *,
    length: float,
    slope: float = 4.0,
    stretch: float = 1.0,
    angle: float = 0.0,
    spectrum: str = "power",
) -> Node:
    """Draw a Gaussian random field of mean 0 and standard deviation 1.

    Its amplitude spectrum is, with k in cycles per pixel along the stretched axes,
    ``power``: (1 + (2 pi k length)²)^(-slope / 2); ``ring``: exp(-(k length - 1)² / 0.08);
    ``thon``: |sin(pi (k length)²)| exp(-(slope k)²), the phase contrast of an amorphous film
    defocused by length² over the wavelength (in px).

    Parameters
    ----------
    shape : height and width [px].
    rng : source of randomness: only a seed is drawn.
    length : correlation length, period of a ring, or defocus length [px].
    slope : how fast the spectrum falls; 2 is rough, 6 is smooth. For thon, the finest detail
        [px].
    stretch : elongation of the structure along `angle`.
    angle : direction of elongation [rad].
    spectrum : one of `SPECTRA`.
    """
    wide = max(shape) // 4
    margin = min(_NARROW, wide) if 2 * length <= _NARROW else wide
    return Node(
        "field",
        shape,
        numbers=(float(length), float(slope), float(stretch), float(angle)),
        arrays=(np.array([rng.integers(2**62)], dtype=np.int64),),
        fixed=(spectrum, margin),
    )


def columns(shape: Shape, where: Array, height: Array, sigma: Array) -> Node:
    """Sum Gaussians at `where` (n, 2) [px], of peak `height` and width `sigma` [px], (n,)."""
    table = np.column_stack([where, height, np.maximum(sigma, 0.3)])
    return Node("columns", shape, arrays=(table,))


def ellipsoids(
    shape: Shape,
    where: Array,
    radius: Array,
    height: Array,
    *,
    form: Array | None = None,
    on: Node | None = None,
    level: float = 0.0,
) -> Node:
    """Sum the projected thickness of ellipsoids or shells.

    Parameters
    ----------
    where, radius, height : centres (n, 2) [px], radii [px] and values at the centre, (n,).
    form : elongation, its angle [rad] and the hollow's share of the radius, (n, 3).
    on : an image; only where it exceeds `level` at its centre is an ellipsoid drawn.
    """
    if form is None:
        form = np.tile([1.0, 0.0, 0.0], (len(where), 1))
    table = np.column_stack([where, radius, height, form])
    inputs = () if on is None else (on,)
    return Node("ellipsoids", shape, inputs, (float(level),), (table,))


def polyhedra(
    shape: Shape, where: Array, facets: list[tuple[Array, Array]], height: Array
) -> Node:
    """Sum the thickness of convex polyhedra, each symmetric about the image plane.

    Parameters
    ----------
    where, height : centres (n, 2) [px]; values where as thick as the greatest offset, (n,).
    facets : of each, outward unit normals of the upper facets (f, 3), (y, x, z), z >= 0, and
        distances of the facets from the centre [px], (f,).
    """
    most = max((len(offsets) for _, offsets in facets), default=0)
    table = np.zeros((len(where), 4 + 4 * most))
    for row, (normals, offsets) in zip(table, facets, strict=True):
        # Facets that are not there are put where they cut nothing.
        planes = np.full((most, 4), (0.0, 0.0, 1.0, 1e6))
        planes[: len(offsets)] = np.column_stack([normals, offsets])
        row[3], row[4:] = offsets.max(), planes.ravel()
    table[:, :2], table[:, 2] = where, height
    return Node("polyhedra", shape, arrays=(table,), fixed=most)


def tubes(shape: Shape, paths: list[Array], forms: list[tuple[float, float, float]]) -> Node:
    """Sum tubes; where one meets itself it does not add up.

    Parameters
    ----------
    paths : centre lines, each (n, 2) [px], steps below the radius.
    forms : of each, outer radius [px], value at the middle, inner over outer radius.
    """
    points = [np.column_stack([np.full(len(p), i), p]) for i, p in enumerate(paths)]
    table = np.concatenate(points) if points else np.zeros((0, 3))
    return Node("tubes", shape, arrays=(table, np.array(forms).reshape(-1, 3)))


def cells(
    bumps: tuple[Node, Node], seeds: Array, values: Array, *, border: float, width: float
) -> Node:
    """Draw Voronoi cells around seeds, of one value each, and their borders.

    value of the nearest seed + border x exp(-(distance to the second - to the first) / width),
    where positions are displaced by `bumps`, (y, x) [px], so that borders wander.

    Parameters
    ----------
    seeds, values : (n, 2) [px], (n,); at least two.
    """
    table = np.column_stack([seeds, values])
    return Node("cells", bumps[0].shape, bumps, (float(border), float(width)), (table,))
