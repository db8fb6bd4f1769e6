"""The geometry of each family of paths, against its definition or a slow twin."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stemgan_kernels.distance import distance_transform
from stemgan_kernels.masks import mask_of, visit
from stemgan_kernels.paths import (
    dot_grid,
    fermat_spiral,
    hilbert,
    interleaved,
    line_hop,
    lissajous,
    poisson_disk,
    random_dots,
    raster,
    serpentine,
)

SHAPES = st.tuples(st.integers(5, 60), st.integers(5, 60))
PITCHES = st.floats(1, 12)
SEEDS = st.integers(0, 2**31)


def mask(path, shape, *, joined):
    return mask_of(visit(path, shape, joined=joined), shape)


@given(SHAPES, st.floats(2, 6), st.floats(0, 7))
def test_each_dot_of_a_fermat_spiral_has_the_pitch_squared(shape, pitch, rotation):
    dots = fermat_spiral(shape, pitch, rotation=rotation)
    assert len(dots) * pitch**2 == pytest.approx(math.prod(shape), abs=2 * pitch * sum(shape))
    middle = (np.array(shape) - 1) / 2
    r = np.sort(np.hypot(*(dots - middle).T))
    within = r[r < min(shape) / 2 - 0.5]
    np.testing.assert_allclose(
        within, pitch * np.sqrt(np.arange(len(within)) / np.pi), atol=1e-9
    )


def test_a_fermat_spiral_is_visited_along_an_archimedean_one():
    dots = fermat_spiral((400, 400), 6.0) - 199.5
    dots = dots[:3000]  # those of whole turns
    steps = np.hypot(*np.diff(dots, axis=0).T)
    assert steps.mean() < 1.2 * 6
    assert steps.max() < 4 * 6
    turned = np.unwrap(np.arctan2(*dots.T)) / (2 * np.pi)
    np.testing.assert_allclose(np.hypot(*dots.T)[9:], turned[9:] * 1.75 * 6, atol=1.75 * 6)


@given(SHAPES, PITCHES, SEEDS)
def test_line_hops_are_small_and_stay_in_their_bands(shape, pitch, seed):
    path = line_hop(shape, pitch, seed=seed)
    inside = (path[:, 1] >= 0) & (path[:, 1] < shape[1])
    lines = path[inside].reshape(-1, shape[1], 2)
    lines[1::2] = lines[1::2, ::-1]
    assert len(lines) == max(1, round(shape[0] / pitch))
    assert (np.abs(np.diff(lines[..., 0], axis=1)) <= 1).all()
    low, high = lines[..., 0].min(axis=1), lines[..., 0].max(axis=1)
    assert (low >= 0).all()
    assert (high < shape[0]).all()
    assert (low[1:] > high[:-1]).all()
    assert (high - low < pitch + 1).all()
    assert mask(path, shape, joined=True).sum() == len(lines) * shape[1]


def test_line_hops_are_equally_likely_and_use_the_whole_band():
    path = line_hop((40, 20000), 10, seed=1)
    rows = path[(path[:, 1] >= 0) & (path[:, 1] < 20000), 0].reshape(4, -1)
    hops = np.diff(rows, axis=1)
    assert np.abs([(hops == h).mean() for h in (-1, 1)] - np.float64(0.3)).max() < 0.01
    assert (hops == 0).mean() == pytest.approx(0.4, abs=0.01)  # 1/3, and those at the edges
    counts = np.stack([np.bincount(r.astype(int), minlength=40) for r in rows])
    assert (counts.sum(axis=0) > 1000).all()


@given(SHAPES, PITCHES, st.none() | st.floats(0, 20))
@example((34, 5), 1.0, 1.9999999999999964)
@example((34, 5), 2.0, 0.9999999999999964)
@example((34, 5), 3.0, 0.9999999999999964)
def test_a_serpentine_is_a_raster_of_some_lines(shape, pitch, first):
    path = serpentine(shape, pitch, first=first)
    at = mask(path, shape, joined=True)
    assert (at.all(axis=1) == at.any(axis=1)).all()
    rows = np.flatnonzero(at.any(axis=1))
    assert len(rows) > 0
    assert (np.abs(np.diff(rows) - pitch) < 1).all()
    if first is None:
        assert abs(rows[0] - (shape[0] - 1 - rows[-1])) <= 1
    assert np.abs(np.diff(path, axis=0)).sum(axis=1).max() == 1
    turns = np.diff(path[(path[:, 1] >= 0) & (path[:, 1] < shape[1]), 1].reshape(len(rows), -1))
    assert (turns == np.where(np.arange(len(rows)) % 2, -1, 1)[:, None]).all()


@given(SHAPES, st.integers(1, 8))
def test_the_fields_of_an_interlace_are_a_raster(shape, every):
    fields = [interleaved(shape, every, field=f) for f in range(min(every, shape[0]))]
    joined = np.concatenate(fields)
    assert len(joined) == math.prod(shape)
    assert len(np.unique(joined, axis=0)) == math.prod(shape)
    np.testing.assert_array_equal(np.unique(joined, axis=0), raster(shape))
    assert all((np.diff(f[:, 1].reshape(-1, shape[1])) == 1).all() for f in fields)


@given(SHAPES, st.integers(0, 5))
def test_hilbert_s_curve_visits_each_cell_once_by_unit_steps(shape, order):
    path = hilbert(shape, order)
    cells = (path + 0.5) / np.array(shape) * 2**order - 0.5
    np.testing.assert_allclose(cells, np.round(cells), atol=1e-9)
    assert len(np.unique(np.round(cells), axis=0)) == len(path) == 4**order
    if order:
        np.testing.assert_allclose(np.abs(np.diff(cells, axis=0)).sum(axis=1), 1)


COPRIME = st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda p: math.gcd(*p) == 1)


@given(SHAPES, COPRIME)
def test_lissajous_curves_touch_the_sides_and_close(shape, pair):
    path = lissajous(shape, *pair)
    np.testing.assert_allclose(path[0], path[-1], atol=1e-9)
    assert (path >= -1e-9).all()
    assert (path <= np.array(shape) - 1 + 1e-9).all()
    np.testing.assert_allclose(path.min(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(path.max(axis=0), np.array(shape) - 1, atol=0.1)


@given(COPRIME)
def test_lissajous_curves_never_run_back_on_themselves(pair):
    path = lissajous((400, 400), *pair)
    half = visit(path[: len(path) // 2], (400, 400), joined=True).pixels
    whole = visit(path, (400, 400), joined=True).pixels
    assert len(whole) > 1.6 * len(half)


OFFSETS = st.tuples(st.floats(-30, 90), st.floats(0, 9))


@settings(max_examples=30)
@given(SHAPES, st.floats(2, 9), st.floats(0.01, 6), OFFSETS)
def test_turned_grids_are_turned_grids(shape, pitch, rotation, offset):
    dots = dot_grid(shape, pitch, offset=offset, rotation=rotation)
    cosine, sine = np.cos(rotation), np.sin(rotation)
    y, x = (dots - offset).T / pitch
    cells = np.stack([y * cosine - x * sine, y * sine + x * cosine])
    np.testing.assert_allclose(cells, np.round(cells), atol=1e-9)
    every = np.indices((140, 140)).reshape(2, -1) - 70.0
    all_y = offset[0] + pitch * (every[0] * cosine + every[1] * sine)
    all_x = offset[1] + pitch * (every[1] * cosine - every[0] * sine)
    inside = (np.abs(all_y - (shape[0] - 1) / 2) < shape[0] / 2 - 1e-9) & (
        np.abs(all_x - (shape[1] - 1) / 2) < shape[1] / 2 - 1e-9
    )
    assert len(dots) == pytest.approx(inside.sum(), abs=0)


@given(SHAPES, st.floats(0.01, 1), SEEDS)
def test_random_dots_are_distinct_and_in_no_order(shape, share, seed):
    count = max(1, int(share * math.prod(shape)))
    dots = random_dots(shape, count, seed=seed)
    assert len(np.unique(dots, axis=0)) == len(dots) == count
    if count > 20:
        assert (np.diff(dots[:, 0]) < 0).any()


@settings(max_examples=25)
@given(SHAPES, PITCHES, SEEDS)
def test_poisson_disks_keep_their_distance_and_leave_no_room(shape, pitch, seed):
    dots = poisson_disk(shape, pitch, seed=seed)
    apart = np.hypot(*(dots[:, None] - dots).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= pitch - 1e-9
    assert distance_transform(mask(dots, shape, joined=False)).distance.max() < pitch + 1e-6
    some = poisson_disk(shape, pitch, seed=seed, most=max(1, len(dots) // 2))
    assert len(some) == max(1, len(dots) // 2)


def test_a_poisson_disk_wider_than_the_frame_is_one_dot():
    assert poisson_disk((40, 60), 1e9, seed=0).shape == (1, 2)


def test_poisson_disks_are_visited_without_long_ways():
    dots = poisson_disk((300, 200), 5, seed=0)
    assert np.hypot(*np.diff(dots, axis=0).T).mean() < 1.5 * 5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lissajous((8, 8), 2, 4), "coprime"),
        (lambda: lissajous((8, 8), 0, 1), "coprime"),
        (lambda: hilbert((8, 8), 14), "order"),
        (lambda: random_dots((8, 8), 65, seed=0), "65 dots"),
        (lambda: random_dots((8, 8), 0, seed=0), "0 dots"),
        (lambda: poisson_disk((8, 8), 2, seed=0, most=0), "none"),
        (lambda: interleaved((8, 8), 0), "pitch"),
        (lambda: serpentine((8, 0), 2), "empty side"),
        (lambda: line_hop((8, 8), float("nan"), seed=0), "pitch"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
