import doctest
import importlib

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.baselines import spectra
from stemgan.baselines.covariance import fit_covariance, kernels
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.kriging import krige, kriged_scans
from stemgan.kriging import scans as scans_module
from stemgan.kriging.covariance import fit_covariances
from stemgan.kriging.grids import Groups, average, bounded, spectrum_of, white_part
from stemgan.kriging.neighbours import NEIGHBOURS, by_all_pairs
from stemgan.kriging.nnls import nnls
from stemgan.kriging.systems import Systems
from stemgan.kriging.vecchia import inverse_factors
from stemgan.measurement import PartialScan, measure
from stemgan.scan import ScanDesign
from stemgan_kernels.vecchia import inverse_factor

SHAPE = (72, 90)
MOST, USUAL = 2e-3, 5e-4
"""Largest and root mean square difference from NumPy's, over the measured range."""


def lattice(period):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    angles = 0.2 + np.arange(3) * np.pi / 3
    waves = [np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / period) for a in angles]
    noise = np.random.default_rng(3).normal(size=SHAPE)
    return (np.sum(waves, axis=0) + 0.3 * noise).astype(np.float32)


def scans():
    """Scans of unlike images: a fine lattice, a ramp with steps, noise; of unlike coverage."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(SHAPE[0]), np.arange(SHAPE[1]) // 20 * 9.0)
    images = [lattice(7.0), ramp + rng.normal(size=SHAPE), 40 + rng.normal(size=SHAPE)]
    ways = [("spiral", 1 / 8), ("dots", 1 / 16), ("random", 1 / 30)]
    return [
        measure(
            image.astype(np.float32), ScanDesign(family, SHAPE, coverage=share, seed=1).trace()
        )
        for image, (family, share) in zip(images, ways, strict=True)
    ]


def tensors(partial):
    planes = ([scan.values for scan in partial], [scan.dwell for scan in partial])
    values, dwell = (torch.from_numpy(np.stack(plane))[:, None] for plane in planes)
    return values, dwell


def test_it_agrees_with_numpy():
    partial = scans()
    found = krige(*tensors(partial))
    assert found.shape == (3, 1, *SHAPE)
    assert found.dtype == torch.float32
    for scan, image in zip(partial, found[:, 0].numpy(), strict=True):
        error = (image - gaussian_process(scan)) / np.ptp(scan.values[scan.mask])
        assert np.abs(error).max() < MOST
        assert np.sqrt((error**2).mean()) < USUAL


def test_scans_are_kriged_in_batches_of_one_shape(monkeypatch):
    """As on a GPU, for which the meaning of "cpu" is taken away."""
    one, two = scans()[:2]
    small = PartialScan(two.values[:40, :50], two.dwell[:40, :50])
    partial, counts = [one, two, small, one], []

    def counted(values, dwell):
        counts.append(len(values))
        return krige(values, dwell)

    monkeypatch.setattr("stemgan.kriging.scans.krige", counted)
    monkeypatch.setattr(
        "stemgan.kriging.scans._together",
        lambda batch, _, together=scans_module._together: together(batch, torch.device("cpu")),
    )
    found = kriged_scans(partial, torch.device("meta"))
    assert counts == [2, 1, 1]
    for scan, image in zip(partial, found, strict=True):
        assert image.shape == scan.shape
        error = np.abs(image - gaussian_process(scan)).max()
        assert error < MOST * np.ptp(scan.values[scan.mask])
    at_once = kriged_scans(partial[:1], torch.device("cpu"))[0]
    np.testing.assert_array_equal(at_once, gaussian_process(one))


def test_a_sample_does_not_see_its_batch():
    values, dwell = tensors(scans())
    together = krige(values, dwell)
    for i in range(len(values)):
        alone = krige(values[i : i + 1], dwell[i : i + 1])
        span = float(np.ptp(values[i][dwell[i] > 0].numpy()))
        assert (alone[0] - together[i]).abs().max() < 1e-4 * span


@settings(deadline=None, max_examples=6)
@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    share=st.floats(0.02, 1),
    fractional=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_mask_and_any_unit(height, width, share, fractional, seed):
    """Any mask gives an image within the measured range, and any unit the same image."""
    rng = np.random.default_rng(seed)
    dwell = (rng.random((2, 1, height, width)) < share).astype(np.float32)
    dwell[:, 0, 2:6, 2:6] = 1
    if fractional:
        dwell *= rng.uniform(0.1, 3, dwell.shape).astype(np.float32)
    values = rng.normal(size=dwell.shape).astype(np.float32)
    values[dwell == 0] = np.nan
    given_dwell = torch.from_numpy(dwell)
    image = krige(torch.from_numpy(values), given_dwell)
    other = krige(torch.from_numpy((-300 * values + 50).astype(np.float32)), given_dwell)
    for one, two, read in zip(image, other, values, strict=True):
        span = float(np.nanmax(read) - np.nanmin(read))
        assert np.nanmin(read) - 1e-4 * span <= float(one.min())
        assert float(one.max()) <= np.nanmax(read) + 1e-4 * span
        assert ((50 - two) / 300 - one).abs().max() < 2e-3 * span


def test_constant_and_tilted_scans_are_completed_as_they_are():
    dwell = (torch.rand(2, 1, *SHAPE, generator=torch.manual_seed(0)) < 0.1).float()
    values = torch.full((2, 1, *SHAPE), 1234.567)
    values[1, 0] = torch.arange(SHAPE[0])[:, None] + 0.5 * torch.arange(SHAPE[1])
    found = krige(values, dwell)
    assert (found[0] == values[0]).all()
    inside = found[1, 0, 8:-8, 8:-8]
    assert (inside - values[1, 0, 8:-8, 8:-8]).abs().max() < 0.05


def test_half_precision_around_it_changes_nothing():
    values, dwell = tensors(scans()[:1])
    with torch.autocast("cpu", torch.bfloat16):
        inside = krige(values, dwell)
    assert (inside == krige(values, dwell)).all()


def test_it_refuses_what_it_cannot_complete():
    with pytest.raises(ValueError, match="differ"):
        krige(torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 9))
    with pytest.raises(ValueError, match="no measured pixel"):
        krige(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_completes_alike():
    values, dwell = tensors(scans())
    found = krige(values.cuda(), dwell.cuda()).cpu()
    error = found - krige(values, dwell)
    for scan, one in zip(scans(), error, strict=True):
        assert one.abs().max() < MOST * np.ptp(scan.values[scan.mask])


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


def test_covariances_are_those_of_numpy():
    for scan in scans():
        values = np.where(scan.mask, scan.values - scan.values[scan.mask].mean(), 0)
        values = (values / values[scan.mask].std()).astype(np.float32)
        one = fit_covariance(values, scan.mask)
        many = fit_covariances(
            torch.from_numpy(values)[None], torch.from_numpy(scan.mask)[None]
        )
        assert float(many.noise) == pytest.approx(one.noise, rel=1e-3)
        np.testing.assert_allclose(
            many.on_grid((80, 96))[0].numpy(), one.on_grid((80, 96)), atol=1e-3
        )


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


@pytest.mark.parametrize("name", ["process", "nnls"])
def test_examples(name):
    module = importlib.import_module(f"stemgan.kriging.{name}")
    names = {"torch": torch, "krige": krige, "nnls": nnls}
    assert doctest.testmod(module, extraglobs=names).failed == 0
