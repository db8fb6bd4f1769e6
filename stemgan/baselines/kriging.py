"""Linear systems of kriging: a stationary covariance between the measured pixels of a grid."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.spectra import image_of, spectrum_of

Image = NDArray[np.float32]
Vector = NDArray[np.float64]
Spectrum = NDArray[np.complex64]

NEIGHBOURS = 12
"""Earlier points that each point is preconditioned by; 20 take as many iterations."""

_CROWDED, _MOST_POINTS = 0.4, 100_000
_CHUNK = 65536


class Kriging:
    """C = A S Aᵀ + σ² R between measured pixels, solved by preconditioned conjugate gradients.

    S is a spectrum on a periodic grid that holds the image, A takes its measured pixels, and R
    is diagonal. A product with C is two Fourier transforms.

    shape : of the periodic grid, at least that of the mask.
    mask : measured pixels.
    relative : R: variance of each measured pixel's noise over σ², in raster order.
    workers : threads; the result is the same.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        mask: NDArray[np.bool_],
        relative: Vector,
        workers: int = 1,
    ) -> None:
        self.shape = shape
        self.workers = workers
        self.relative = relative
        points = np.argwhere(mask)
        self.at = points[:, 0] * shape[1] + points[:, 1]
        # Where most is measured, C is almost a convolution, and factors would cost far more.
        self.crowded = is_crowded(len(points), mask.size)
        self.order = np.zeros(0, np.int64) if self.crowded else _shuffled(len(points))
        self.points = points[self.order]
        self.neighbours = nearest_earlier(self.points, workers)
        self.spectrum = np.ones((shape[0], shape[1] // 2 + 1), np.float32)
        self.variance = 1.0
        self.factor: Any = None
        self.transposed: Any = None

    def prepare(self, spectrum: Image, variance: float) -> None:
        """Set S, (H, W // 2 + 1), and σ², and factor the preconditioner."""
        self.spectrum, self.variance = spectrum, variance
        if self.crowded:
            return
        from scipy.sparse import csr_matrix

        from stemgan_kernels.vecchia import inverse_factor

        noise = variance * self.relative[self.order]
        covariance = self.image(spectrum.astype(np.complex64))
        values = inverse_factor(self.points, self.neighbours, covariance, noise, self.workers)
        own = np.arange(len(self.points), dtype=np.int32)[:, None]
        columns = np.concatenate([self.neighbours, own], axis=1)
        used = columns >= 0
        starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
        # In one precision with what it multiplies, or each product copies it: double, but for
        # large frames, whose memory it would rule.
        precise = len(self.points) <= _MOST_POINTS
        entries = values[used].astype(np.float64 if precise else np.float32)
        self.factor = csr_matrix((entries, columns[used], starts))
        self.transposed = self.factor.T.tocsr()

    def spread(self, dual: Vector, workers: int | None = None) -> Spectrum:
        """Return the Fourier transform of Aᵀ dual."""
        grid = np.zeros(self.shape, np.float32)
        grid.ravel()[self.at] = dual
        return spectrum_of(grid, self.shape, workers or self.workers)

    def image(self, spectrum: Spectrum, workers: int | None = None) -> Image:
        """Transform a spectrum back to the grid."""
        found = image_of(spectrum, self.shape, workers or self.workers)
        return found.astype(np.float32, copy=False)

    def take(self, image: Image) -> Vector:
        """Apply A: take the measured pixels of the grid."""
        return image.ravel()[self.at].astype(np.float64)

    def mean(self, dual: Vector, workers: int | None = None) -> Image:
        """Return S Aᵀ dual: the posterior mean, for dual = C⁻¹ values."""
        spectrum = self.spread(dual, workers)
        spectrum *= self.spectrum
        return self.image(spectrum, workers)

    def solve(
        self,
        values: Vector,
        start: Vector | None,
        tolerance: float,
        iterations: int,
        workers: int | None = None,
    ) -> Vector:
        """Solve C dual = values.

        Parameters
        ----------
        values : (n,).
        start : where to start from; None: zero.
        tolerance : largest norm of the residual over that of the values.
        iterations : most iterations.
        workers : threads, where others solve beside this one; None: all.
        """
        dual = np.zeros_like(values) if start is None else start
        residual = values.copy() if start is None else values - self._product(start, workers)
        limit = tolerance**2 * inner(values, values)
        ahead = self._precondition(residual, workers)
        direction, size = ahead, inner(residual, ahead)
        for _ in range(iterations):
            if inner(residual, residual) <= limit or size <= 0:
                break
            product = self._product(direction, workers)
            step = size / inner(direction, product)
            dual = dual + step * direction
            residual = residual - step * product
            ahead = self._precondition(residual, workers)
            size, before = inner(residual, ahead), size
            direction = ahead + (size / before) * direction
        return dual

    def _product(self, dual: Vector, workers: int | None) -> Vector:
        return self.take(self.mean(dual, workers)) + self.variance * self.relative * dual

    def _precondition(self, residual: Vector, workers: int | None) -> Vector:
        if self.crowded:
            inverse = 1 / (self.spectrum + np.float32(self.variance))
            return self.take(self.image(self.spread(residual, workers) * inverse, workers))
        found = np.empty_like(residual)
        given = residual[self.order].astype(self.factor.dtype, copy=False)
        found[self.order] = self.transposed @ (self.factor @ given)
        return found


def is_crowded(points: int, pixels: int) -> bool:
    """Tell whether so much is measured that a filter preconditions better than neighbours."""
    return points > max(_CROWDED * pixels, _MOST_POINTS)


def inner(a: Vector, b: Vector) -> float:
    """Return the inner product, without BLAS: its threads cost more than they save here.

    Where another program uses the cores, each product waited for them ten times as long as a
    whole iteration takes.
    """
    return float(np.einsum("i,i", a, b))


def _shuffled(count: int) -> NDArray[np.int64]:
    """Order from coarse to fine: the first points of a random order lie far apart."""
    return np.random.default_rng(0).permutation(count)


def nearest_earlier(points: NDArray[np.int64], workers: int = 1) -> NDArray[np.int32]:
    """Find the nearest earlier points of each point, -1 where there are fewer, (n, m).

    Among three times as many of all points up to the next doubling: half of them are earlier.
    """
    from scipy.spatial import KDTree

    count = len(points)
    found = np.full((count, NEIGHBOURS), -1, np.int32)
    start, stop = 0, min(4 * NEIGHBOURS, count)
    while start < count:
        tree = KDTree(points[:stop])
        wanted = min(3 * NEIGHBOURS, stop)
        for low in range(start, stop, _CHUNK):  # in chunks, so that memory stays small
            rows = np.arange(low, min(low + _CHUNK, stop))
            near = np.asarray(tree.query(points[rows], k=wanted, workers=workers)[1])
            near = near.reshape(len(rows), wanted)
            earlier = near < rows[:, None]
            rank = np.cumsum(earlier, axis=1)
            row, column = np.nonzero(earlier & (rank <= NEIGHBOURS))
            found[low + row, rank[row, column] - 1] = near[row, column]
        start, stop = stop, min(2 * stop, count)
    return found
