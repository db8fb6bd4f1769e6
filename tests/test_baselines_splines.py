"""Splines and total variation against direct solutions of the problems that they state."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse.linalg import spsolve

from stemgan.baselines import spline, variation
from stemgan.baselines.smoothing import weights
from stemgan.measurement import PartialScan
from stemgan_kernels.variation import conductance, spread


def differences(shape):
    """Differences to the next pixel down the rows and along them, as sparse matrices."""
    height, width = shape
    down, along = (sp.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(n - 1, n)) for n in shape)
    return sp.kron(down, sp.eye_array(width)), sp.kron(sp.eye_array(height), along)


def problem(shape, seed, share=0.2):
    rng = np.random.default_rng(seed)
    weight = np.where(rng.random(shape) < share, rng.uniform(0.3, 2, shape), 0)
    weight[0, 0] = 1
    y, x = np.mgrid[: shape[0], : shape[1]]
    truth = np.sin(y / 5) + np.cos(x / 7) + 0.2 * rng.normal(size=shape)
    values = np.where(weight > 0, truth, 0)
    return values.astype(np.float32), weight.astype(np.float32)


@settings(deadline=None, max_examples=20)
@given(
    height=st.integers(8, 30),
    width=st.integers(8, 30),
    order=st.sampled_from([1, 2]),
    length=st.floats(0.3, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_spline_equals_the_direct_solution(height, width, order, length, seed):
    shape = (height, width)
    values, weight = problem(shape, seed)
    penalty = float(weight.mean()) * length ** (2 * order)
    start = np.zeros(shape, np.float32)
    found = spline.solve(values, weight, penalty, order, start, tolerance=1e-6)
    down, along = differences(shape)
    laplacian = down.T @ down + along.T @ along
    system = sp.diags_array(weight.ravel().astype(float)) + penalty * (
        laplacian if order == 1 else laplacian @ laplacian
    )
    expected = spsolve(system.tocsc(), (weight * values).ravel().astype(float))
    np.testing.assert_allclose(found.ravel(), expected, atol=5e-3)


@pytest.mark.parametrize("method", [spline.laplace, spline.biharmonic])
def test_the_tolerance_is_fine_enough(method, monkeypatch):
    values, weight = problem((120, 90), 3)
    scan = PartialScan(values, weight)
    usual = method(scan)
    solve = spline.solve
    monkeypatch.setattr(spline, "solve", lambda *a: solve(*a, tolerance=1e-6))
    assert np.abs(usual - method(scan)).max() < 0.01 * np.ptp(usual)


@pytest.mark.parametrize("order", [1, 2])
def test_a_short_spline_interpolates(order):
    values, weight = problem((40, 50), 1)
    scan = PartialScan(values, weight)
    image = spline.smoothing_spline(scan, order, 0.03)
    np.testing.assert_allclose(image[scan.mask], values[scan.mask], atol=0.02)


@pytest.mark.parametrize("method", [spline.laplace, spline.biharmonic])
def test_pixels_that_dwelled_longer_count_more(method):
    """Two populations of measured pixels: the image leans to those that dwelled longer."""
    chequers = np.indices((48, 48)).sum(0) % 2
    values = chequers.astype(np.float32)
    means = [
        method(PartialScan(values, np.where(chequers, dwell, 1).astype(np.float32))).mean()
        for dwell in (0.5, 1, 2)
    ]
    assert means[0] < 0.4 < means[1] < 0.6 < means[2]


def test_weights_do_not_depend_on_the_unit_of_the_dwell_map():
    values, weight = problem((40, 50), 1)
    one, other = (
        weights(PartialScan(values, k * weight)) for k in (np.float32(1), np.float32(7))
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)


def huber(size, softness):
    return np.where(size <= softness, size**2 / (2 * softness), size - softness / 2)


def test_total_variation_reaches_the_minimum():
    shape = (14, 17)
    values, weight = problem(shape, 2, share=0.4)
    down, along = differences(shape)
    penalty, softness = 0.2, 0.1

    def gradients(flat):
        image = flat.reshape(shape)
        gradient = np.zeros((2, *shape))
        gradient[0, :-1] = np.diff(image, axis=0)
        gradient[1, :, :-1] = np.diff(image, axis=1)
        return gradient

    def cost(flat):
        gradient = gradients(flat)
        size = np.hypot(*gradient)
        fit = weight.ravel() * (flat - values.ravel())
        slopes = gradient / np.maximum(size, softness)
        pull = down.T @ slopes[0, :-1].ravel() + along.T @ slopes[1, :, :-1].ravel()
        total = 0.5 * fit @ (flat - values.ravel()) + penalty * huber(size, softness).sum()
        return total, fit + penalty * pull

    start = np.zeros(shape, np.float32)
    found = variation.solve(values, weight, penalty, softness, start, rounds=300)
    least = minimize(cost, start.ravel().astype(float), jac=True, method="L-BFGS-B", tol=1e-12)
    np.testing.assert_allclose(found.ravel(), least.x, atol=2e-3)
    assert cost(found.ravel().astype(float))[0] <= least.fun * (1 + 1e-5)


@settings(deadline=None, max_examples=20)
@given(
    height=st.integers(2, 9),
    width=st.integers(2, 9),
    softness=st.floats(0.01, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradients_spread_as_sparse_matrices_say(height, width, softness, seed):
    image = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    down, along = differences(image.shape)
    gradient = np.zeros((2, height, width))
    gradient[0, :-1] = (down @ image.ravel()).reshape(height - 1, width)
    gradient[1, :, :-1] = (along @ image.ravel()).reshape(height, width - 1)
    conduct = conductance(image, softness, np.empty_like(image))
    np.testing.assert_allclose(
        conduct, 1 / np.maximum(np.hypot(*gradient), softness), rtol=1e-5
    )
    flow = conduct * gradient
    expected = down.T @ flow[0, :-1].ravel() + along.T @ flow[1, :, :-1].ravel()
    found = spread(image, conduct, np.empty_like(image))
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-4)


def test_total_variation_keeps_an_edge_that_a_plate_blurs():
    rng = np.random.default_rng(0)
    truth = np.zeros((96, 96), np.float32)
    truth[:, 48:] = 1
    mask = rng.random(truth.shape) < 0.3
    noisy = truth + 0.05 * rng.normal(size=truth.shape).astype(np.float32)
    scan = PartialScan(np.where(mask, noisy, 0), mask.astype(np.float32))
    sharp = variation.total_variation(scan, share=1.0, softness=0.1)
    blunt = spline.smoothing_spline(scan, 2, 3.0)
    assert np.abs(sharp - truth)[:, 40:56].mean() < np.abs(blunt - truth)[:, 40:56].mean()


def test_arguments_that_do_not_fit():
    image, other = np.zeros((4, 5), np.float32), np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="differ"):
        conductance(image, 1, other)
    with pytest.raises(ValueError, match="differ"):
        spread(image, image, other)
