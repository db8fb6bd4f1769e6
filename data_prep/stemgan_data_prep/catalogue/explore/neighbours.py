"""Nearest neighbours of points in many dimensions, without a matrix of all distances."""

import numpy as np

from stemgan.amounts import amount, are
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
        raise InputError(
            f"{amount(len(points), 'picture')} {are(len(points))} too few: this needs at least "
            f"{least}"
        )
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


def distinct(points: np.ndarray, tolerance: float = 1e-5) -> np.ndarray:
    """Find the points that are left when each that is given more than once counts once.

    A picture's features differ in their last digits with what else was in its batch, so that
    copies are near each other and not always equal.

    Parameters
    ----------
    points : (N, F) float64, moved to their mean.
    tolerance : of the root mean square distance from the mean: what is nearer is a copy.

    Returns
    -------
    Indices, increasing, of the first of each.

    Examples
    --------
    >>> distinct(np.array([[-1.0], [2.0], [-1.0]])).tolist()
    [0, 1]
    """
    kept = np.sort(np.unique(points, axis=0, return_index=True)[1])
    limit = tolerance * float(np.sqrt((points**2).sum(axis=1).mean()))
    while len(kept) > 1:
        distances, indices = nearest(points[kept], 1)
        copies = (distances[:, 0] <= limit) & (indices[:, 0] < np.arange(len(kept)))
        if not copies.any():
            break
        kept = kept[~copies]
    return kept
