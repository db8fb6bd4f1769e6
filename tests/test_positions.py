"""Measuring between pixels: binned by dwell, with the exact positions kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError
from stemgan.images import read_partial_scan
from stemgan.images.points import write_points
from stemgan.measurement import (
    Noise,
    PartialScan,
    Points,
    bin_points,
    forward,
    measure,
    measure_at,
    scan_of_points,
)
from stemgan.scan import CustomPath, ScanDesign
from stemgan.scan.beam import beam_of
from stemgan.scan.costs import course_of
from stemgan.scan.physics import Timing

SHAPE = (24, 36)


def ramp(shape=SHAPE):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (3 * y + 2 * x + 10).astype(np.float32)


def points(seed=0, n=60, shape=SHAPE):
    rng = np.random.default_rng(seed)
    where = rng.uniform(-0.5, np.asarray(shape) - 0.5, (n, 2))
    return Points(where, rng.normal(size=n), rng.uniform(0.1, 3, n))


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 200))
def test_binning_equals_a_plain_loop(seed, n):
    given_ = points(seed, n, (5, 7))
    values, dwell = bin_points(given_, (5, 7))
    total, weighted = np.zeros((5, 7)), np.zeros((5, 7))
    for (y, x), sample, time in zip(*given_, strict=True):
        at = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
        total[at] += time
        weighted[at] += time * sample
    np.testing.assert_allclose(dwell, total)
    measured = total > 0
    np.testing.assert_allclose(values[measured], (weighted / total.clip(1e-9))[measured], 1e-5)
    assert (values[~measured] == 0).all()


def test_points_outside_the_frame_are_refused():
    with pytest.raises(InputError, match=r"point 2 .* outside the frame of 24x36"):
        bin_points(Points(np.array([[0.0, 0], [23.5, 0]]), np.ones(2), np.ones(2)), SHAPE)


def test_the_image_is_read_between_its_pixels():
    where = np.random.default_rng(1).uniform(0, np.asarray(SHAPE) - 1, (80, 2))
    scan = measure_at(ramp(), where)
    np.testing.assert_allclose(scan.samples, 3 * where[:, 0] + 2 * where[:, 1] + 10, rtol=1e-6)
    np.testing.assert_array_equal(scan.positions, where)
    values, dwell = bin_points(Points(where, scan.samples, np.ones(80)), SHAPE)
    np.testing.assert_array_equal(scan.values, values)
    np.testing.assert_array_equal(scan.dwell, dwell)
    # After binning the operator is diag(mask) again.
    np.testing.assert_array_equal(forward(scan.values, scan.mask), scan.values)


def test_values_given_to_the_pixels_wanted_keep_their_mistake():
    trace = ScanDesign("raster", SHAPE).trace()
    time = course_of("raster", trace, Timing())
    beam = beam_of(trace, time, lag=2e-6)
    honest = measure_at(ramp(), beam.real)
    fooled = measure_at(ramp(), beam.real, recorded=beam.wanted)
    error = np.abs(honest.values - ramp())[honest.mask]
    assert error.max() <= 2.5 + 1e-4  # half a pixel down and across
    # In the middle of a line the beam is two pixels late; a raster's lines start afresh.
    line = (fooled.values - ramp())[12, 15:]
    np.testing.assert_allclose(line, -2 * 2, atol=0.05)
    assert np.abs(fooled.values - ramp()).max() > 10


def test_sub_pixel_measuring_without_lag_agrees_with_pixels_on_pixel_centres():
    image = np.random.default_rng(2).random(SHAPE).astype(np.float32)
    trace = ScanDesign("raster", SHAPE).trace()
    beam = beam_of(trace, course_of("raster", trace, Timing()))
    np.testing.assert_array_equal(
        measure_at(image, beam.real).values, measure(image, trace).values
    )


@pytest.mark.parametrize("family", ["spiral", "line-hop", "serpentine"])
def test_a_joined_path_is_measured_where_its_line_runs(family):
    trace = ScanDesign(family, (60, 90), 0.15).trace()
    beam = beam_of(trace, course_of(family, trace, Timing()))
    off = np.abs(beam.real - beam.wanted).max(axis=1)
    assert np.percentile(off, 95) <= 0.75  # the pixel drawn, or the one beside it
    scan = measure_at(ramp((60, 90)), beam.real)
    assert scan.coverage == pytest.approx(trace.coverage, rel=0.15)


def test_dwell_weighs_shot_noise():
    flat = np.full((40, 40), 5.0, np.float32)
    rng = np.random.default_rng(3)
    where = rng.uniform(0, 39, (40_000, 2))
    dwell = np.where(np.arange(40_000) < 20_000, 0.5, 4.0)
    scan = measure_at(flat, where, dwell=dwell, noise=Noise(electrons=30), rng=rng)
    assert scan.samples is not None
    for part, electrons in ((scan.samples[:20_000], 15), (scan.samples[20_000:], 120)):
        assert part.mean() == pytest.approx(5, rel=0.01)
        assert part.std() / 5 == pytest.approx(electrons**-0.5, rel=0.03)


def test_pixels_of_a_custom_path_are_as_noisy_as_their_dwell():
    shape = (100, 100)
    centres = (np.argwhere(np.ones(shape)) + 0.5) / 100
    dwell = np.where(np.arange(10_000) < 5000, 1.0, 9.0)
    trace = ScanDesign("custom", shape, custom=CustomPath(centres, dwell)).trace()
    flat = np.full(shape, 2.0, np.float32)
    scan = measure(flat, trace, Noise(electrons=100), np.random.default_rng(4))
    ratio = scan.values[:50].std() / scan.values[50:].std()
    assert ratio == pytest.approx(3, rel=0.05)


def test_drift_follows_the_given_times():
    where = np.full((400, 2), 12.0) + np.random.default_rng(5).uniform(-0.4, 0.4, (400, 2))
    where[:20] += np.arange(20)[:, None] * [0, 1]  # enough pixels
    share = np.linspace(0, 1, 400) ** 2
    rng = np.random.default_rng(6)
    scan = measure_at(ramp(), where, share=share, noise=Noise(drift=4), rng=rng)
    moved = scan.samples - (3 * where[:, 0] + 2 * where[:, 1] + 10)
    fit = np.polyval(np.polyfit(share, moved, 1), share)
    assert np.abs(moved - fit).max() < 1e-3
    with pytest.raises(ValueError, match="rng"):
        measure_at(ramp(), where, noise=Noise(drift=4))


def test_exact_positions_survive_a_file(tmp_path):
    given_ = points(7)
    write_points(tmp_path / "p.csv", given_, SHAPE)
    scan = read_partial_scan(tmp_path / "p.csv")
    for mine, back in zip(
        given_, (scan.positions, scan.samples, scan.position_dwell), strict=True
    ):
        np.testing.assert_array_equal(mine, back)
    again = scan_of_points(given_, SHAPE)
    np.testing.assert_array_equal(scan.values, again.values)
    np.testing.assert_array_equal(scan.dwell, again.dwell)


@settings(max_examples=20)
@given(st.integers(1, 400), st.integers(0, 999))
def test_fractions_stay_in_their_pixels(tmp_path_factory, width, seed):
    """Also those on the very edge, where the last digit decides."""
    rng = np.random.default_rng(seed)
    x = np.nextafter(rng.integers(1, width + 1, 40) / width, 0)
    y = rng.uniform(0, 1, 40)
    path = tmp_path_factory.mktemp("p") / "p.csv"
    rows = [f"{float(a)!r},{float(b)!r},1" for a, b in zip(x, y, strict=True)]
    path.write_text("\n".join(rows))
    from stemgan.images.points import read_points

    image = read_points(path, (50, width), "fraction")
    assert image.points is not None
    found = np.floor(image.points.positions + 0.5).astype(int)
    np.testing.assert_array_equal(found[:, 1], np.floor(x * width))
    np.testing.assert_array_equal(found[:, 0], np.floor(y * 50))


@pytest.mark.parametrize(
    "lists",
    [
        (np.zeros((5, 2)), np.zeros(4), np.ones(5)),
        (np.zeros((5, 3)), np.zeros(5), np.ones(5)),
        (np.zeros((5, 2)), np.zeros(5), None),
    ],
)
def test_lists_that_differ_are_refused(lists):
    whole = np.ones((9, 9), np.float32)
    with pytest.raises(InputError, match="positions, samples and their dwell"):
        PartialScan(whole, whole, None, None, "", {}, *lists)
