"""The parts of kriging in torch, against NumPy, SciPy and dense matrices."""

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.baselines import spectra
from stemgan.baselines.covariance import kernels
from stemgan.kriging.grids import Groups, average, bounded, spectrum_of, white_part
from stemgan.kriging.neighbours import NEIGHBOURS, by_all_pairs
from stemgan.kriging.nnls import nnls
from stemgan.kriging.systems import Systems
from stemgan.kriging.vecchia import inverse_factors
from stemgan_kernels.vecchia import inverse_factor


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(3, 30), columns=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_nnls_is_scipys(rows, columns, seed):
    rng = np.random.default_rng(seed)
    matrices, wanted = rng.normal(size=(3, rows, columns)), rng.normal(size=(3, rows))
    if rows < columns:
        matrices = np.abs(matrices)
    found = nnls(torch.from_numpy(matrices), torch.from_numpy(wanted)).numpy()
    assert (found >= 0).all()
    for matrix, b, x in zip(matrices, wanted, found, strict=True):
        best = scipy.optimize.nnls(matrix, b)[1]
        assert np.linalg.norm(matrix @ x - b) == pytest.approx(best, abs=1e-8)


def test_nnls_of_kernels_that_are_nearly_alike():
    """The kernels' columns differ by little, which is where normal equations lose digits."""
    rng, lags = np.random.default_rng(0), np.arange(1.0, 129)
    model = np.concatenate([np.ones((128, 1)), 1 - kernels(lags)], axis=1)
    for _ in range(5):
        truth = rng.random(model.shape[1]) * (rng.random(model.shape[1]) < 0.1)
        wanted = model @ truth + 0.01 * rng.normal(size=128)
        found = nnls(torch.from_numpy(model)[None], torch.from_numpy(wanted)[None])[0].numpy()
        best = scipy.optimize.nnls(model, wanted)[1]
        assert np.linalg.norm(model @ found - wanted) == pytest.approx(best, rel=1e-6)


def test_spectra_are_treated_as_in_numpy():
    shape = (40, 54)
    rng = np.random.default_rng(0)
    power = np.abs(spectra.spectrum_of(rng.normal(size=shape), shape)) ** 2
    power = power.astype(np.float32)
    batch = torch.from_numpy(power)[None]
    for width in (1.2, 3.0, 4.0):
        np.testing.assert_allclose(
            average(batch, width)[0].numpy(), spectra.average(power, width), rtol=1e-4
        )
    assert float(white_part(batch, shape)) == pytest.approx(spectra.white_part(power, shape))
    np.testing.assert_allclose(bounded(batch)[0].numpy(), spectra.bounded(power))
    image = rng.normal(size=(30, 50))
    np.testing.assert_allclose(
        spectrum_of(torch.from_numpy(image)[None], shape)[0].numpy(),
        spectra.spectrum_of(image, shape),
        atol=1e-9,
    )


def test_groups_add_up_alike_in_any_way():
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(-1, 7, 1000))
    labels[labels == 3] = 5  # an empty group, and one of several pieces
    values = torch.from_numpy(rng.normal(size=(1000, 2)))
    wanted = np.stack([values[labels == k].sum(dim=0).numpy() for k in range(9)])
    for ordered in (False, True):
        np.testing.assert_allclose(Groups(labels, 9, ordered).sum(values).numpy(), wanted)
        one = Groups(labels, 9, ordered).sum(values[:, 0].contiguous())
        np.testing.assert_allclose(one.numpy(), wanted[:, 0])


def test_all_pairs_give_the_nearest_earlier_points(monkeypatch):
    monkeypatch.setattr("stemgan.kriging.neighbours._AT_ONCE", 1000)
    rng = np.random.default_rng(0)
    points = rng.permutation(np.argwhere(rng.random((30, 40)) < 0.1))
    padded = torch.from_numpy(np.concatenate([points, np.zeros((5, 2), int)]))
    empty = torch.full((len(padded), NEIGHBOURS), -1, dtype=torch.int64)
    found = by_all_pairs(padded, len(points), empty).numpy()
    assert (found[len(points) :] == -1).all()
    for i, near in enumerate(found[: len(points)]):
        squares = np.sort(((points[:i] - points[i]) ** 2).sum(axis=1))[:NEIGHBOURS]
        known = near[near >= 0]
        assert len(set(known)) == len(squares)
        np.testing.assert_array_equal(
            np.sort(((points[known] - points[i]) ** 2).sum(axis=1)), squares
        )


def test_factors_are_those_of_the_kernel():
    rng, shape = np.random.default_rng(0), (24, 30)
    points = rng.permutation(np.argwhere(rng.random((20, 25)) < 0.2))
    empty = torch.full((len(points), NEIGHBOURS), -1, dtype=torch.int64)
    near = by_all_pairs(torch.from_numpy(points), len(points), empty)
    lags = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in shape), indexing="ij"))
    covariance = np.exp(-lags / 5).astype(np.float32)
    noise = rng.uniform(0.01, 0.2, len(points))
    wanted = inverse_factor(points, near.numpy().astype(np.int32), covariance, noise)
    found = inverse_factors(
        torch.from_numpy(points)[None].repeat(2, 1, 1),
        near[None].repeat(2, 1, 1),
        torch.from_numpy(np.stack([np.eye(*shape, dtype=np.float32), covariance])),
        torch.from_numpy(noise)[None].repeat(2, 1),
    )
    np.testing.assert_allclose(found[1].numpy(), wanted, atol=1e-5)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("crowded", [False, True])
def test_systems_are_solved(crowded, ordered, monkeypatch):
    """Against dense matrices, of samples with unlike numbers of measured pixels."""
    if ordered:
        monkeypatch.setattr(
            "stemgan.kriging.systems.Groups", lambda *given: Groups(*given, ordered=True)
        )
    rng, shape = np.random.default_rng(0), (20, 24)
    mask = rng.random((2, 16, 20)) < np.array([0.7, 0.2])[:, None, None]
    relative = rng.uniform(0.5, 2, mask.shape)
    lags = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in shape), indexing="ij"))
    power = np.fft.rfft2(np.exp(-lags / 2)).real.clip(1e-6).astype(np.float32)
    system = Systems(*(torch.from_numpy(x) for x in (mask, relative)), shape, crowded=crowded)
    system.prepare(torch.from_numpy(power).repeat(2, 1, 1), torch.tensor([0.1, 0.3]).double())
    images = torch.from_numpy(rng.normal(size=(3, *mask.shape)))
    values = torch.stack([system.of_image(image) for image in images], dim=1)
    duals = system.solve(values, None, 1e-5, 200)
    covariance = np.fft.irfft2(power, shape)
    for i, variance in enumerate((0.1, 0.3)):
        at = np.argwhere(mask[i])
        y, x = ((at[:, None] - at[None]) % shape).transpose(2, 0, 1)
        dense = covariance[y, x] + variance * np.diag(relative[i][mask[i]])
        for value, dual in zip(values[i].numpy(), duals[i].numpy(), strict=True):
            wanted = np.linalg.solve(dense, value[: len(at)])
            np.testing.assert_allclose(dual[: len(at)], wanted, atol=2e-3)
            assert (dual[len(at) :] == 0).all()
