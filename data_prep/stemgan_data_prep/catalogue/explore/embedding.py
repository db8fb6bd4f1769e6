"""Points of many dimensions on a plane, so that people see which pictures are alike."""

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.explore.neighbours import checked
from stemgan_data_prep.catalogue.extras import needed

MAPS = ("tsne", "pca")
"""How points get onto the plane: neighbours kept, or the two directions of most variance."""

_FEWEST = 8
"""Pictures below which neighbourhoods mean nothing: the two main directions are taken."""
_PERPLEXITY = 30.0


def embed(points: np.ndarray, how: str = "tsne", seed: int = 0) -> np.ndarray:
    """Place points on a plane.

    t-SNE (van der Maaten & Hinton, JMLR 9, 2579 (2008)) keeps who is whose neighbour; neither
    the sizes of groups on the plane nor the distances between them mean anything.

    Parameters
    ----------
    points : (N, F).
    how : one of MAPS.
    seed : of t-SNE, which begins with the two main directions.

    Returns
    -------
    (N, 2) float64 from 0 to 1, the longer side of their frame 1.

    Raises
    ------
    InputError : an unknown map, or values that are not finite.

    Examples
    --------
    >>> float(embed(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0]]), "pca").max())
    1.0
    """
    if how not in MAPS:
        raise InputError(f"map {how} is not known: choose {' or '.join(MAPS)}")
    points = checked(points, 1)
    if how == "tsne" and len(points) >= _FEWEST:
        return _framed(_neighbours_kept(points, seed))
    return _framed(_main_directions(points))


def _main_directions(points: np.ndarray) -> np.ndarray:
    """Project on the two directions of most variance; signs so that the largest is positive."""
    left, sizes, _ = np.linalg.svd(points, full_matrices=False)
    plane = np.zeros((len(points), 2))
    count = min(2, len(sizes))
    plane[:, :count] = left[:, :count] * sizes[:count]
    largest = np.abs(plane).argmax(axis=0)
    return plane * np.where(plane[largest, [0, 1]] < 0, -1, 1)


def _neighbours_kept(points: np.ndarray, seed: int) -> np.ndarray:
    manifold = needed("sklearn.manifold")
    start = _main_directions(points)
    start *= 1e-4 / max(start[:, 0].std(), np.finfo(float).tiny)
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    method = manifold.TSNE(perplexity=perplexity, init=start, random_state=seed)
    return method.fit_transform(points.astype(np.float32)).astype(np.float64)


def _framed(plane: np.ndarray) -> np.ndarray:
    plane = plane - plane.min(axis=0)
    return plane / max(plane.max(), np.finfo(float).tiny)
