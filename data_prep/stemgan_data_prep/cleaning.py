"""Make an image fit to be cut: values that are not finite, margins and bars of information."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stemgan_data_prep.checks import UnfitError

_THINNEST_BAR = 8
_LARGEST_SHARE = 0.3
_BACKGROUND = 0.4
_LINE = 0.9
_ABOVE = 0.2
_ROWS_ABOVE = 16
_GROWTHS = 64
_HINT = "a partial scan cannot train, or allow more with --max-nonfinite"


@dataclass(frozen=True)
class Cut:
    """The part of an image that is an image: rows top to bottom, columns left to right."""

    top: int
    bottom: int
    left: int
    right: int

    def inside(self, inner: "Cut") -> "Cut":
        """Give a part of this part."""
        top, left = self.top, self.left
        return Cut(top + inner.top, top + inner.bottom, left + inner.left, left + inner.right)

    def of(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """View that part."""
        return image[self.top : self.bottom, self.left : self.right]


def repair(
    image: NDArray[np.float32], most: float, where: str, hint: str = _HINT
) -> tuple[NDArray, int]:
    """Replace values that are not finite by the mean of their finite neighbours.

    Holes close from their edges inwards, a pixel at a time.

    Parameters
    ----------
    image : (H, W); returned as it is where all is finite.
    most : largest share of pixels to repair.
    where, hint : the image, and what to do about it, for the message.

    Returns
    -------
    The image, and how many pixels were repaired.

    Raises
    ------
    UnfitError : more than that share is not finite.
    """
    finite = np.isfinite(image)
    missing = int(finite.size - np.count_nonzero(finite))
    if not missing:
        return image, 0
    if missing > most * finite.size:
        raise UnfitError(
            "not finite",
            f"{where} has {missing / finite.size:.1%} of its values not finite, more than "
            f"{most:.1%}: {hint}",
        )
    data = np.where(finite, image, 0).astype(np.float64)
    known = finite.astype(np.float64)
    for _ in range(_GROWTHS):
        weight = ndimage.uniform_filter(known, 3, mode="constant")
        total = ndimage.uniform_filter(data * known, 3, mode="constant")
        grown = (known == 0) & (weight > 1e-6)
        data[grown] = total[grown] / weight[grown]
        known[grown] = 1
        if known.all():
            break
    else:  # a hole too deep for its neighbours to say much
        nearest = ndimage.distance_transform_edt(
            known == 0, return_distances=False, return_indices=True
        )
        rows, columns = np.asarray(nearest)
        data = data[rows, columns]
    return data.astype(np.float32), missing


def without_bars(image: NDArray[np.float32], tolerance: float = 0.0) -> Cut:
    """Find the image between constant margins and bars of information.

    A bar is a band of rows at the top or the bottom in which one value, that of its
    background, fills a good part of every row (or a row is a line of one value), and which
    ends at once: just inside it that value is rare. An image whose dark background was clipped
    has the same value on both sides of any line, and is left whole.

    Parameters
    ----------
    image : finite values, (H, W).
    tolerance : how far from a bar's background a value may lie that counts as it, for
        images that were compressed with losses; margins are taken exactly.
    """
    whole = Cut(0, image.shape[0], 0, image.shape[1])
    outer = whole.inside(_margins(image))
    kept = outer.of(image)
    top, bottom = _bar(kept, tolerance), _bar(kept[::-1], tolerance)
    bars = Cut(top, kept.shape[0] - bottom, 0, kept.shape[1])
    inner = outer.inside(bars)
    return inner.inside(_margins(inner.of(image)))


def _bar(image: NDArray[np.float32], tolerance: float) -> int:
    """Count the rows of a bar at the top."""
    background = _commonest(image[:_THINNEST_BAR])
    deepest = int(_LARGEST_SHARE * image.shape[0])
    rows = 0
    while rows <= deepest and _is_bar(image[rows], background, tolerance):
        rows += 1
    if not _THINNEST_BAR <= rows <= deepest:
        return 0
    beyond = np.abs(image[rows : rows + _ROWS_ABOVE] - background) <= tolerance
    return rows if beyond.mean() < _ABOVE else 0


def _is_bar(row: NDArray[np.float32], background: np.float32, tolerance: float) -> bool:
    """Tell a row of text on its background, or a line, from one of an image."""
    if (np.abs(row - background) <= tolerance).mean() >= _BACKGROUND:
        return True
    return bool((np.abs(row - _commonest(row)) <= tolerance).mean() >= _LINE)


def _margins(image: NDArray[np.float32]) -> Cut:
    """Find the image inside margins of a corner's value, unless that goes on inside."""
    height, width = image.shape
    for value in sorted({float(image[i, j]) for i in (0, -1) for j in (0, -1)}):
        other = image != value
        rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
        if not rows.size:
            break
        cut = Cut(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
        same = ~other[cut.top : cut.bottom, cut.left : cut.right]
        n = _ROWS_ABOVE
        edges = [
            same[:n] if cut.top else None,
            same[-n:] if cut.bottom < height else None,
            same[:, :n] if cut.left else None,
            same[:, -n:] if cut.right < width else None,
        ]
        cut_off = [edge.mean() for edge in edges if edge is not None]
        if cut_off and max(cut_off) < _ABOVE:
            return cut
    return Cut(0, height, 0, width)


def _commonest(values: NDArray[np.float32]) -> np.float32:
    unique, counts = np.unique(values, return_counts=True)
    return unique[np.argmax(counts)]
