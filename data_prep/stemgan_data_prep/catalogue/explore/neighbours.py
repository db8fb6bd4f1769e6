"""Nearest neighbours of points in many dimensions, without a matrix of all distances."""

import numpy as np

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.extras import needed


def checked(points: np.ndarray, least: int = 2) -> np.ndarray:
    """Return points as float64, moved to their mean.

    Float64 and the move because distances come from scalar products: of float32 features far
    from the origin, small distances would drown in rounding.

    Parameters
    ----------
    points : (N, F), any real type.
    least : fewest points that make sense.

    Raises
    ------
    InputError : not two axes, too few points, or values that are not finite.
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] == 0:
        raise InputError(f"features must be a table (pictures, features), not {points.shape}")
    if len(points) < least:
        raise InputError(f"{len(points)} pictures are too few: this needs at least {least}")
    if not np.isfinite(points).all():
        bad = int((~np.isfinite(points).all(axis=1)).sum())
        raise InputError(f"the features of {bad} of {len(points)} pictures are not finite")
    return points - points.mean(axis=0)


def nearest(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest other points of every point.

    Parameters
    ----------
    points : (N, F) float64.
    count : how many neighbours, below N.

    Returns
    -------
    distances, indices : (N, count), nearest first. Memory grows with N × count.

    Examples
    --------
    >>> nearest(np.array([[0.0], [1.0], [3.0]]), 1)[1].ravel().tolist()
    [1, 0, 1]
    """
    search = needed("sklearn.neighbors").NearestNeighbors(n_neighbors=count)
    distances, indices = search.fit(points).kneighbors()
    return distances, indices
