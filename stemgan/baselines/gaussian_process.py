"""Kriging with a spectrum that is learned from the measured pixels alone.

The image is a plane plus a stationary Gaussian process on a periodic grid with a margin; its
spectrum S starts as a sum of Matérn kernels fitted to the variogram and is then refined by the
marginal likelihood of the measured values y. With C = A S Aᵀ + σ² R,

    2 ∂ log p(y) / ∂ log S_k = S_k |F Aᵀ C⁻¹ y|²_k - S_k [F Aᵀ C⁻¹ A Fᵀ]_kk = given - expected,

so that a group of modes is at its maximum where the two sums agree, and their ratio is a step
towards it (MacKay, Neural Comput. 4, 415, 1992). What is expected is sampled: |F Aᵀ C⁻¹ z|²
with z of covariance C.
Groups are rings, then wide patches (anisotropy), then narrow ones, raised only where the data
ask for much more than the rings give: those are the peaks of a lattice. In the first round the
lattice itself is looked for (`lattices/`): its waves together show where each alone drowns.
The completion is the posterior mean S Aᵀ C⁻¹ y: the best of all linear methods, if S is right.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from stemgan.baselines.covariance import fit_covariance
from stemgan.baselines.kriging import Kriging, Vector, inner
from stemgan.baselines.lattices import Found, find_lattice, is_sought, seeded, wave_evidence
from stemgan.baselines.modes import (
    PATCH_WIDTH,
    PEAK,
    PEAK_WIDTH,
    ModeEvidence,
    mode_evidence,
    peaks_asked,
)
from stemgan.baselines.smoothing import in_own_unit, weights
from stemgan.baselines.spectra import (
    average,
    bounded,
    rings,
    safe,
    spectrum_of,
    white_part,
    widened,
)
from stemgan.baselines.starting import started
from stemgan.measurement import PartialScan

Image = NDArray[np.float32]

# Tuned on training images (benchmarks/tune_baselines.py; docs/classical_methods.md).
ROUNDS = 3
"""Refinements of the spectrum: fewer miss lattices at wide gaps, more follow the noise."""

CALM = 0.15  # changes of the logarithm of S over a patch that count as noise
FEW = 5.0  # modes that a ring is thought to hold already, as expected
LEAST_NOISE = 1e-3
TOLERANCE = 1e-3  # another unit changes images by up to 0.13 % of their range
ITERATIONS, LAST_ITERATIONS = 60, 100
RIDGE = 1e-5
FLAT = 1e-4  # deviation from a plane over that from the mean: as good as none


def gaussian_process(
    scan: PartialScan,
    rounds: int = ROUNDS,
    peak: float = PEAK,
    peak_width: float = PEAK_WIDTH,
    workers: int = 1,
    lattices: bool = True,
) -> Image:
    """Complete by the posterior mean of a stationary Gaussian process.

    Parameters
    ----------
    scan : the partial scan; pixels of longer dwell count as less noisy.
    rounds : refinements of the spectrum.
    peak : how much more than its ring a peak of the spectrum must hold, above 1.
    peak_width : width of a peak [Fourier pixels].
    workers : threads; the result is the same.
    lattices : look for the lattice that the measured pixels show, where one may be.

    Returns
    -------
    (H, W) float32, within the range of the measured values.
    """

    def complete(values: Image, infill: Image) -> Image:
        plane = _plane(values, scan.mask)
        limits = float(infill.min()), float(infill.max())
        del infill
        rest = np.where(scan.mask, values - plane, np.float32(0))
        deviation = float(rest[scan.mask].std())
        if deviation < FLAT:
            return np.clip(plane, *limits)
        rest = (rest / deviation).astype(np.float32, copy=False)
        model = _Model(scan, rest, workers, lattices=lattices)
        del values, rest  # a large frame's arrays fill the memory
        for _ in range(rounds):
            model.refine(peak, peak_width)
        found = plane + np.float32(deviation) * model.mean()
        return np.clip(found, *limits).astype(np.float32, copy=False)

    return in_own_unit(scan, complete)


class _Model:
    """A Gaussian process: its spectrum, its noise, and how it explains the measured values."""

    def __init__(
        self, scan: PartialScan, values: Image, workers: int, *, lattices: bool
    ) -> None:
        self.crop = np.s_[: scan.shape[0], : scan.shape[1]]
        shape = widened(scan.shape)
        relative = 1 / weights(scan)[scan.mask].astype(np.float64)
        self.system = Kriging(shape, scan.mask, relative, workers)
        self.values = values[scan.mask].astype(np.float64)
        covariance = fit_covariance(values, scan.mask)
        self.rings = rings(shape)
        smooth = bounded(np.real(spectrum_of(covariance.on_grid(shape), shape)))
        self.smooth, self.noise = started(smooth, covariance.noise, values, scan.mask, shape)
        self.peaks = np.ones_like(self.smooth)
        sought = lattices and is_sought(scan.mask)
        self.certainty: float | None = None if sought else 0.0  # of a lattice
        rng = np.random.default_rng(0)
        rng.standard_normal(shape, dtype=np.float32)  # `_drawn` takes these again
        self.errors = rng.standard_normal(len(self.values)) * np.sqrt(relative)
        self.dual: Vector | None = None
        self.sampled: Vector | None = None

    @property
    def spectrum(self) -> Image:
        # No wave holds more than the variance of all values: more is beyond single precision.
        most = np.float32(self.system.shape[0] * self.system.shape[1])
        return np.minimum(self.smooth * self.peaks, most).astype(np.float32)

    def mean(self) -> Image:
        """Return the posterior mean, (H, W)."""
        self.system.prepare(self.spectrum, self.noise)
        dual = self.system.solve(self.values, self.dual, TOLERANCE, LAST_ITERATIONS)
        return self.system.mean(dual)[self.crop]

    def refine(self, peak: float, peak_width: float) -> None:
        """Take one step towards the spectrum and the noise that explain the values best."""
        system, spectrum = self.system, self.spectrum
        system.prepare(spectrum, self.noise)
        drawn = self._drawn(spectrum)
        self.dual, self.sampled = self._explain(drawn)
        pixels = system.shape[0] * system.shape[1]
        given, sampled = (
            (np.abs(system.spread(dual)) ** 2 / np.float32(pixels)).astype(np.float32)
            for dual in (self.dual, self.sampled)
        )
        evidence = mode_evidence(spectrum, given, sampled, self.peaks, self.noise)
        del given, sampled, spectrum, drawn
        if self.certainty is None:
            found = self._lattice(self.dual, evidence.expected)
            self._raise(evidence, peak, peak_width)
            if found is not None:
                self.peaks = seeded(found, self.smooth, self.peaks, system.shape)
            self.certainty = 0.0 if found is None else found.certainty
        else:
            self._raise(evidence, *peaks_asked(self.certainty, peak, peak_width))
        relative = system.relative
        ratio = inner(relative, self.dual**2) / inner(relative, self.sampled**2)
        self.noise = max(self.noise * float(np.clip(ratio, 0.3, 3)), LEAST_NOISE)

    def _lattice(self, dual: Vector, expected: Image) -> Found | None:
        """Look for a lattice in what the spectrum does not explain yet."""
        spectrum, shape = self.spectrum, self.system.shape
        if not spectrum.any():  # all is noise
            return None
        level = expected / spectrum * np.float32(shape[0] * shape[1])
        mask = np.zeros(shape, bool)
        mask.ravel()[self.system.at] = True
        return find_lattice(wave_evidence(dual, mask[self.crop], level, shape))

    def _drawn(self, spectrum: Image) -> Vector:
        """Draw measured values of the process, from the same random numbers every time."""
        shape = self.system.shape
        white = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        waves = spectrum_of(white, shape)
        waves *= np.sqrt(spectrum)
        drawn = self.system.take(self.system.image(waves))
        return drawn + np.sqrt(self.noise) * self.errors

    def _explain(self, drawn: Vector) -> tuple[Vector, Vector]:
        """Solve for the values and for what was drawn, side by side where threads allow it."""
        starts = ((self.values, self.dual), (drawn, self.sampled))
        workers = max(self.system.workers // 2, 1)

        def solved(values: Vector, start: Vector | None) -> Vector:
            return self.system.solve(values, start, TOLERANCE, ITERATIONS, workers)

        if self.system.workers == 1:
            return solved(*starts[0]), solved(*starts[1])
        with ThreadPoolExecutor(2) as pool:
            found = [pool.submit(solved, *each) for each in starts]
            return found[0].result(), found[1].result()

    def _raise(self, evidence: ModeEvidence, peak: float, peak_width: float) -> None:
        given, expected, calm = evidence.given, evidence.expected, evidence.calm
        ring = self.rings.ravel()
        there, thought = (
            np.bincount(ring, (calm * x).ravel()) for x in (given, evidence.sampled)
        )
        factor = ((there + FEW) / (thought + FEW)).clip(0.05, 20).astype(np.float32)[self.rings]
        ratio = average(given * calm, PATCH_WIDTH) / safe(
            average(expected * calm * factor, PATCH_WIDTH)
        )
        change = np.log(ratio.clip(0.1, 10))
        factor *= np.exp(np.sign(change) * np.maximum(np.abs(change) - CALM, 0))
        ratio = average(given, peak_width) / safe(average(expected * factor, peak_width))
        # From no peak to a peak by a ramp: rounding must not tip one over.
        is_peak = np.maximum(((ratio / peak - 0.8) / 0.4).clip(0, 1), 1 - calm)
        self.peaks = np.maximum((self.peaks * ratio) ** is_peak, 1).astype(np.float32)
        most = self.system.shape[0] * self.system.shape[1]
        self.smooth = bounded(np.minimum(self.smooth * factor, most))
        white = white_part(self.smooth, self.system.shape)
        self.smooth = bounded(self.smooth - white)
        self.noise += white


def _plane(values: Image, mask: NDArray[np.bool_]) -> Image:
    """Fit a plane to the measured values; hardly tilted where they lie close together."""
    axes = [np.linspace(-1, 1, n) for n in mask.shape]
    where = np.stack([a[i] for a, i in zip(axes, np.nonzero(mask), strict=True)], axis=1)
    centre = where.mean(axis=0)
    away, read = where - centre, values[mask].astype(np.float64)
    normal = away.T @ away + RIDGE * len(read) * np.eye(2)
    tilt = np.linalg.solve(normal, away.T @ (read - read.mean()))
    rows, columns = ((a - c) * t for a, c, t in zip(axes, centre, tilt, strict=True))
    return (read.mean() + rows[:, None] + columns).astype(np.float32)
