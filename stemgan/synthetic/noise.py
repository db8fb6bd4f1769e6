"""White noise as a hash of (seed, index), so that every device draws the same numbers.

SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) mixes seed + i x golden ratio into 64 bits; two
times 23 of them make two uniform numbers, exact in float32, and these two normal ones (Box and
Muller, Ann. Math. Stat. 29, 610, 1958).
"""

from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_STEP = np.float32(2.0**-23)
_TURN = np.float32(2 * np.pi)


def white(seed: int, count: int) -> NDArray[np.float32]:
    """Draw standard normal numbers, (count,) float32, at most 5.8 in size.

    Examples
    --------
    >>> white(1, 3).round(3)
    array([ 1.036, -0.252,  0.305], dtype=float32)
    """
    values = np.empty(count + count % 2, dtype=np.float32)
    _white(np.uint64(seed), values)
    return values[:count]


@njit(cache=True, nogil=True)
def _white(seed, values):  # noqa: ANN001, ANN202
    for i in range(len(values) // 2):
        z = seed + np.uint64(i + 1) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
        z = z ^ (z >> np.uint64(31))
        u = (np.float32(z >> np.uint64(41)) + np.float32(0.5)) * _STEP
        v = np.float32((z >> np.uint64(18)) & np.uint64(0x7FFFFF)) * _STEP
        size = np.sqrt(np.float32(-2) * np.log(u))
        values[2 * i] = size * np.cos(_TURN * v)
        values[2 * i + 1] = size * np.sin(_TURN * v)


def white_batch(seeds: "torch.Tensor", count: int) -> "torch.Tensor":
    """Draw what `white` draws for each of the seeds (b,) int64, (b, count), on their device."""
    import torch

    index = torch.arange(1, (count + 1) // 2 + 1, device=seeds.device)
    z = seeds[:, None] + index * _signed(GOLDEN)
    z = (z ^ _shift(z, 30)) * _signed(FIRST)
    z = (z ^ _shift(z, 27)) * _signed(SECOND)
    z = z ^ _shift(z, 31)
    u = (_shift(z, 41).float() + 0.5) * float(_STEP)
    v = (_shift(z, 18) & 0x7FFFFF).float() * (float(_STEP) * float(_TURN))
    size = torch.sqrt(-2 * torch.log(u))
    return torch.stack([size * torch.cos(v), size * torch.sin(v)], 2).flatten(1)[:, :count]


def _signed(bits: int) -> int:
    return bits - 2**64 if bits >= 2**63 else bits


def _shift(z: "torch.Tensor", by: int) -> "torch.Tensor":
    """Shift right and fill with zeros: torch has signed integers only."""
    return (z >> by) & (2 ** (64 - by) - 1)
