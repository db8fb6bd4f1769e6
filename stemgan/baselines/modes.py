"""What kriging's spectrum is judged by, mode by mode, and how much a peak must hold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.spectra import average, safe

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py; docs/classical_methods.md).
PEAK = 2.5
"""How much more than its ring a peak must hold."""
PEAK_WIDTH = 1.2  # [Fourier pixels]
LATTICE_PEAK, LATTICE_PEAK_WIDTH = 2.0, 0.9
"""The same two where a lattice is certain."""
PATCH_WIDTH = 4.0  # [Fourier pixels]
_STEPS = 8


def peaks_asked(certainty: float, peak: float, peak_width: float) -> tuple[float, float]:
    """Return how much more a peak must hold, and its width, where a lattice is so certain."""
    steps = round(certainty * _STEPS) / _STEPS  # so that few widths occur
    return peak + steps * (LATTICE_PEAK - peak), peak_width + steps * (
        LATTICE_PEAK_WIDTH - peak_width
    )


@dataclass(frozen=True)
class ModeEvidence:
    """Sums over modes of `given` and `expected` agree for the best spectrum; (H, W // 2 + 1).

    sampled : one sample of `expected`, right in the mean, for sums over many modes.
    calm : 1 outside the peaks, 0 in them.
    """

    given: Image
    sampled: Image
    expected: Image
    calm: Image


def mode_evidence(
    spectrum: Image, given: Image, sampled: Image, peaks: Image, noise: float
) -> ModeEvidence:
    """Smooth the sample: E |F Aᵀ C⁻¹ z|² = 1 / (S + u), u being what S drowns in.

    u (noise, and what the mask folds onto a mode) varies slowly, while the peaks of S do not.
    """
    calm = (2 - peaks).clip(0, 1)
    share = safe(average(calm, PATCH_WIDTH * 0.75))
    level, background = (
        average(x * calm, PATCH_WIDTH * 0.75) / share for x in (sampled, spectrum)
    )
    drowned = np.maximum(1 / safe(level) - background, 0.02 * background + noise)
    expected = spectrum / (spectrum + drowned)
    return ModeEvidence(spectrum * given, spectrum * sampled, expected, calm)
