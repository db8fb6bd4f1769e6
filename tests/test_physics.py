"""Paths in time: costs worked out by hand, and coils that lag against a slow integration."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stemgan.errors import InputError
from stemgan.scan import FAMILIES, CustomPath, ScanDesign
from stemgan.scan.beam import beam_of
from stemgan.scan.costs import course_of, mean_dwell, path_costs
from stemgan.scan.inside import inside, shares_inside
from stemgan.scan.physics import Timing, course, dose, drifted
from stemgan_kernels.response import respond

SHAPE = (24, 32)
PATHS = arrays(
    np.float64, st.tuples(st.integers(2, 6), st.just(2)), elements=st.floats(-20, 20)
)
TIMES = st.floats(0.1, 3)


@settings(max_examples=12)
@given(PATHS, TIMES, TIMES, st.floats(0.2, 3), st.booleans())
def test_lag_is_solved_as_a_slow_integration_does(path, wait, stay, lag, joined):
    waits = np.full(len(path), 0.0 if joined else wait)
    waits[0] = 0
    stays = np.linspace(stay, 2 * stay, len(path))
    response = respond(path, waits, stays, lag, joined=joined)
    real, starts, means = path[0].copy(), [], []
    steps = 400
    for i in range(len(path)):
        dt = waits[i] / steps
        for _ in range(steps):
            real = real + dt * (path[i] - (real + dt / 2 * (path[i] - real) / lag)) / lag
        starts.append(real.copy())
        dt, mean = stays[i] / steps, np.zeros(2)
        move = path[i + 1] - path[i] if joined and i < len(path) - 1 else np.zeros(2)
        for k in range(steps):
            wanted = path[i] + (k + 0.5) / steps * move
            middle = real + dt / 2 * (path[i] + k / steps * move - real) / lag
            real = real + dt * (wanted - middle) / lag
            mean += middle / steps
        means.append(mean)
    np.testing.assert_allclose(response.start, starts, atol=2e-3)
    np.testing.assert_allclose(response.mean, means, atol=2e-3)


@given(PATHS, st.booleans())
def test_without_lag_the_beam_is_where_it_is_sent(path, joined):
    time = course(path, Timing(), joined=joined)
    np.testing.assert_array_equal(time.real(0), path)
    if joined and time.joined:
        share = np.linspace(0, 1, len(path))
        np.testing.assert_allclose(time.real_at(share, 0), path, atol=1e-9)


def test_a_jump_is_followed_exponentially():
    path, stay = np.array([[0.0, 0.0], [0.0, 8.0]]), np.array([1.0, 2.0])
    response = respond(path, np.zeros(2), stay, 1.0, joined=False)
    assert response.start[1, 1] == 0
    assert response.mean[1, 1] == pytest.approx(8 - 8 * (1 - math.exp(-2)) / 2)
    settled = respond(path, np.array([0.0, 3.0]), stay, 1.0, joined=False)
    assert settled.start[1, 1] == pytest.approx(8 - 8 * math.exp(-3))


def test_a_ramp_is_followed_late_by_the_lag():
    path = np.stack([np.zeros(101), np.arange(101.0)], axis=1)
    time = course(path, Timing(dwell=1e-6), joined=True)
    behind = path - time.real(5e-6)
    assert behind[-1, 1] == pytest.approx(5, rel=1e-6)
    assert time.extremes(5e-6)[0] == pytest.approx(1e6, rel=1e-6)
    halfway = time.real_at(np.array([0.505]), 5e-6)
    assert halfway[0, 1] == pytest.approx(50.5 - 5 * (1 - math.exp(-50.5 / 5)))


@pytest.mark.parametrize("shape", [(4,), (3, 3)])
def test_times_must_fit_the_path(shape):
    with pytest.raises(ValueError, match="differ"):
        respond(np.zeros(shape), np.zeros(3), np.zeros(3), 1.0, joined=False)
    with pytest.raises(ValueError, match="negative"):
        respond(np.zeros((3, 2)), np.zeros(3), np.zeros(3), -1.0, joined=False)


def test_a_raster_costs_its_pixels_and_line_returns():
    trace = ScanDesign("raster", (4, 6)).trace()
    timing = Timing(dwell=2e-6, flyback=1e-5, settling=1.0)
    costs = path_costs("raster", trace, timing, pixel_size=0.5, current=50)
    assert costs["duration_s"] == pytest.approx(24 * 2e-6 + 3 * 1e-5)
    assert costs["exposure_s"] == pytest.approx(24 * 2e-6)
    assert (costs["line_returns"], costs["jumps"]) == (3, 0)
    # 50 pA for 2 µs are 624.15 electrons, on a quarter of a square ångström.
    assert costs["dose_path_e_per_A2"] == pytest.approx(4 * 624.1509, rel=1e-6)
    assert costs["dose_field_e_per_A2"] == pytest.approx(costs["dose_path_e_per_A2"])
    assert costs["largest_velocity_px_per_s"] is None
    assert costs["largest_velocity_A_per_s"] is None


def test_dots_settle_after_each_jump():
    positions = np.array([[1.0, 1], [1, 2], [1, 9], [5, 9], [6, 8]])
    time = course(positions, Timing(dwell=1e-6, settling=7e-6, flyback=1.0), joined=False)
    assert time.jumps == 2  # (1, 2) and (6, 8) are neighbours
    assert time.duration == pytest.approx(5e-6 + 14e-6)
    assert list(time.wait) == [0, 0, 7e-6, 7e-6, 0]


def test_a_circle_has_the_velocity_and_acceleration_of_a_circle():
    angle = np.linspace(0, 2 * np.pi, 2001)
    circle = 10 * np.stack([np.sin(angle), np.cos(angle)], axis=1) + 12
    time = course(circle, Timing(dwell=1e-6), joined=True)
    velocity, acceleration = time.extremes(0)
    assert velocity == pytest.approx(1e6, rel=1e-5)
    assert acceleration == pytest.approx(1e12 / 10, rel=1e-4)
    # A circle at angular frequency w comes out with its radius over hypot(1, w lag).
    real = time.real(1e-6)
    radius = np.hypot(*(real[1500:] - 12).T)
    np.testing.assert_allclose(radius, 10 / math.hypot(1, 0.1), rtol=1e-4)


@pytest.mark.parametrize("joined", [True, False])
def test_extremes_of_the_real_beam_are_those_of_its_motion(joined):
    path = np.random.default_rng(3).uniform(0, 20, (6, 2))
    time = course(path, Timing(dwell=1.0), joined=joined)
    lag, real, steps = 2.0, path[0].copy(), 2000
    velocities, accelerations = [], []
    for i in range(len(path)):
        if not time.stay[i]:
            continue
        dt = time.stay[i] / steps
        move = path[i + 1] - path[i] if joined else np.zeros(2)
        for k in range(steps):
            velocity = (path[i] + k / steps * move - real) / lag
            velocities.append(np.hypot(*velocity))
            accelerations.append(np.hypot(*(move / time.stay[i] - velocity)) / lag)
            real = real + dt * velocity
    found = time.extremes(lag)
    assert found[0] == pytest.approx(max(velocities), rel=5e-3)
    assert found[1] == pytest.approx(max(accelerations), rel=5e-3)


@settings(max_examples=30)
@given(PATHS)
def test_shares_inside_the_frame_equal_dense_sampling(path):
    shape = (9, 13)
    along = (np.arange(4000) + 0.5) / 4000
    for share, begin, end in zip(shares_inside(path, shape), path, path[1:], strict=False):
        dense = inside(begin + along[:, None] * (end - begin), shape).mean()
        assert share == pytest.approx(dense, abs=2e-3)


def test_outside_the_frame_time_counts_and_dose_does_not():
    line = np.array([[3.0, -10.5], [3.0, 9.5]])
    time = course(line, Timing(dwell=1e-6), joined=True)
    assert time.duration == pytest.approx(20e-6)
    assert time.exposure((8, 40)) == pytest.approx(10e-6)
    assert time.exposure((8, 5)) == pytest.approx(5e-6)
    apart = course(line, Timing(dwell=1e-6), joined=False)
    assert (apart.duration, apart.exposure((8, 40))) == (
        pytest.approx(2e-6),
        pytest.approx(1e-6),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_costs(family):
    coverage = None if family == "raster" else 0.1
    trace = ScanDesign(family, SHAPE, coverage).trace()
    timing = Timing(dwell=1e-6, flyback=1e-5, settling=3e-6, lag=1e-6)
    costs = path_costs(family, trace, timing, pixel_size=2.0, current=1.0)
    moving = costs["flyback_s"] + costs["settling_s"]
    assert costs["exposure_s"] <= costs["duration_s"] - moving + 1e-12
    assert costs["exposure_s"] >= 0.65e-6 * len(trace.visited)  # diagonal steps are longer
    assert costs["dose_path_e_per_A2"] == pytest.approx(
        costs["dose_field_e_per_A2"] / trace.coverage
    )
    assert 0 <= costs["mean_distance_px"] <= costs["largest_distance_px"]
    assert costs["length_A"] == 2 * costs["length_px"]
    assert costs["largest_velocity_px_per_s"] > 0
    assert 0 < costs["mean_deviation_px"] <= costs["largest_deviation_px"]


def test_dwells_of_a_file_set_the_time():
    positions = (np.array([[1.0, 1], [5, 5], [9, 9]]) + 0.5) / SHAPE
    custom = CustomPath(positions, np.array([1.0, 2.0, 5.0]))
    trace = ScanDesign("custom", SHAPE, custom=custom).trace()
    time = course_of("custom", trace, Timing(dwell=8 / 3))
    np.testing.assert_allclose(time.stay, [1, 2, 5])
    beam = beam_of(trace, time)
    np.testing.assert_allclose(beam.dwell, [3 / 8, 6 / 8, 15 / 8])
    np.testing.assert_allclose(beam.share, [0, 1 / 8, 3 / 8])


def test_settling_counts_in_when_a_position_is_measured():
    positions = (np.array([[1.0, 1], [5, 5], [5, 6]]) + 0.5) / SHAPE
    trace = ScanDesign("custom", SHAPE, custom=CustomPath(positions)).trace()
    time = course_of("custom", trace, Timing(dwell=1.0, settling=2.0))
    np.testing.assert_allclose(beam_of(trace, time).share, [0, 3 / 5, 4 / 5])


def test_acceleration_takes_the_time_between_the_middles_of_two_moves():
    path = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 4.0]])
    time = course(path, Timing(dwell=1.0), joined=True, durations=np.array([0.75, 0.25, 0.0]))
    assert time.extremes(0) == (pytest.approx(3), pytest.approx((3 - 1 / 3) / 2))


def test_the_last_position_of_a_joined_path_takes_no_time():
    positions = (np.array([[1.0, 1], [1, 5], [9, 5]]) + 0.5) / SHAPE
    custom = CustomPath(positions, np.array([1.0, 2.0, 5.0]), joined=True)
    trace = ScanDesign("custom", SHAPE, custom=custom).trace()
    np.testing.assert_allclose(trace.durations, [1 / 3, 2 / 3, 0])
    time = course_of("custom", trace, Timing(dwell=mean_dwell(custom.dwell, trace)))
    np.testing.assert_allclose(time.stay, [1, 2, 0])
    # What is visited at a time is where the beam is at that time.
    pixels = np.stack(np.divmod(trace.visited, SHAPE[1]), axis=1)
    np.testing.assert_allclose(time.real_at(trace.time, 0), pixels, atol=1e-9)


def test_a_drifting_specimen_is_hit_behind():
    hit = drifted(np.full((3, 2), 5.0), np.array([0, 0.5, 1]), (2.0, -4.0))
    np.testing.assert_allclose(hit, [[5, 5], [4, 7], [3, 9]])


def test_measurements_that_leave_the_frame_are_missed():
    trace = ScanDesign("raster", SHAPE).trace()
    time = course_of("raster", trace, Timing())
    beam = beam_of(trace, time, drift=(0.0, 8.0))
    assert beam.missed + len(beam.real) == trace.dwell.size
    assert beam.missed == int(
        (~inside(drifted(trace.path, beam_share(time), (0, 8)), SHAPE)).sum()
    )


def beam_share(time):
    return (np.cumsum(time.stay) - time.stay) / time.duration


@pytest.mark.parametrize(
    "wrong",
    [
        {"dwell": 0},
        {"dwell": math.inf},
        {"flyback": -1},
        {"lag": math.nan},
        {"lag": 1e-300},
        {"settling": 1e300},
    ],
)
def test_times_of_no_microscope_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Timing(**wrong)


@pytest.mark.parametrize(("current", "size"), [(0, 1), (1, 0), (math.nan, 1), (1, math.inf)])
def test_doses_need_a_current_and_a_size(current, size):
    with pytest.raises(InputError, match="above 0"):
        dose(1e-6, 1, current, size)
