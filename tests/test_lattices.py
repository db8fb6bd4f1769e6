"""Lattices found in the measured pixels of spirals, lines and random dots."""

import importlib

import numpy as np
import pytest
import torch

from stemgan.baselines import modes
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.baselines.lattices import (
    WaveEvidence,
    find_lattice,
    is_sought,
    search,
    seeded,
    seeding,
    strongest,
    wave_evidence,
)
from stemgan.baselines.spectra import widened
from stemgan.baselines.waves import variance_of
from stemgan.kriging import krige
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import blurred
from stemgan.scan import ScanDesign
from tests.crystals import crystal, turned

SHAPE = (256, 320)
FAMILIES = ("spiral", "line-hop", "jittered-grid", "random")
process = importlib.import_module("stemgan.baselines.gaussian_process")


def scanned(image, family, coverage=1 / 40):
    trace = ScanDesign(family, image.shape, coverage=coverage).trace()
    return measure(image.astype(np.float32), trace)


def white_evidence(scan):
    """Evidence with nothing known but the variance: C is the identity times it."""
    values = scan.values[scan.mask].astype(np.float64)
    values -= values.mean()
    grid = widened(scan.shape)
    dual = values / values.var()
    level = np.full((grid[0], grid[1] // 2 + 1), len(values) / values.var(), np.float32)
    return wave_evidence(dual, scan.mask, level, grid)


def off(wave, basis):
    """Distance of a wave from those of a lattice [periods per px]."""
    orders = wave @ np.linalg.inv(basis)
    return float(np.hypot(*(wave - np.rint(orders) @ basis)))


def relative(image, truth):
    return float(np.sqrt(np.mean((image - truth) ** 2)) / truth.std())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("between", [60, 75, 90])
def test_the_lattice_is_found(family, between):
    basis = np.array(turned(1 / 17, 11, between))
    found = find_lattice(white_evidence(scanned(crystal(*basis, SHAPE), family)))
    assert found is not None
    assert found.certainty > 0.99
    strong = found.waves.variance > 0.05 * found.waves.variance.sum()
    assert strong.sum() >= 2
    for wave in found.waves.frequency[strong]:
        assert off(wave, basis) < 0.7 / min(SHAPE)


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_and_clouds_hold_none(family, monkeypatch):
    seen = []

    def watched(found, smooth, peaks, shape):
        seen.append(found.certainty)
        return seeded(found, smooth, peaks, shape)

    monkeypatch.setattr(process, "seeded", watched)
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 60
    cloud = np.sin(y + np.sin(x)) + np.exp(-((x - 2) ** 2) - (y - 2) ** 2)
    for image in (rng.normal(size=SHAPE), cloud + 0.3 * rng.normal(size=SHAPE)):
        scan = scanned(image, family)
        gaussian_process(scan)
    assert all(certainty < 0.05 for certainty in seen)


@pytest.mark.parametrize("family", ["spiral", "line-hop", "jittered-grid"])
def test_kriging_that_knows_the_lattice_leaves_less(family):
    image = crystal(*turned(1 / 17, 23, 60), SHAPE, noise=0.5)
    scan, truth = scanned(image, family, 1 / 100), blurred(image)
    knowing = relative(gaussian_process(scan), truth)
    assert knowing < 0.8 * relative(gaussian_process(scan, lattices=False), truth)


def test_overlaps_are_the_inner_products_of_waves():
    scan = scanned(np.random.default_rng(0).normal(size=(70, 90)), "spiral", 1 / 10)
    there = white_evidence(scan)
    one, other = np.array([40, 50]), np.array([10, 60])
    waves = [
        np.exp(2j * np.pi * (np.argwhere(scan.mask) @ there.waves(at))) for at in (one, other)
    ]
    expected = np.vdot(waves[1], waves[0]) / len(waves[0])
    assert there.around(one)[tuple(other)] == pytest.approx(expected, abs=1e-5)


def test_evidence_is_one_in_the_mean_where_nothing_is():
    values = [
        np.mean(white_evidence(scanned(image, "spiral", 1 / 10)).power)
        for image in np.random.default_rng(0).normal(size=(6, 96, 90))
    ]
    assert np.mean(values) == pytest.approx(1, abs=0.1)


def test_places_and_waves_are_inverse():
    there = white_evidence(scanned(np.random.default_rng(0).normal(size=(81, 90)), "spiral"))
    wave = np.array([[0.1, -0.07], [0.0, 0.0], [-0.2, 0.013]])
    np.testing.assert_allclose(
        there.waves(there.places(wave)), wave, atol=0.5 * there.step.max()
    )
    assert (there.places(np.zeros(2)) == there.middle).all()
    assert isinstance(there, WaveEvidence)


def test_the_strongest_waves_come_with_their_aliases():
    """Lines 16 px apart, exactly: whatever differs by a sixteenth down is the same on them."""
    y, x = np.mgrid[:128, :128]
    image = np.cos(2 * np.pi * (0.03 * y + 0.08 * x)).astype(np.float32)
    scan = scanned(image, "spiral", 1 / 10)
    mask = np.zeros((128, 128), bool)
    mask[::16] = True
    dual = image[mask] - image[mask].mean()
    grid = widened(mask.shape)
    level = np.full((grid[0], grid[1] // 2 + 1), len(dual) * dual.var(), np.float32)
    waves = strongest(wave_evidence(dual / dual.var(), mask, level / dual.var() ** 2, grid))[0]
    shifts = (waves[:, 0] - 0.03) * 16
    np.testing.assert_allclose(shifts, np.rint(shifts), atol=0.15)
    np.testing.assert_allclose(np.abs(waves[:, 1]), 0.08, atol=0.005)
    assert len(waves) >= 5
    alone = strongest(white_evidence(scan))[0]
    assert len(alone) < len(waves)


def test_what_is_seeded_holds_the_lattice():
    basis = turned(1 / 17, 11, 90)
    scan = scanned(crystal(*basis, SHAPE, noise=0.1), "random", 1 / 20)
    found = find_lattice(white_evidence(scan))
    assert found is not None
    grid = widened(SHAPE)
    smooth = np.full((grid[0], grid[1] // 2 + 1), 0.1, np.float32)
    peaks = seeded(found, smooth, np.ones_like(smooth), grid)
    assert (peaks >= 1).all()
    held = variance_of(smooth * peaks, grid) - variance_of(smooth, grid)
    assert held == pytest.approx(found.waves.variance.sum(), rel=0.02)
    assert held == pytest.approx(scan.values[scan.mask].var(), rel=0.25)


def test_peaks_that_waves_had_are_dropped_for_a_certain_lattice():
    waves = search.Waves(np.array([[0.1, 0.1]]), np.array([1.0]))
    smooth = np.ones((96, 49), np.float32)
    for certainty, left in ((1.0, 1.0), (0.0, 9.0)):
        peaks = seeded(search.Found(waves, certainty), smooth, 9 * smooth, (96, 96))
        assert peaks[60, 30] == pytest.approx(left, rel=1e-3)


@pytest.mark.parametrize(
    ("shape", "sought"),
    [((63, 400), False), ((64, 64), True), ((400, seeding.LARGEST + 1), False)],
)
def test_where_a_lattice_is_looked_for(shape, sought):
    mask = np.random.default_rng(0).random(shape) < 0.1
    assert is_sought(mask) == sought


def test_none_is_looked_for_under_regular_dots():
    mask = np.zeros((128, 128), bool)
    mask[2::6, 2::6] = True
    assert not is_sought(mask)
    mask[3, 3] = True
    assert is_sought(mask)


def test_two_dimensions_need_two_waves():
    y, _ = np.mgrid[: SHAPE[0], : SHAPE[1]]
    stripes = np.cos(2 * np.pi * y / 20) + 0.01 * np.random.default_rng(0).normal(size=SHAPE)
    found = find_lattice(white_evidence(scanned(stripes, "random", 1 / 20)))
    assert found is None or found.certainty < 0.5


def test_widths_follow_certainty_in_steps():
    assert modes.peaks_asked(0.0, 2.5, 1.2) == (2.5, 1.2)
    assert modes.peaks_asked(1.0, 2.5, 1.2) == (modes.LATTICE_PEAK, modes.LATTICE_PEAK_WIDTH)
    assert len({modes.peaks_asked(x, 2.5, 1.2) for x in np.linspace(0, 1, 500)}) == 9


@pytest.mark.parametrize("family", ["spiral", "random"])
def test_torch_finds_the_same_lattice(family):
    """In one batch with a sample that holds none."""
    shape = (128, 144)
    image = crystal(*turned(1 / 13, 20, 60), shape)
    cloud = np.cumsum(np.cumsum(np.random.default_rng(0).normal(size=shape), 0), 1)
    scans = [scanned(each, family, 1 / 20) for each in (image, cloud / cloud.std())]
    values, dwell = (
        torch.from_numpy(np.stack(planes))[:, None]
        for planes in ([scan.values for scan in scans], [scan.dwell for scan in scans])
    )
    for scan, found in zip(scans, krige(values, dwell)[:, 0].numpy(), strict=True):
        off = (found - gaussian_process(scan)) / np.ptp(scan.values[scan.mask])
        assert np.sqrt((off**2).mean()) < 1e-3


def test_evidence_of_one_wave_twice_is_no_trouble():
    """Nor is any strength of it: a scan that misses the difference gives equal columns."""
    overlap = np.ones((6, 6), np.complex128)
    for size in (1e-3, 1.0, 1e6):
        likelihood, variance = search._explained(np.full(6, size + 0j), overlap)
        assert np.isfinite(likelihood)
        assert np.isfinite(variance).all()
    assert likelihood > 1e3


def test_values_of_no_spread_have_none():
    """Nor warnings: where all is noise, nothing is divided by a spectrum of nothing."""
    values = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    mask = np.zeros(SHAPE, np.float32)
    mask[5::7, 3::9] = mask[4, 4] = 1
    assert np.isfinite(gaussian_process(PartialScan(values * mask, mask))).all()
