import doctest
import importlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.baselines.covariance import fit_covariance
from stemgan.baselines.gaussian_process import gaussian_process
from stemgan.kriging import krige, kriged_scans
from stemgan.kriging import scans as scans_module
from stemgan.kriging.covariance import fit_covariances
from stemgan.kriging.nnls import nnls
from stemgan.measurement import PartialScan, measure
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign

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


def test_a_reconstruction_kriges_where_its_network_runs(monkeypatch):
    device, asked = torch.device("cpu", 0), []

    def recorded(partial, place):
        asked.append(place)
        return kriged_scans(partial, place)

    monkeypatch.setattr("stemgan.reconstruct.estimates.kriged_scans", recorded)

    def kept(infill, dwell, distance, kriged):
        zero = torch.zeros_like(kriged)
        return SimpleNamespace(image=kriged, raw=kriged, log_std=zero, raw_log_std=zero)

    scan = scans()[1]
    found = Reconstructor(kept, device)(scan).image
    assert asked == [device]
    np.testing.assert_allclose(found, gaussian_process(scan), atol=1e-4 * np.ptp(scan.values))


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


@pytest.mark.parametrize("name", ["process", "nnls"])
def test_examples(name):
    module = importlib.import_module(f"stemgan.kriging.{name}")
    names = {"torch": torch, "krige": krige, "nnls": nnls}
    assert doctest.testmod(module, extraglobs=names).failed == 0
