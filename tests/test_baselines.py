import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from stemgan import baselines
from stemgan.baselines import METHODS, complete, smoothing
from stemgan.baselines.smoothing import gap_length, smooth
from stemgan.baselines.widths import held_out_width
from stemgan.errors import InputError
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import rmse
from stemgan.scan import ScanDesign

SHAPE = (96, 130)


def scanned(image, family="spiral", coverage=1 / 10):
    design = ScanDesign(
        family, image.shape, coverage=1.0 if family == "raster" else coverage, seed=1
    )
    return measure(image.astype(np.float32), design.trace())


def lattice(shape, period=7.0):
    y, x = np.mgrid[: shape[0], : shape[1]]
    angles = 0.2 + np.arange(3) * np.pi / 3
    waves = (np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / period) for a in angles)
    return sum(waves).astype(np.float32)


def plane(shape, slope=(0.7, -0.3), offset=5.0):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (slope[0] * y + slope[1] * x + offset).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["spiral", "dots", "jittered-grid", "raster"])
def test_shape_and_type(method, family):
    scan = scanned(plane(SHAPE), family)
    image = complete(scan, method)
    assert image.shape == SHAPE
    assert image.dtype == np.float32
    assert np.isfinite(image).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.0, -3.7, 0.1, 1e6])
def test_vacuum_stays_vacuum(method, level):
    scan = scanned(np.full(SHAPE, level))
    np.testing.assert_array_equal(complete(scan, method), np.float32(level))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("gain", "offset"), [(1e-9, 0), (-300, 1e4), (1e30, 0)])
def test_any_unit(method, gain, offset):
    """Completing commutes with a change of unit."""
    scan = scanned(lattice(SHAPE, 30) + plane(SHAPE, (0.01, 0.02)))
    values = np.where(scan.mask, gain * scan.values + offset, 0).astype(np.float32)
    other = complete(PartialScan(values, scan.dwell), method)
    expected = gain * complete(scan, method).astype(np.float64) + offset
    np.testing.assert_allclose(other, expected, atol=2e-3 * abs(gain))


@settings(deadline=None, max_examples=25)
@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    share=st.floats(0.02, 1),
    seed=st.integers(0, 2**32 - 1),
    method=st.sampled_from(list(METHODS)),
)
def test_any_mask_of_any_shape(height, width, share, seed, method):
    rng = np.random.default_rng(seed)
    dwell = (rng.random((height, width)) < share).astype(np.float32)
    dwell.ravel()[rng.choice(height * width, 16, replace=False)] = 1
    values = rng.normal(size=dwell.shape).astype(np.float32)
    scan = PartialScan(values, dwell)
    image = complete(scan, method)
    measured = values[dwell > 0]
    tolerance = 1e-4 * np.ptp(measured)
    assert image.min() >= measured.min() - tolerance
    assert image.max() <= measured.max() + tolerance


@settings(deadline=None, max_examples=40)
@given(
    gain=st.floats(1e-3, 1e3),
    sign=st.sampled_from([-1, 1]),
    offset=st.floats(-10, 10),
    seed=st.integers(0, 2**32 - 1),
    method=st.sampled_from(list(METHODS)),
)
def test_completing_commutes_with_any_affine_change(gain, sign, offset, seed, method):
    rng = np.random.default_rng(seed)
    dwell = (rng.random((40, 33)) < 0.2) * rng.uniform(0.5, 2, (40, 33))
    dwell.ravel()[rng.choice(dwell.size, 16, replace=False)] = 1
    dwell = dwell.astype(np.float32)
    values = smooth(rng.normal(size=dwell.shape).astype(np.float32), 2)
    scan = PartialScan(values, dwell)
    # An offset that is large beside the values' range would leave them no digits.
    other = PartialScan(sign * gain * (scan.values + np.float32(offset)), dwell)
    expected = sign * gain * (complete(scan, method).astype(np.float64) + offset)
    tolerance = 5e-3 * gain * float(np.ptp(values))
    np.testing.assert_allclose(complete(other, method), expected, atol=tolerance)


@pytest.mark.parametrize("line", [np.s_[5, :], np.s_[:, 5], np.s_[:4, :4], np.s_[-4:, -5:]])
@pytest.mark.parametrize("method", METHODS)
def test_one_measured_line_or_corner(method, line):
    """All points on one line: there is nothing to triangulate, nor a second dimension."""
    dwell = np.zeros((40, 50), np.float32)
    dwell[line] = 1
    image = complete(PartialScan(plane(dwell.shape), dwell), method)
    assert np.isfinite(image).all()


def test_linear_reproduces_a_plane_inside_the_hull():
    scan = scanned(plane(SHAPE), "dots")
    rows, columns = (np.flatnonzero(scan.mask.any(axis)) for axis in (1, 0))
    inside = np.s_[rows[0] + 1 : rows[-1], columns[0] + 1 : columns[-1]]
    error = (complete(scan, "linear") - plane(SHAPE))[inside]
    # Positions are jittered by 0.02 px for the sake of Qhull, on a slope of 0.8 per px.
    assert np.abs(error).max() < 0.05
    assert np.abs(complete(scan, "nearest") - plane(SHAPE))[inside].max() > 1


@pytest.mark.parametrize("method", ["nearest", "linear"])
def test_interpolation_keeps_what_was_measured(method):
    image = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    scan = scanned(image)
    np.testing.assert_allclose(complete(scan, method)[scan.mask], image[scan.mask], atol=1e-6)


def test_nearest_equals_scipy():
    image = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    scan = scanned(image)
    distance, index = distance_transform_edt(~scan.mask, return_indices=True)
    differs = complete(scan, "nearest") != image[tuple(index)]
    # Two measured pixels may be equally near, but nothing else may differ.
    there = np.stack(np.nonzero(scan.mask), -1)
    for pixel in np.argwhere(differs):
        apart = np.hypot(*(there - pixel).T)
        assert (apart < distance[tuple(pixel)] + 1e-6).sum() > 1


def test_normalised_convolution_against_its_definition():
    """Where neighbourhoods are full, the narrowest average with little trust in wider ones."""
    rng = np.random.default_rng(0)
    dwell = (rng.random((40, 50)) < 0.5).astype(np.float32)
    values = np.where(dwell > 0, rng.normal(size=dwell.shape), 0).astype(np.float32)
    scan = PartialScan(values, dwell)
    share = 3 / held_out_width(scan)
    expected = smooth(values, 3) / smooth(dwell, 3)
    image = baselines.local.normalised_convolution(scan, share, trust=1e-6)
    np.testing.assert_allclose(image, expected, atol=1e-4)


@pytest.mark.parametrize("method", ["smoothed-nearest", "smoothed-linear", "nearest", "linear"])
def test_only_the_spectrum_completes_a_lattice_finer_than_the_gaps(method):
    image = lattice((256, 200))
    scan = scanned(image, coverage=1 / 12)
    assert gap_length(scan) > 1.3 * 7
    span = float(np.ptp(image))
    spectral, local = (rmse(complete(scan, m), image, span) for m in ("fourier-pocs", method))
    assert spectral < 8
    assert local > 2 * spectral


def test_smoothing_helps_where_images_are_smooth():
    image = smooth(np.random.default_rng(0).normal(size=(200, 256)).astype(np.float32), 16)
    scan = scanned(image, coverage=1 / 20)
    errors = {m: rmse(complete(scan, m), image, float(np.ptp(image))) for m in METHODS}
    assert errors["smoothed-nearest"] < 0.7 * errors["nearest"]
    assert errors["smoothed-linear"] < errors["linear"]
    assert errors["normalised-convolution"] < errors["nearest"]


@pytest.mark.parametrize("pitch", [8, 20, 33])
def test_the_gap_of_parallel_lines_is_their_pitch(pitch):
    dwell = np.zeros((10 * pitch, 40), np.float32)
    dwell[pitch // 2 :: pitch] = 1
    scan = PartialScan(np.zeros_like(dwell), dwell)
    assert gap_length(scan) == pytest.approx(pitch, rel=0.02)


@pytest.mark.parametrize("sigma", [0.3, 2.0, 30.0])
def test_smoothing_keeps_the_mean_and_adds_variances(sigma):
    image = np.zeros((64, 81), np.float32)
    image[20, 50] = 1
    once, twice = smooth(image, sigma), smooth(smooth(image, sigma), sigma)
    assert once.sum() == pytest.approx(1, rel=1e-4)
    assert once.min() > -1e-7
    np.testing.assert_allclose(twice, smooth(image, sigma * 2**0.5), atol=1e-6)


def test_the_global_generator_is_not_touched():
    scan = scanned(lattice(SHAPE))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for method in METHODS:
        complete(scan, method)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_unknown_method_names_the_near_miss():
    with pytest.raises(InputError, match="did you mean nearest"):
        complete(scanned(plane(SHAPE)), "nearst")


@pytest.mark.parametrize("module", [baselines, smoothing])
def test_doctests(module):
    assert doctest.testmod(module).failed == 0
