"""The Gaussian process against processes of known covariance, and its solver's parts."""

import numpy as np
import pytest

from stemgan.baselines import covariance
from stemgan.baselines.covariance import RadialCovariance, fit_covariance, variogram
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.baselines.kriging import Kriging
from stemgan.baselines.spectra import spectrum_of, widened
from stemgan.measurement import PartialScan, measure
from stemgan.scan import ScanDesign
from stemgan_kernels import vecchia


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
    design = ScanDesign("jittered-grid", shape, coverage=1 / 6, seed=1)
    scan = measure(noisy.astype(np.float32), design.trace())
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
