"""Random numbers that follow from a sample's key alone: the same on any device and rank.

A hash of (key, stream, counter) by the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA
2014). Training is then the same however a batch is shared out, and however often it is
interrupted.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_WORD = 2**64


def uniform(keys: Tensor, shape: Sequence[int], stream: int) -> Tensor:
    """Return numbers in [0, 1), (B, *shape) float32.

    Parameters
    ----------
    keys : one for each sample, (B,) int64.
    shape : of one sample's numbers.
    stream : what they are for: another stream, other numbers.
    """
    bits = _hashed(keys, math.prod(shape), stream)
    return ((bits >> 40 & (2**24 - 1)).float() * 2.0**-24).reshape(len(keys), *shape)


def normal(keys: Tensor, shape: Sequence[int], stream: int) -> Tensor:
    """Return standard normal numbers, (B, *shape) float32 (Box & Muller, 1958)."""
    first, second = uniform(keys, (2, *shape), stream).unbind(1)
    return (-2 * (1 - first).log()).sqrt() * torch.cos(2 * math.pi * second)


def _hashed(keys: Tensor, count: int, stream: int) -> Tensor:
    counters = torch.arange(1, count + 1, device=keys.device) + stream * 2**40
    x = _mixed(keys)[:, None] + _signed(0x9E3779B97F4A7C15) * counters
    return _mixed(x)


def _mixed(x: Tensor) -> Tensor:
    """Mix the bits of 64-bit words; products wrap around."""
    x = (x ^ (x >> 30 & (2**34 - 1))) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> 27 & (2**37 - 1))) * _signed(0x94D049BB133111EB)
    return x ^ (x >> 31 & (2**33 - 1))


def _signed(word: int) -> int:
    return word - _WORD if word >= _WORD // 2 else word
