"""What measured pixels say of single waves that a Gaussian process does not know yet.

With C the covariance of the values y that it expects, a wave a exp(2 π i f x) more has the
evidence z_f = w_f / √L_f with w_f = Σ exp(−2 π i f x) (C⁻¹ y)_x and L_f the variance of w_f
where there is none: |z|² is 1 in the mean without the wave, and far above with it. C⁻¹ is taken
for L_f / n times the identity, so that two waves overlap by the mask's own transform at the
difference of their frequencies, which tells a wave from its aliases under the scan.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgan.baselines.crystals import HIGHEST, LONGEST

PARENTS = 6
"""Waves that lattices are looked for among."""
LEAST = 6.0
"""Evidence from which a wave is one of them."""

_PADDED = 2
_EDGE = 3  # modes beyond the highest frequency
_ALIAS = 0.45  # evidence of a wave's alias over its own
_ALIASES = 20  # of a wave, the strongest
_APART = 2  # half the window in which an alias is the strongest [padded Fourier pixels]

Vectors = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class WaveEvidence:
    """Evidence of waves on a fine grid of frequencies, from −HIGHEST to HIGHEST.

    values : z, (2 Y + 1, 2 X + 1) complex, frequency 0 in the middle.
    level : L, alike.
    overlap : inner products of unit waves under the mask by the difference of their
        frequencies, (4 Y + 1, 4 X + 1).
    step : between frequencies, (2,) [periods per px].
    """

    values: NDArray[np.complex64]
    level: NDArray[np.floating]
    overlap: NDArray[np.complex64]
    step: Vectors

    @property
    def power(self) -> NDArray[np.floating]:
        """Return |z|²."""
        return np.abs(self.values) ** 2

    @property
    def middle(self) -> Places:
        """Return where frequency 0 is, (2,)."""
        return np.array(self.values.shape) // 2

    def places(self, waves: Vectors) -> Places:
        """Return the places nearest to waves, (..., 2) to (..., 2)."""
        last = np.array(self.values.shape) - 1
        return (np.rint(waves / self.step).astype(np.intp) + self.middle).clip(0, last)

    def waves(self, places: Places) -> Vectors:
        """Return the frequencies of places, (..., 2) to (..., 2) [periods per px]."""
        return (places - self.middle) * self.step

    def around(self, place: Places) -> NDArray[np.complex64]:
        """Return how the wave at a place, (2,), overlaps with every wave."""
        start = 2 * self.middle - place
        height, width = self.values.shape
        return self.overlap[start[0] : start[0] + height, start[1] : start[1] + width]


def wave_evidence(
    dual: Vectors,
    mask: NDArray[np.bool_],
    level: NDArray[np.floating],
    shape: tuple[int, int],
) -> WaveEvidence:
    """Collect the evidence.

    Parameters
    ----------
    dual : C⁻¹ y of the measured pixels in raster order, (n,).
    mask : measured pixels, (H, W).
    level : L at the frequencies of a grid that holds the image, (H', W' // 2 + 1).
    shape : of that grid, (H', W').
    """
    padded = _PADDED * np.array(shape)
    reach = np.ceil(HIGHEST * padded).astype(int) + _EDGE
    rows, columns = (np.rint(np.arange(-r, r + 1) / _PADDED).astype(int) for r in reach)
    # Of a real image: the level of (i, −j) is that of (−i, j).
    sign = np.where(columns < 0, -1, 1)
    near = level[(sign * rows[:, None]) % shape[0], np.abs(columns)]
    near = np.maximum(near, np.finfo(np.float32).tiny)
    values = _transform(dual, mask, padded, reach) / np.sqrt(near)
    overlap = _transform(np.full(len(dual), 1 / len(dual)), mask, padded, 2 * reach)
    return WaveEvidence(values.astype(np.complex64), near, overlap, 1 / padded)


def _transform(
    values: Vectors, mask: NDArray[np.bool_], padded: Places, reach: Places
) -> NDArray[np.complex64]:
    """Return the transform of values at measured pixels, its slow part, (2 Y + 1, 2 X + 1)."""
    image = np.zeros((mask.shape[0], padded[1]), np.float32)
    image[:, : mask.shape[1]][mask] = values
    half = np.asarray(scipy.fft.rfft(image, axis=1))[:, : reach[1] + 1]
    half = np.asarray(scipy.fft.fft(half, int(padded[0]), axis=0))
    rows = np.arange(-reach[0], reach[0] + 1)
    return np.concatenate([half[-rows, :0:-1].conj(), half[rows]], axis=1)


def strongest(evidence: WaveEvidence) -> list[Vectors]:
    """Find the waves with most evidence, each with what it may be an alias of, (n, 2) each.

    One after the other, what the wave before explains taken off (Högbom, Astron. Astrophys.
    Suppl. 15, 417, 1974).
    """
    down, across = (
        (np.arange(n) - n // 2) * step
        for n, step in zip(evidence.values.shape, evidence.step, strict=True)
    )
    speed = np.hypot(down[:, None], across)
    first = (across > 0) | ((across == 0) & (down[:, None] > 0))  # of each pair, one
    there = first & (speed < HIGHEST) & (speed > 1 / LONGEST)
    left, found = evidence.values, []
    for _ in range(PARENTS):
        power = np.where(there, np.abs(left) ** 2, 0)
        place = np.array(np.unravel_index(power.argmax(), power.shape))
        most = float(power[tuple(place)])
        if most < LEAST:
            break
        found.append(evidence.waves(_peaks(power, max(_ALIAS * most, LEAST / 2))))
        size = left[tuple(place)]
        left = left - size * evidence.around(place)
        left -= np.conj(size) * evidence.around(2 * evidence.middle - place)
    return found


def _peaks(power: NDArray[np.floating], least: float) -> Places:
    """Return the places of the highest peaks, (n, 2)."""
    at = np.argwhere(power > least)
    wide = np.pad(power, _APART)
    steps = range(2 * _APART + 1)
    here = power[tuple(at.T)]
    around = [wide[at[:, 0] + i, at[:, 1] + j] for i in steps for j in steps]
    at = at[here >= np.max(around, axis=0)]
    return at[np.argsort(-power[tuple(at.T)], kind="stable")[:_ALIASES]]
