import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.baselines import complete, covariance, spectra
from stemgan.baselines.covariance import RadialCovariance, fit_covariance, variogram
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.baselines.kriging import Kriging
from stemgan.baselines.spectra import rings, spectrum_of, white_part, widened
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import rmse
from stemgan.scan import ScanDesign
from stemgan_kernels import dictionary, vecchia

METHODS = ("gaussian-process", "fourier-pocs", "dct-sparse", "dictionary")
SHAPE = (72, 90)


def scanned(image, family="spiral", coverage=1 / 10):
    design = ScanDesign(family, image.shape, coverage=coverage, seed=1)
    return measure(image.astype(np.float32), design.trace())


def lattice(shape, period=7.0):
    y, x = np.mgrid[: shape[0], : shape[1]]
    angles = 0.2 + np.arange(3) * np.pi / 3
    waves = (np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / period) for a in angles)
    return np.sum(list(waves), axis=0).astype(np.float32)


def drawn(shape, weights, seed=0):
    """A sample of a process of known covariance, cut out of its periodic grid."""
    wide = widened(shape)
    model = RadialCovariance(weights, 0.0)
    spectrum = np.maximum(np.real(spectrum_of(model.on_grid(wide), wide)), 0)
    noise = spectrum_of(np.random.default_rng(seed).normal(size=wide), wide)
    image = np.fft.irfft2(noise * np.sqrt(spectrum), wide)
    return image[: shape[0], : shape[1]].astype(np.float32)


def one_kernel(number, variance=1.0):
    weights = np.zeros(covariance.kernels(np.zeros(1)).shape[1])
    weights[number] = variance
    return weights


@settings(deadline=None, max_examples=30)
@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    share=st.floats(0.02, 1),
    fractional=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    method=st.sampled_from(METHODS),
)
def test_any_mask_and_any_unit(height, width, share, fractional, seed, method):
    """Any mask gives an image within the measured range, and any unit the same image."""
    rng = np.random.default_rng(seed)
    dwell = (rng.random((height, width)) < share).astype(np.float32)
    dwell.ravel()[rng.choice(height * width, 16, replace=False)] = 1
    if fractional:
        dwell *= rng.uniform(0.1, 3, dwell.shape).astype(np.float32)
    values = rng.normal(size=dwell.shape).astype(np.float32)
    image = complete(PartialScan(values, dwell), method)
    measured = values[dwell > 0]
    span = np.ptp(measured)
    assert image.min() >= measured.min() - 1e-4 * span
    assert image.max() <= measured.max() + 1e-4 * span
    other = complete(PartialScan((-300 * values + 50).astype(np.float32), dwell), method)
    np.testing.assert_allclose((other - 50) / -300, image, atol=2e-3 * span)


@pytest.mark.parametrize("where", [np.s_[5, :], np.s_[:, 5], np.s_[:4, :4], np.s_[:, :]])
@pytest.mark.parametrize("method", METHODS)
def test_lines_corners_and_full_frames(where, method):
    dwell = np.zeros((30, 40), np.float32)
    dwell[where] = 1
    values = lattice(dwell.shape, 20) + 3
    assert np.isfinite(complete(PartialScan(values, dwell), method)).all()


@pytest.mark.parametrize(("y", "x"), [(0, 0), (0.7, -0.3)])
def test_a_plane_is_completed_by_a_plane(y, x):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    plane = (y * rows + x * columns + 5).astype(np.float32)
    scan = scanned(plane, "jittered-grid")
    lowest, highest = (f(scan.values[scan.mask]) for f in (np.min, np.max))
    expected = np.clip(plane, lowest, highest)
    np.testing.assert_allclose(complete(scan, "gaussian-process"), expected, atol=0.01)


def test_a_lattice_finer_than_the_gaps():
    image = lattice((180, 150))
    span = float(np.ptp(image))
    scan = scanned(image, coverage=1 / 12)
    kriged, local = (
        rmse(complete(scan, method), image, span)
        for method in ("gaussian-process", "smoothed-linear")
    )
    assert kriged < 4
    assert local > 4 * kriged


def test_the_posterior_mean_beats_other_spectra_on_its_own_process():
    """Learning the spectrum costs little beside knowing it, and far less than a wrong one."""
    shape, noise = (100, 120), 0.05
    truth = drawn(shape, one_kernel(8), seed=1)
    rng = np.random.default_rng(2)
    mask = rng.random(shape) < 0.05
    values = np.where(mask, truth + noise**0.5 * rng.normal(size=shape), 0).astype(np.float32)
    learned = gaussian_process(PartialScan(values, mask.astype(np.float32)))

    def known(weights):
        wide = widened(shape)
        system = Kriging(wide, mask, np.ones(mask.sum()))
        spectrum = np.real(spectrum_of(RadialCovariance(weights, 0).on_grid(wide), wide))
        system.prepare(np.maximum(spectrum, 1e-3).astype(np.float32), noise)
        dual = system.solve(values[mask].astype(float), None, 1e-4, 200)
        return system.mean(dual)[: shape[0], : shape[1]]

    error, best, wrong = (
        np.sqrt(np.mean((image - truth) ** 2))
        for image in (learned, known(one_kernel(8)), known(one_kernel(1)))
    )
    assert error < 1.1 * best
    assert wrong > 1.1 * error


def test_longer_dwell_counts_more():
    """Every other line measured a hundred times as long rules the completion."""
    dwell = np.zeros((60, 64), np.float32)
    dwell[::3] = 2
    dwell[1::3] = 0.02
    rng = np.random.default_rng(0)
    truth = lattice(dwell.shape, 40)
    values = truth + np.where(dwell < 1, 1.5, 0.0) * rng.normal(size=dwell.shape)
    values = values.astype(np.float32)
    told = complete(PartialScan(values, dwell), "gaussian-process")
    untold = complete(PartialScan(values, (dwell > 0).astype(np.float32)), "gaussian-process")
    assert np.std(told - truth) < 0.85 * np.std(untold - truth)


def test_variogram_against_pairs():
    rng = np.random.default_rng(0)
    mask = rng.random((9, 11)) < 0.4
    values = np.where(mask, rng.normal(size=mask.shape), 0).astype(np.float32)
    pairs, squares = variogram(values, mask, 5)
    count, total = np.zeros_like(pairs), np.zeros_like(squares)
    points = np.argwhere(mask)
    for a in points:
        for b in points:
            lag = b - a
            if (abs(lag) <= 5).all():
                count[tuple(lag + 5)] += 1
                total[tuple(lag + 5)] += (values[tuple(a)] - values[tuple(b)]) ** 2 / 2
    np.testing.assert_array_equal(pairs, count)
    np.testing.assert_allclose(squares, total, rtol=1e-5, atol=1e-9)


def test_the_fitted_covariance_is_that_of_the_process():
    shape, noise = (150, 150), 0.1
    truth = drawn(shape, one_kernel(6), seed=3)
    noisy = truth + noise**0.5 * np.random.default_rng(4).normal(size=shape)
    scan = scanned(noisy, "jittered-grid", 1 / 6)
    found = fit_covariance(scan.values, scan.mask)
    lags = np.array([0.0, 2.0, 5.0, 10.0])
    wanted = covariance.kernels(lags) @ one_kernel(6)
    difference = wanted - covariance.kernels(lags) @ found.weights
    # A process this small is known up to its level, which a variogram does not see.
    assert np.ptp(difference) < 0.2
    assert 0.5 * noise < found.noise < 2.5 * noise


def test_conjugate_gradients_against_a_dense_solution():
    mask = np.random.default_rng(0).random((20, 24)) < 0.3
    wide = (24, 30)
    relative = np.random.default_rng(1).uniform(0.5, 2, mask.sum())
    table = RadialCovariance(one_kernel(5), 0).on_grid(wide)
    spectrum = np.maximum(np.real(spectrum_of(table, wide)), 1e-3).astype(np.float32)
    system = Kriging(wide, mask, relative)
    system.prepare(spectrum, 0.05)
    points = np.argwhere(mask)
    kernel = np.fft.irfft2(spectrum, wide)
    lags = (points[:, None] - points) % wide
    dense = kernel[lags[..., 0], lags[..., 1]] + 0.05 * np.diag(relative)
    values = np.random.default_rng(2).normal(size=len(points))
    dual = system.solve(values, None, 1e-5, 50)
    np.testing.assert_allclose(dual, np.linalg.solve(dense, values), rtol=1e-2, atol=1e-3)


def test_an_inverse_factor_with_all_neighbours_is_exact():
    rng = np.random.default_rng(0)
    points = np.argwhere(rng.random((6, 7)) < 0.4)
    count = len(points)
    table = RadialCovariance(one_kernel(3), 0).on_grid((40, 40))
    neighbours = np.tile(np.arange(count, dtype=np.int32), (count, 1))
    neighbours[neighbours >= np.arange(count)[:, None]] = -1
    noise = rng.uniform(0.1, 1, count)
    rows = vecchia.inverse_factor(points, neighbours, table, noise)
    factor = np.diag(rows[:, -1]) + np.where(neighbours >= 0, rows[:, :-1], 0)
    lags = (points[:, None] - points) % 40
    dense = table[lags[..., 0], lags[..., 1]] + np.diag(noise)
    np.testing.assert_allclose(factor @ dense @ factor.T, np.eye(count), atol=1e-4)


def test_an_inverse_factor_refuses_later_neighbours():
    later = np.array([[1], [-1]], np.int32)
    points, table = np.zeros((2, 2), np.int64), np.ones((4, 4), np.float32)
    with pytest.raises(ValueError, match="earlier"):
        vecchia.inverse_factor(points, later, table, np.ones(2))
    with pytest.raises(ValueError, match="differ"):
        vecchia.inverse_factor(points, later, table, np.ones(3))
    with pytest.raises(ValueError, match="outside the grid"):
        vecchia.inverse_factor(points + table.shape, later[1:][[0, 0]], table, np.ones(2))


def test_white_noise_is_told_from_falling_spectra():
    shape = (64, 80)
    frequency = np.maximum(spectra.frequencies(shape), 1 / 80)
    falling = (frequency**-3.0).astype(np.float32)
    assert white_part(falling, shape) < 0.05 * falling.min()
    assert white_part(falling + 40, shape) == pytest.approx(40, rel=0.1)
    assert rings(shape).shape == falling.shape


def test_the_same_scan_gives_the_same_image():
    scan = scanned(lattice(SHAPE))
    once, again = (complete(scan, "gaussian-process") for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_sparse_codes_find_the_atoms_that_made_the_patches():
    rng = np.random.default_rng(0)
    atoms = rng.normal(size=(12, 40)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    wanted = np.array([[3, 7], [0, 11], [5, 5]])
    patches = (4 * atoms[wanted[:, 0]] - 2 * atoms[wanted[:, 1]]).astype(np.float32)
    weights = rng.uniform(0.2, 1, patches.shape).astype(np.float32)
    weights[:, ::3] = 0
    patches[:, ::3] = 99
    chosen, amplitudes = dictionary.sparse_codes(patches, weights, atoms, 3, 1e-5)
    assert [sorted(set(row) - {-1}) for row in chosen.tolist()] == [[3, 7], [0, 11], [5]]
    assert amplitudes[0, chosen[0] == 3] == pytest.approx(4, rel=1e-3)
    assert amplitudes[0, chosen[0] == 7] == pytest.approx(-2, rel=1e-3)


def test_updated_atoms_fit_better_and_missing_values_do_not_matter():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(4, 20)).astype(np.float32)
    chosen = rng.integers(0, 4, (300, 1)).astype(np.int32)
    amplitudes = rng.uniform(1, 2, (300, 1)).astype(np.float32)
    patches = amplitudes * truth[chosen[:, 0]]
    weights = (rng.random(patches.shape) < 0.5).astype(np.float32)
    patches[weights == 0] = 1e3
    start = rng.normal(size=truth.shape).astype(np.float32)
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    found = dictionary.update_atoms(patches, weights, start, chosen, amplitudes, first=1)
    np.testing.assert_array_equal(found[0], start[0])
    for atom, wanted in zip(found[1:], truth[1:], strict=True):
        np.testing.assert_allclose(atom, wanted / np.linalg.norm(wanted), atol=1e-3)


def test_a_learned_dictionary_completes_what_no_average_does():
    """Random dots over a lattice: the repeated patch is learned from where it was measured."""
    image = lattice((128, 140), 11)
    rng = np.random.default_rng(3)
    dwell = (rng.random(image.shape) < 1 / 12).astype(np.float32)
    scan = PartialScan(image * dwell, dwell)
    span = float(np.ptp(image))
    learned, local = (
        rmse(complete(scan, method), image, span)
        for method in ("dictionary", "normalised-convolution")
    )
    assert learned < 0.7 * local


@pytest.mark.parametrize("module", [covariance, spectra, vecchia, dictionary])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0
