import doctest

import numpy as np
import pytest

from stemgan.baselines import complete, crystals
from stemgan.baselines.aliases import dots, find_dot_grid, place_waves, placing
from stemgan.baselines.spectra import widened
from stemgan.baselines.starting import LEAST_SIGNAL, started
from stemgan.baselines.waves import Waves, spectrum_of_waves, variance_of
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import blurred
from stemgan.scan import ScanDesign
from tests.crystals import crystal, turned

SHAPE = (256, 256)


def on_grid(image, pitch, start=2):
    mask = np.zeros(image.shape, bool)
    mask[start::pitch, start::pitch] = True
    return PartialScan(np.where(mask, image, 0).astype(np.float32), mask.astype(np.float32))


def waves_of(scan):
    waves = place_waves(scan.values, scan.mask)
    assert waves is not None
    return waves


def relative(image, truth):
    return float(np.sqrt(np.mean((image - truth) ** 2)) / truth.std())


def by_dots(image, pitch):
    trace = ScanDesign("dots", image.shape, pitch=pitch).trace()
    return measure(image.astype(np.float32), trace)


@pytest.mark.parametrize("between", [60, 90])
@pytest.mark.parametrize("angle", [7, 16, 23])
def test_an_aliased_lattice_is_completed(between, angle):
    """Its period is 14 px, and the dots are 9.4 px apart: two in a period would be 7 apart."""
    image = crystal(*turned(1 / 14, angle, between))
    scan = by_dots(image, 9.4)
    truth = blurred(image)
    assert relative(complete(scan, "gaussian-process"), truth) < 0.65
    assert relative(complete(scan, "smoothed-linear"), truth) > 0.8


def test_waves_are_placed_where_they_are():
    basis = turned(1 / 14, 23, 60)
    scan = by_dots(crystal(*basis), 9.4)
    waves = waves_of(scan)
    strongest = waves.frequency[np.argsort(-waves.variance)[:3]]
    true = [*basis, basis[1] - basis[0]]
    for wave in strongest:
        off = [min(np.hypot(*(wave - t)), np.hypot(*(wave + t))) for t in true]
        assert min(off) < 0.5 / 256
    held = waves.variance.sum() / scan.values[scan.mask].var()
    assert 0.7 < held < 1.2


def test_what_dots_cannot_tell_is_shared_out():
    """A square lattice under a square grid of whole pixels has a square alias."""
    basis = turned(1 / 14, 7, 90)
    scan = on_grid(crystal(*basis), 9)
    waves = waves_of(scan)
    true = [
        min(np.hypot(*(wave - s * b)) for b in basis for s in (1, -1)) < 1 / 256
        for wave in waves.frequency
    ]
    share = waves.variance[true].sum() / waves.variance.sum()
    assert 0.01 < share < 0.5


def test_a_whole_lattice_that_dots_resolve_stays_where_it_is():
    basis = turned(1 / 30, 10, 90)
    scan = on_grid(crystal(*basis), 7)
    waves = waves_of(scan)
    strongest = waves.frequency[waves.variance.argmax()]
    assert np.hypot(*strongest) == pytest.approx(1 / 30, rel=0.03)


def test_dots_on_whole_pixels_tell_their_own_alias():
    """At a pitch of 9.5 px the likelihood alone knows; at 9 px it cannot."""
    image = crystal(*turned(1 / 13, 12, 75), noise=0.1)
    for pitch, knows in ((9.5, True), (9.0, False)):
        scan = by_dots(image, pitch)
        grid = find_dot_grid(scan.mask)
        samples = grid.samples(scan.values)
        peaks = dots.find_peaks(samples)
        found = placing.explanations(grid, samples, peaks)
        fit = found.features[:, -1]
        assert (np.ptp(fit) > 5) == knows


def test_likelihoods_are_those_of_waves_fitted_to_every_dot():
    scan = by_dots(crystal(*turned(1 / 13, 12, 75), noise=0.1), 9.5)
    grid = find_dot_grid(scan.mask)
    samples = grid.samples(scan.values)
    found = placing.explanations(grid, samples, dots.find_peaks(samples))
    down, across = (np.hanning(n + 2)[1:-1] for n in samples.shape)
    weight = np.outer(down, across).ravel()
    aim = (samples.ravel() - samples.mean()) * weight
    y, x = (each.ravel() for each in np.meshgrid(grid.rows, grid.columns, indexing="ij"))
    counted = weight.sum() ** 2 / (weight**2).sum()
    rests = []
    for shifts in found.shifts:
        waves = (dots.find_peaks(samples).frequency + shifts) / grid.pitch
        phase = 2 * np.pi * (np.outer(y, waves[:, 0]) + np.outer(x, waves[:, 1]))
        terms = np.hstack([np.ones((len(y), 1)), np.cos(phase), np.sin(phase)])
        terms *= weight[:, None]
        rests.append(((aim - terms @ np.linalg.lstsq(terms, aim)[0]) ** 2).sum())
    true = -0.5 * counted * np.log(np.array(rests) / min(rests))
    np.testing.assert_allclose(found.features[:, -1], true.clip(-10), atol=0.02)


def test_lattices_under_very_distant_dots_are_not_looked_for():
    """There would be millions, and gigabytes of them."""
    scan = on_grid(crystal(*turned(1 / 80, 7, 60), shape=(1024, 1024)), 28)
    grid = find_dot_grid(scan.mask)
    assert len(dots.find_peaks(grid.samples(scan.values)).variance) > 1
    assert place_waves(scan.values, scan.mask) is None


def test_noise_and_other_masks_have_no_waves():
    noise = np.random.default_rng(1).normal(size=SHAPE)
    scan = on_grid(noise, 6)
    assert place_waves(scan.values, scan.mask) is None
    for family in ("spiral", "random", "fermat"):
        mask = ScanDesign(family, SHAPE, coverage=1 / 20, seed=0).trace().mask
        assert find_dot_grid(mask) is None


@pytest.mark.parametrize(
    "mask",
    [
        np.ones((64, 64), bool),
        np.eye(64, dtype=bool),
        np.zeros((64, 64), bool),
    ],
)
def test_what_is_no_grid_of_dots(mask):
    assert find_dot_grid(mask) is None


def test_a_grid_with_a_dot_missing_is_none():
    mask = np.zeros((64, 64), bool)
    mask[::3, ::3] = True
    assert find_dot_grid(mask) is not None
    mask[30, 30] = False
    assert find_dot_grid(mask) is None


def test_another_unit_is_the_same():
    scan = on_grid(crystal(*turned(1 / 12, 17, 60)), 9)
    one = waves_of(scan)
    other = waves_of(PartialScan(1e4 * scan.values + 7 * scan.mask, scan.dwell))
    np.testing.assert_allclose(other.frequency, one.frequency, atol=1e-5)
    np.testing.assert_allclose(other.variance, 1e8 * one.variance, rtol=1e-3)


def test_reduced_bases_are_short_and_of_the_same_lattice():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 200, 2))
    short, long = crystals.reduced(first, second)
    before = np.abs(np.linalg.det(np.stack([first, second], axis=1)))
    after = np.abs(np.linalg.det(np.stack([short, long], axis=1)))
    np.testing.assert_allclose(after, before)
    product = (short * long).sum(axis=1)
    squares = (short**2).sum(axis=1)
    assert (squares <= (long**2).sum(axis=1) * (1 + 1e-9)).all()
    assert ((product >= -1e-12) & (2 * product <= squares * (1 + 1e-9))).all()


def test_parallel_waves_span_no_lattice():
    first, second = np.array([[0.1, 0.05], [0.1, 0.0]]), np.array([[0.2, 0.1], [0.0, 0.0]])
    short, _ = crystals.reduced(first, second)
    np.testing.assert_allclose(short, 0, atol=1e-12)
    bases, _ = crystals.spanned([first, second])
    assert len(bases) == 1


def test_crystals_are_more_alike_than_others():
    hexagonal, square, odd = (turned(0.05, 20, between) for between in (60, 90, 75))
    odd[1] = odd[1] * 1.35
    found = crystals.likeness(*np.stack([hexagonal, square, odd], axis=1))
    assert found[0] > found[2] + 2
    assert found[1] > found[2] + 2


def test_a_spectrum_of_waves_holds_their_variance():
    grid = widened(SHAPE)
    waves = Waves(np.array([[0.05, 0.1], [0.0, 0.2]]), np.array([0.3, 0.5]))
    assert variance_of(spectrum_of_waves(waves, grid, 1.5), grid) == pytest.approx(
        0.8, rel=1e-4
    )


def test_a_start_is_never_without_signal():
    """As where a variogram takes the variance of a lattice under distant dots for noise."""
    mask = np.zeros(SHAPE, bool)
    mask[::8, ::8] = True
    mask[0, 0] = False
    grid = widened(SHAPE)
    nothing = np.zeros((grid[0], grid[1] // 2 + 1), np.float32)
    smooth, noise = started(nothing, 0.99, np.zeros(SHAPE, np.float32), mask, grid)
    assert variance_of(smooth, grid) == pytest.approx(LEAST_SIGNAL, rel=1e-3)
    assert noise == 1 - LEAST_SIGNAL


def test_pixels_that_touch_are_believed():
    mask = np.zeros(SHAPE, bool)
    mask[::8] = True
    grid = widened(SHAPE)
    nothing = np.zeros((grid[0], grid[1] // 2 + 1), np.float32)
    smooth, noise = started(nothing, 0.99, np.zeros(SHAPE, np.float32), mask, grid)
    assert (variance_of(smooth, grid), noise) == (0, 0.99)


def test_enough_signal_stays_as_it_is():
    mask = np.zeros(SHAPE, bool)
    mask[::8, ::8] = True
    mask[0, 0] = False
    grid = widened(SHAPE)
    flat = np.ones((grid[0], grid[1] // 2 + 1), np.float32)
    smooth, noise = started(flat, 0.1, np.zeros(SHAPE, np.float32), mask, grid)
    np.testing.assert_array_equal(smooth, flat)
    assert noise == 0.1


def test_examples_in_docstrings():
    assert doctest.testmod(dots).failed == 0
