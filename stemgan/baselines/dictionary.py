"""Completion by a dictionary of patches that is learned from the scan itself.

In the manner of beta process factor analysis (Zhou et al., IEEE Trans. Image Process. 21, 130,
2012; for scanning microscopy Stevens et al., Microscopy 63, 41, 2014): overlapping patches are
sparse sums of atoms, and both are found from the measured values alone. Matching pursuit and
K-SVD stand in for its Gibbs sampler, which would take minutes. No dictionary learned elsewhere
is used.

A patch must span a gap to be of use. So the values are averaged over cells of a share of the
gap, and patches are of 8 × 8 cells. Between measured cells, the completion so far counts a
little, as the prior does in the Bayesian method.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stemgan.baselines.covariance import fit_covariance
from stemgan.baselines.local import normalised_convolution
from stemgan.baselines.smoothing import gap_length, in_own_unit, weights
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Tuned on training images (docs/classical_methods.md).
CELLS = 4.0
"""Cells in a gap."""
TRUST = 0.05
"""Weight of the completion so far where nothing is measured, beside 1 of a measured cell."""
ATOMS = 2
"""Most atoms for a patch."""
ROUNDS = 8

_SIDE = 8  # [cells]
_OVERCOMPLETE = 12  # cosines along an axis
_STRIDE = 2


def dictionary(
    scan: PartialScan,
    cells: float = CELLS,
    trust: float = TRUST,
    atoms: int = ATOMS,
    rounds: int = ROUNDS,
) -> Image:
    """Complete by sparse patches over a dictionary learned from the scan.

    Parameters
    ----------
    scan : the partial scan.
    cells : cells in a typical gap; a cell is at least a pixel.
    trust : weight of the completion so far where nothing is measured.
    atoms : most atoms for a patch.
    rounds : how often patches are coded and the dictionary improved.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """
    cell = int(max(1, min(gap_length(scan) / cells, min(scan.shape) / _SIDE)))
    weight = weights(scan)
    # Starts in the scan's own unit, as every method does; brought to that of the values below.
    start = normalised_convolution(scan).astype(np.float64)
    measured = scan.values[scan.mask].astype(np.float64)
    start = (start - measured.mean()) / (measured.std() or 1.0)

    def complete(values: Image, infill: Image) -> Image:
        noise = fit_covariance(values, scan.mask).noise
        count = _binned(weight, cell)
        there = np.where(count > 0, _binned(weight * values, cell) / np.maximum(count, 1e-9), 0)
        guess = (_binned(start.astype(np.float32), cell) / cell**2).astype(np.float32)
        sure = count > 0
        tolerance = noise / float(count[sure].mean())
        found = _learn(there, sure, guess, trust, tolerance, atoms, rounds)
        return np.clip(_enlarged(found, cell, scan.shape), infill.min(), infill.max())

    return in_own_unit(scan, complete)


def _learn(
    values: Image,
    sure: NDArray[np.bool_],
    guess: Image,
    trust: float,
    tolerance: float,
    most: int,
    rounds: int,
) -> Image:
    """Code patches, improve the atoms and average the patches, in turns; all (H, W) cells."""
    from stemgan_kernels.dictionary import sparse_codes, update_atoms

    weight = _patches(np.where(sure, 1, trust).astype(np.float32))
    dictionary = _cosines()
    for _ in range(rounds):
        patches = _patches(np.where(sure, values, guess).astype(np.float32))
        chosen, amplitudes = sparse_codes(patches, weight, dictionary, most, tolerance)
        dictionary = update_atoms(patches, weight, dictionary, chosen, amplitudes)
        chosen, amplitudes = sparse_codes(patches, weight, dictionary, most, tolerance)
        coded = np.zeros_like(patches)
        for a in range(most):
            used = chosen[:, a] >= 0
            coded[used] += amplitudes[used, a, None] * dictionary[chosen[used, a]]
        guess = _averaged(coded, guess.shape)
    return guess


def _cosines() -> Image:
    """Return an overcomplete set of products of cosines, of norm 1, a constant first."""
    place = np.arange(_SIDE) + 0.5
    waves = np.cos(np.pi * place * np.arange(_OVERCOMPLETE)[:, None] / _OVERCOMPLETE)
    waves[1:] -= waves[1:].mean(axis=1, keepdims=True)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    atoms = waves[:, None, :, None] * waves[None, :, None, :]
    return atoms.reshape(_OVERCOMPLETE**2, _SIDE**2).astype(np.float32)


def _corners(size: int) -> NDArray[np.int64]:
    """Return where patches begin along an axis, so that the last reaches the edge."""
    return np.unique(np.append(np.arange(0, size - _SIDE, _STRIDE), size - _SIDE))


def _patches(image: Image) -> Image:
    """Cut overlapping patches, (n, cells of a patch)."""
    rows, columns = (_corners(n) for n in image.shape)
    windows = sliding_window_view(image, (_SIDE, _SIDE))[np.ix_(rows, columns)]
    return np.ascontiguousarray(windows.reshape(-1, _SIDE**2))


def _averaged(patches: Image, shape: tuple[int, ...]) -> Image:
    """Put patches back where they were cut, averaged where they overlap."""
    rows, columns = (_corners(n) for n in shape)
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    grid = patches.reshape(len(rows), len(columns), _SIDE, _SIDE)
    for y in range(_SIDE):
        for x in range(_SIDE):
            where = np.ix_(rows + y, columns + x)
            total[where] += grid[:, :, y, x]
            count[where] += 1
    return (total / np.maximum(count, 1)).astype(np.float32)


def _binned(image: Image, cell: int) -> Image:
    """Sum over cells; the last ones may reach beyond the edge, where the image is repeated."""
    if cell == 1:
        return image.astype(np.float32)
    over = [(0, -n % cell) for n in image.shape]
    wide = np.pad(image, over, mode="edge")
    height, width = (n // cell for n in wide.shape)
    return wide.reshape(height, cell, width, cell).sum(axis=(1, 3), dtype=np.float32)


def _enlarged(cells: Image, cell: int, shape: tuple[int, int]) -> Image:
    """Interpolate between the centres of cells, by cubic splines."""
    if cell == 1:
        return cells
    from scipy.ndimage import zoom

    found: NDArray[np.floating] = np.asarray(
        zoom(cells, cell, order=3, mode="nearest", grid_mode=True)
    )
    return found[: shape[0], : shape[1]].astype(np.float32)
