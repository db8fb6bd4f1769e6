import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.baselines import complete, covariance, spectra
from stemgan.baselines.spectra import rings, white_part
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
