"""Patches as sparse sums of the atoms of a dictionary, where each value has a weight.

Orthogonal matching pursuit and the atom by atom update of K-SVD, both weighted, so that missing
values count nothing (Mairal, Elad & Sapiro, IEEE Trans. Image Process. 17, 53, 2008).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def sparse_codes(
    patches: Matrix, weights: Matrix, atoms: Matrix, most: int, tolerance: float
) -> tuple[NDArray[np.int32], Matrix]:
    """Find a few atoms for each patch, one after the other, and their best amplitudes.

    Parameters
    ----------
    patches, weights : values and their weights, none negative, (n, p).
    atoms : (k, p), of norm 1.
    most : most atoms for a patch, at least 1.
    tolerance : weighted mean square of the residual at which no atom is added.

    Returns
    -------
    chosen : numbers of the atoms, -1 where there are fewer, (n, most).
    amplitudes : (n, most).

    Raises
    ------
    ValueError : shapes differ.

    Examples
    --------
    >>> one = np.eye(2, dtype=np.float32)
    >>> chosen, amplitudes = sparse_codes(3 * one[:1], one[:1], one, 2, 0.1)
    >>> chosen.tolist(), amplitudes.round(3).tolist()
    ([[0, -1]], [[3.0, 0.0]])
    """
    if patches.shape != weights.shape or patches.shape[1] != atoms.shape[1] or most < 1:
        raise ValueError(
            f"patches {patches.shape}, weights {weights.shape}, atoms {atoms.shape}: {most}"
        )
    chosen = np.full((len(patches), most), -1, np.int32)
    amplitudes = np.zeros((len(patches), most), np.float32)
    _pursue(patches, weights, atoms, tolerance, chosen, amplitudes)
    return chosen, amplitudes


def update_atoms(
    patches: Matrix,
    weights: Matrix,
    atoms: Matrix,
    chosen: NDArray[np.int32],
    amplitudes: Matrix,
    first: int = 1,
) -> Matrix:
    """Improve each atom in turn for the patches that use it, the others being held.

    Parameters
    ----------
    patches, weights, atoms, chosen, amplitudes : as of `sparse_codes`.
    first : atoms before this one stay as they are.

    Returns
    -------
    New atoms of norm 1, (k, p); those that no patch uses stay.
    """
    new = atoms.copy()
    _improve(patches, weights, new, chosen, amplitudes.copy(), first)
    return new


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _pursue(
    patches: Matrix,
    weights: Matrix,
    atoms: Matrix,
    tolerance: float,
    chosen: NDArray[np.int32],
    amplitudes: Matrix,
) -> None:
    size, most = atoms.shape[1], chosen.shape[1]
    normal = np.zeros((most, most))
    right, answer = np.zeros(most), np.zeros(most)
    norms = np.empty(len(atoms), np.float32)
    for i in range(len(patches)):
        patch, weight = patches[i], weights[i]
        total = weight.sum()
        if total <= 0:
            continue
        for k in range(len(atoms)):
            norm = np.float32(0)
            for p in range(size):
                norm += weight[p] * atoms[k, p] * atoms[k, p]
            norms[k] = norm
        least = np.float32(1e-3) * norms.max()
        pull = weight * patch
        for step in range(most):
            left = np.float32(0)
            for p in range(size):
                left += pull[p] * pull[p] / max(weight[p], np.float32(1e-12))
            if left <= tolerance * total:
                break
            best, highest = -1, np.float32(0)
            for k in range(len(atoms)):
                if norms[k] > least:
                    inner = np.float32(0)
                    for p in range(size):
                        inner += pull[p] * atoms[k, p]
                    score = inner * inner / norms[k]
                    if score > highest:
                        best, highest = k, score
            if best < 0 or (chosen[i, :step] == best).any():
                break
            chosen[i, step] = best
            for a in range(step + 1):
                cross = np.float32(0)
                for p in range(size):
                    cross += weight[p] * atoms[best, p] * atoms[chosen[i, a], p]
                normal[step, a] = normal[a, step] = cross
            normal[step, step] *= 1 + 1e-4
            own = np.float32(0)
            for p in range(size):
                own += weight[p] * patch[p] * atoms[best, p]
            right[step] = own
            count = step + 1
            answer[:count] = np.linalg.solve(
                normal[:count, :count].copy(), right[:count].copy()
            )
            for p in range(size):
                value = patch[p]
                for a in range(count):
                    value -= np.float32(answer[a]) * atoms[chosen[i, a], p]
                pull[p] = weight[p] * value
        for a in range(most):
            if chosen[i, a] >= 0:
                amplitudes[i, a] = answer[a]


@njit(cache=True, nogil=True)
def _improve(
    patches: Matrix,
    weights: Matrix,
    atoms: Matrix,
    chosen: NDArray[np.int32],
    amplitudes: Matrix,
    first: int,
) -> None:
    count, most = chosen.shape
    size = atoms.shape[1]
    left = patches.copy()
    users = np.zeros(len(atoms) + 1, np.int64)
    for i in range(count):
        for a in range(most):
            k = chosen[i, a]
            if k >= 0:
                users[k + 1] += 1
                left[i] -= amplitudes[i, a] * atoms[k]
    starts = np.cumsum(users)
    where = np.empty(starts[-1], np.int64)
    filled = starts[:-1].copy()
    for i in range(count):
        for a in range(most):
            k = chosen[i, a]
            if k >= 0:
                where[filled[k]] = i * most + a
                filled[k] += 1
    above, below = np.empty(size), np.empty(size)
    for k in range(first, len(atoms)):
        if starts[k] == starts[k + 1]:
            continue
        above[:] = 0
        below[:] = 1e-9
        for j in where[starts[k] : starts[k + 1]]:
            i, amplitude = j // most, amplitudes[j // most, j % most]
            for p in range(size):
                pull = weights[i, p] * amplitude
                above[p] += pull * (left[i, p] + amplitude * atoms[k, p])
                below[p] += pull * amplitude
        new = above / below
        norm = np.sqrt((new * new).sum())
        if norm < 1e-6:
            continue
        for j in where[starts[k] : starts[k + 1]]:
            i, a = j // most, j % most
            for p in range(size):
                # The residual of the new atom, its norm put into the amplitude.
                left[i, p] += amplitudes[i, a] * (atoms[k, p] - np.float32(new[p]))
            amplitudes[i, a] *= np.float32(norm)
        atoms[k] = (new / norm).astype(np.float32)
