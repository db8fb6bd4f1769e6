"""The Gaussian process of `stemgan.baselines.gaussian_process`, for a batch on any device."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgan.baselines.gaussian_process import (
    CALM,
    FEW,
    FLAT,
    ITERATIONS,
    LAST_ITERATIONS,
    LEAST_NOISE,
    ROUNDS,
    TOLERANCE,
)
from stemgan.baselines.kriging import is_crowded
from stemgan.baselines.modes import PATCH_WIDTH, PEAK, PEAK_WIDTH, peaks_asked
from stemgan.baselines.spectra import rings, widened
from stemgan.baselines.starting import started
from stemgan.kriging.covariance import fit_covariances
from stemgan.kriging.grids import (
    Groups,
    average,
    bounded,
    images_of,
    safe,
    spectrum_of,
    white_part,
)
from stemgan.kriging.lattices import seed_lattices
from stemgan.kriging.systems import Systems
from stemgan.kriging.units import deviation_of, planes, standardised, weights


@torch.no_grad()
def krige(
    values: Tensor, dwell: Tensor, rounds: int = ROUNDS, *, lattices: bool = True
) -> Tensor:
    """Complete partial scans by the posterior means of stationary Gaussian processes.

    Parameters
    ----------
    values : measured values in any unit, anything elsewhere, (B, 1, H, W).
    dwell : dwell maps, 0 where unmeasured, (B, 1, H, W); longer dwell counts as less noisy.
    rounds : refinements of the spectra.
    lattices : look for the lattices that the measured pixels show; on the CPU, a thread for
        each of a few samples at once.

    Returns
    -------
    (B, 1, H, W) float32 on the device of the values, within the range of the measured values.

    Raises
    ------
    ValueError : the shapes differ, or a sample has no measured pixel.

    Examples
    --------
    >>> dwell = (torch.rand(1, 1, 32, 32, generator=torch.manual_seed(0)) > 0.8).float()
    >>> krige(torch.full((1, 1, 32, 32), 3.0), dwell).unique()
    tensor([3.])
    """
    if values.shape != dwell.shape or values.ndim != 4 or values.shape[1] != 1:
        raise ValueError(f"values {tuple(values.shape)} and dwell {tuple(dwell.shape)} differ")
    with torch.autocast(values.device.type, enabled=False):
        counts = (dwell > 0).flatten(1).sum(dim=1).tolist()
        if not all(counts):
            raise ValueError("a sample has no measured pixel")
        area = values.shape[2] * values.shape[3]
        crowded = torch.tensor([is_crowded(count, area) for count in counts])
        found = torch.empty_like(values, dtype=torch.float32)
        for kind in crowded.unique().tolist():
            those = (crowded == kind).nonzero()[:, 0].to(values.device)
            found[those, 0] = _completed(
                values[those, 0], dwell[those, 0], rounds, crowded=kind, lattices=lattices
            )
        return found


def _completed(
    values: Tensor, dwell: Tensor, rounds: int, *, crowded: bool, lattices: bool
) -> Tensor:
    """Complete samples that are all crowded, or all not, (B, H, W) float32."""
    mask = dwell > 0
    unit, offset, gain = standardised(values, mask)
    plane = planes(unit, mask)
    rest = torch.where(mask, unit - plane, 0)
    deviation = deviation_of(rest, mask)
    flat = deviation < FLAT
    scaled = (rest / torch.where(flat, 1, deviation)).float()
    model = _Models(scaled, mask, weights(dwell, mask), crowded=crowded)
    if not lattices:
        model.certainties = [0.0] * len(values)
    for _ in range(rounds):
        model.refine()
    found = plane + torch.where(flat, 0, deviation) * model.mean()
    low = torch.where(mask, unit, torch.inf).amin(dim=(1, 2), keepdim=True)
    high = torch.where(mask, unit, -torch.inf).amax(dim=(1, 2), keepdim=True)
    limit = torch.finfo(torch.float32).max
    return (found.clamp(low, high).double() * gain + offset).clamp(-limit, limit).float()


class _Models:
    """Gaussian processes: their spectra, their noise, and how they explain the values."""

    def __init__(self, values: Tensor, mask: Tensor, weight: Tensor, *, crowded: bool) -> None:
        shape, device = (int(mask.shape[1]), int(mask.shape[2])), values.device
        self.crop, self.mask = np.s_[:, : shape[0], : shape[1]], mask
        grid = widened(shape)
        relative = 1 / torch.where(mask, weight, 1)
        self.system = Systems(mask, relative, grid, crowded=crowded)
        self.values = self.system.of_image(values).double()
        covariances = fit_covariances(values, mask)
        smooth = bounded(spectrum_of(covariances.on_grid(grid), grid).real)
        self.smooth, self.noise = _started(smooth, covariances.noise, values, mask, grid)
        self.peaks = torch.ones_like(self.smooth)
        self.waves, errors = _drawn(grid, shape[0] * shape[1], device)
        self.errors = errors[: self.system.count] * self.system.relative.sqrt()
        self.duals: Tensor | None = None  # of the values, and of what was drawn
        self.certainties: list[float] | None = None  # of lattices, once they were looked for

    @property
    def spectrum(self) -> Tensor:
        most = self.system.shape[0] * self.system.shape[1]
        return (self.smooth * self.peaks).clamp_max(most)

    def mean(self) -> Tensor:
        """Return the posterior means, (B, H, W)."""
        self.system.prepare(self.spectrum, self.noise)
        start = None if self.duals is None else self.duals[:, :1]
        dual = self.system.solve(self.values[:, None], start, TOLERANCE, LAST_ITERATIONS)
        return self.system.mean(dual)[:, 0][self.crop]

    def refine(self) -> None:
        """Take one step towards the spectra and the noise that explain the values best."""
        system, spectrum = self.system, self.spectrum
        system.prepare(spectrum, self.noise)
        drawn = system.take(images_of(self.waves * spectrum.sqrt(), system.shape)[:, None])
        drawn += (self.noise.sqrt()[:, None] * self.errors)[:, None]
        both = torch.cat([self.values[:, None], drawn], dim=1)
        self.duals = system.solve(both, self.duals, TOLERANCE, ITERATIONS)
        pixels = system.shape[0] * system.shape[1]
        given, sampled = (system.spread(self.duals).abs().square() / pixels).unbind(dim=1)
        evidence = _evidence(spectrum, given, sampled, self.peaks, self.noise)
        if self.certainties is None:
            level = evidence.expected / safe(spectrum) * pixels
            self._raise(evidence, [0.0] * len(spectrum))
            self.peaks, self.certainties = seed_lattices(
                self.duals[:, 0], self.mask, level, self.smooth, self.peaks, system.shape
            )
        else:
            self._raise(evidence, self.certainties)
        squares = system.relative[:, None] * self.duals.square()
        there, thought = squares.sum(dim=2).unbind(dim=1)
        change = (there / thought.clamp_min(1e-300)).clamp(0.3, 3)
        self.noise = (self.noise * change).clamp_min(LEAST_NOISE)

    def _raise(self, evidence: "_Evidence", certainties: list[float]) -> None:
        given, expected, calm = evidence.given, evidence.expected, evidence.calm
        shape, device = self.system.shape, given.device
        ring, groups = _rings(shape, device)
        sums = torch.cat([calm * given, calm * evidence.sampled]).flatten(1).double()
        there, thought = groups.sum(sums.T.contiguous()).T.split(len(given))
        by_ring = ((there + FEW) / (thought + FEW)).clamp(0.05, 20)
        factor = by_ring[:, ring].unflatten(1, given.shape[1:]).float()
        ratio = average(given * calm, PATCH_WIDTH) / safe(
            average(expected * calm * factor, PATCH_WIDTH)
        )
        change = ratio.clamp(0.1, 10).log()
        factor *= torch.exp(change.sign() * (change.abs() - CALM).clamp_min(0))
        asked = [peaks_asked(each, PEAK, PEAK_WIDTH) for each in certainties]
        ratio = torch.empty_like(given)
        for width in {width for _, width in asked}:
            those = [k for k, (_, other) in enumerate(asked) if other == width]
            thought = safe(average((expected * factor)[those], width))
            ratio[those] = average(given[those], width) / thought
        least = torch.tensor([peak for peak, _ in asked], device=device)[:, None, None]
        is_peak = torch.maximum(((ratio / least - 0.8) / 0.4).clamp(0, 1), 1 - calm)
        self.peaks = ((self.peaks * ratio) ** is_peak).clamp_min(1)
        smooth = bounded((self.smooth * factor).clamp_max(shape[0] * shape[1]))
        white = white_part(smooth, shape)
        self.smooth = bounded(smooth - white.float()[:, None, None])
        self.noise = self.noise + white


def _started(
    smooth: Tensor, noise: Tensor, values: Tensor, mask: Tensor, grid: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Do what NumPy's does, sample by sample: it is little, and few scans are grids of dots."""
    arrays = (each.cpu().numpy() for each in (smooth, values, mask))
    found = [
        started(spectrum, variance, image, there, grid)
        for spectrum, image, there, variance in zip(*arrays, noise.tolist(), strict=True)
    ]
    spectra, noises = zip(*found, strict=True)
    return torch.from_numpy(np.stack(spectra)).to(smooth), noise.new_tensor(noises)


class _Evidence(NamedTuple):
    """See `baselines.modes.ModeEvidence`; (B, H, W // 2 + 1) each."""

    given: Tensor
    sampled: Tensor
    expected: Tensor
    calm: Tensor


def _evidence(
    spectrum: Tensor, given: Tensor, sampled: Tensor, peaks: Tensor, noise: Tensor
) -> _Evidence:
    calm = (2 - peaks).clamp(0, 1)
    width = PATCH_WIDTH * 0.75
    share = safe(average(calm, width))
    level, background = (average(x * calm, width) / share for x in (sampled, spectrum))
    least = 0.02 * background + noise.float()[:, None, None]
    drowned = torch.maximum(1 / safe(level) - background, least)
    expected = spectrum / (spectrum + drowned)
    return _Evidence(spectrum * given, spectrum * sampled, expected, calm)


@lru_cache(maxsize=8)
def _rings(shape: tuple[int, int], device: torch.device) -> tuple[Tensor, Groups]:
    ring = torch.from_numpy(rings(shape).ravel()).to(device)
    return ring, Groups(ring, int(ring.max()) + 1)


@lru_cache(maxsize=8)
def _drawn(grid: tuple[int, int], pixels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Draw what NumPy's draws: waves on the grid, and an error for each measured pixel."""
    rng = np.random.default_rng(0)
    white = torch.from_numpy(rng.standard_normal(grid, dtype=np.float32))
    errors = torch.from_numpy(rng.standard_normal(pixels))
    return spectrum_of(white, grid).to(device), errors.to(device)
