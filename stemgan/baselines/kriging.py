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
    workers : threads of the Fourier transforms.
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
        self.crowded = len(points) > max(_CROWDED * mask.size, _MOST_POINTS)
        self.order = np.zeros(0, np.int64) if self.crowded else _shuffled(len(points))
        self.points = points[self.order]
        self.neighbours = _neighbours(self.points)
        self.spectrum = np.ones((shape[0], shape[1] // 2 + 1), np.float32)
        self.variance = 1.0
        self.factor: Any = None

    def prepare(self, spectrum: Image, variance: float) -> None:
        """Set S, (H, W // 2 + 1), and σ², and factor the preconditioner."""
        self.spectrum, self.variance = spectrum, variance
        if self.crowded:
            return
        from scipy.sparse import csr_matrix

        from stemgan_kernels.vecchia import inverse_factor

        noise = variance * self.relative[self.order]
        covariance = self.image(spectrum.astype(np.complex64))
        values = inverse_factor(self.points, self.neighbours, covariance, noise)
        own = np.arange(len(self.points), dtype=np.int32)[:, None]
        columns = np.concatenate([self.neighbours, own], axis=1)
        used = columns >= 0
        starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
        self.factor = csr_matrix((values[used], columns[used], starts))

    def spread(self, dual: Vector) -> Spectrum:
        """Return the Fourier transform of Aᵀ dual."""
        grid = np.zeros(self.shape, np.float32)
        grid.ravel()[self.at] = dual
        return spectrum_of(grid, self.shape, self.workers)

    def image(self, spectrum: Spectrum) -> Image:
        """Transform a spectrum back to the grid."""
        return image_of(spectrum, self.shape, self.workers).astype(np.float32, copy=False)

    def take(self, image: Image) -> Vector:
        """Apply A: take the measured pixels of the grid."""
        return image.ravel()[self.at].astype(np.float64)

    def mean(self, dual: Vector) -> Image:
        """Return S Aᵀ dual: the posterior mean, for dual = C⁻¹ values."""
        return self.image(self.spread(dual) * self.spectrum)

    def solve(
        self, values: Vector, start: Vector | None, tolerance: float, iterations: int
    ) -> Vector:
        """Solve C dual = values.

        Parameters
        ----------
        values : (n,).
        start : where to start from; None: zero.
        tolerance : largest norm of the residual over that of the values.
        iterations : most iterations.
        """
        dual = np.zeros_like(values) if start is None else start
        residual = values.copy() if start is None else values - self._product(start)
        limit = tolerance**2 * float(values @ values)
        ahead = self._precondition(residual)
        direction, size = ahead, float(residual @ ahead)
        for _ in range(iterations):
            if float(residual @ residual) <= limit or size <= 0:
                break
            product = self._product(direction)
            step = size / float(direction @ product)
            dual = dual + step * direction
            residual = residual - step * product
            ahead = self._precondition(residual)
            size, before = float(residual @ ahead), size
            direction = ahead + (size / before) * direction
        return dual

    def _product(self, dual: Vector) -> Vector:
        return self.take(self.mean(dual)) + self.variance * self.relative * dual

    def _precondition(self, residual: Vector) -> Vector:
        if self.crowded:
            inverse = 1 / (self.spectrum + np.float32(self.variance))
            return self.take(self.image(self.spread(residual) * inverse))
        found = np.empty_like(residual)
        found[self.order] = self.factor.T @ (self.factor @ residual[self.order])
        return found


def _shuffled(count: int) -> NDArray[np.int64]:
    """Order from coarse to fine: the first points of a random order lie far apart."""
    return np.random.default_rng(0).permutation(count)


def _neighbours(points: NDArray[np.int64]) -> NDArray[np.int32]:
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
            near = np.asarray(tree.query(points[rows], k=wanted)[1]).reshape(len(rows), wanted)
            earlier = near < rows[:, None]
            rank = np.cumsum(earlier, axis=1)
            row, column = np.nonzero(earlier & (rank <= NEIGHBOURS))
            found[low + row, rank[row, column] - 1] = near[row, column]
        start, stop = stop, min(2 * stop, count)
    return found
