import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from stemgan_kernels import masks, threads
from stemgan_kernels.masks import mask_of, path_mask, visit
from stemgan_kernels.threads import in_bands

near = st.floats(-12, 40)
far = st.floats(-3000, 3000)
paths = st.one_of(
    st.lists(st.tuples(near, near), min_size=1, max_size=12),
    st.lists(st.tuples(far, far), min_size=1, max_size=4),
).map(np.array)
shapes = st.tuples(st.integers(1, 30), st.integers(1, 30))


def by_steps(path, shape, joined):
    """The slow twin: every pixel of every line in turn, by Bresenham's rule."""
    y, x = np.floor(path + 0.5).astype(int).T
    order, when = [], []
    for i in range(len(path)):
        last = i == len(path) - 1
        j = i if last or not joined else i + 1
        dy, dx = y[j] - y[i], x[j] - x[i]
        length = max(abs(dy), abs(dx))
        for k in range(max(length, 1)):
            # Halves round away from the line's start.
            ay = (2 * abs(dy) * k + length) // max(2 * length, 1) * np.sign(dy)
            ax = (2 * abs(dx) * k + length) // max(2 * length, 1) * np.sign(dx)
            at = (y[i] + ay, x[i] + ax)
            if 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1] and at not in order:
                order.append(at)
                when.append((i + k / max(length, 1)) / max(len(path) - 1, 1))
    pixels = [a * shape[1] + b for a, b in order]
    return np.array(pixels, np.int64), np.array(when)


@given(paths, shapes, st.booleans())
def test_visits_are_those_of_the_slow_twin(path, shape, joined):
    visits = visit(path, shape, joined=joined)
    pixels, times = by_steps(path, shape, joined)
    np.testing.assert_array_equal(visits.pixels, pixels)
    np.testing.assert_allclose(visits.times, times, atol=1e-12)
    assert visits.pixels.dtype == np.int64
    mask = path_mask(path, shape, joined=joined)
    np.testing.assert_array_equal(mask, mask_of(visits, shape))


@given(paths, shapes)
def test_lines_are_those_of_pillow_inside_and_outside_the_frame(path, shape):
    canvas = Image.new("1", (shape[1], shape[0]))
    whole = [(int(x), int(y)) for y, x in np.floor(path + 0.5)]
    ImageDraw.Draw(canvas).line(whole if len(whole) > 1 else whole * 2, fill=1)
    np.testing.assert_array_equal(path_mask(path, shape, joined=True), np.asarray(canvas))


@given(paths, shapes, st.booleans(), st.integers(0, 9))
def test_times_follow_those_of_the_positions(path, shape, joined, seed):
    steps = np.random.default_rng(seed).random(len(path))
    reached = np.cumsum(steps) / steps.sum()
    visits = visit(path, shape, joined=joined, times=reached)
    assert (np.diff(visits.times) >= -1e-12).all()
    equal = visit(path, shape, joined=joined)
    np.testing.assert_array_equal(visits.pixels, equal.pixels)
    # Equal steps are a clock as any other: the same moments of the path, read on both.
    clock = np.linspace(0, 1, len(path))
    np.testing.assert_allclose(visits.times, np.interp(equal.times, clock, reached), atol=1e-9)


@pytest.mark.parametrize(
    ("path", "times", "words"),
    [
        (np.zeros(4), None, r"\(n, 2\)"),
        (np.zeros((0, 2)), None, r"\(n, 2\)"),
        (np.array([[0.0, np.nan]]), None, "not finite"),
        (np.array([[0.0, 1e12]]), None, "beyond"),
        (np.zeros((3, 2)), np.zeros(2), r"\(2,\).*3 positions"),
        (np.zeros((3, 2)), np.array([0, 1, 0.5]), "in order"),
    ],
)
def test_wrong_paths_are_named(path, times, words):
    with pytest.raises(ValueError, match=words):
        visit(path, (4, 4), joined=True, times=times)


def test_small_results_hold_little_memory():
    back_and_forth = np.tile([[0.0, 0.0], [0.0, 9.0]], (500, 1))
    visits = visit(back_and_forth, (1, 10), joined=True)
    assert len(visits.pixels) == 10
    scan = visit(np.array([[0.0, 0.0], [9.0, 0.0]] * 50), (100, 100), joined=True)
    base = scan.pixels if scan.pixels.base is None else scan.pixels.base
    assert base.nbytes <= 2 * 8 * 2 * len(scan.pixels)


@settings(max_examples=30)
@given(st.integers(0, 50), st.integers(1, 9))
def test_bands_cover_everything_once(length, count):
    done = []
    in_bands(lambda start, stop: done.extend(range(start, stop)), length, count)
    assert sorted(done) == list(range(length))


def test_errors_in_a_thread_are_raised():
    with pytest.raises(ZeroDivisionError):
        in_bands(lambda start, stop: 1 // start, 4, 2)
    with pytest.raises(ValueError, match="one thread"):
        in_bands(lambda start, stop: None, 4, 0)


def test_doctests():
    assert doctest.testmod(masks).failed == 0
    assert doctest.testmod(threads).failed == 0
