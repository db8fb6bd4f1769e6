"""Features put into specimens: they are where they are said to be, and nowhere else."""

import numpy as np
import pytest

from stemgan.errors import InputError
from stemgan.study.features import FEATURES, Pair, draw_pair
from stemgan.study.features.pairs import scattered

SHAPE = (150, 170)
LOCAL = ("vacancy", "heavy-atom", "particle")


def drawn(feature: str, seed: int = 0, count: int = 3) -> Pair:
    return draw_pair(feature, SHAPE, np.random.default_rng(seed), count)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    for feature in FEATURES:
        first, again, other = drawn(feature), drawn(feature), drawn(feature, 1)
        np.testing.assert_array_equal(first.truth, again.truth)
        np.testing.assert_array_equal(first.places, again.places)
        assert not np.array_equal(first.truth, other.truth)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_pair_is_sound(feature: str) -> None:
    pair = drawn(feature)
    assert pair.truth.shape == pair.twin.shape == SHAPE
    assert pair.truth.dtype == pair.twin.dtype == np.float32
    assert np.isfinite(pair.truth).all()
    assert pair.twin.min() > 0  # electrons are counted from zero
    assert pair.twin.mean() == pytest.approx(1, rel=1e-4)
    assert 0.001 < pair.pixel_size < 1
    assert (pair.spacing is None) == (feature in ("heavy-atom", "particle"))
    single = feature in ("dislocation", "grain-boundary")
    assert len(pair.places) == (1 if single else 3)


@pytest.mark.parametrize("feature", LOCAL)
def test_nothing_changes_out_of_reach(feature: str) -> None:
    pair = drawn(feature)
    change = np.abs(np.float64(pair.truth) - pair.twin)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    far = np.ones(SHAPE, bool)
    for place in pair.places:
        far &= np.hypot(y - place[0], x - place[1]) > pair.reach
    assert change[far].max() < 0.01 * change.max()


@pytest.mark.parametrize("feature", [*LOCAL, "interstitial"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_largest_change_is_at_each_place(feature: str, seed: int) -> None:
    pair = drawn(feature, seed)
    blurred = pair.blurred[0] - pair.blurred[1]
    for index, place in enumerate(pair.places):
        rows, columns = pair.window(index)
        change = np.where(pair.disc(index), np.abs(blurred[rows, columns]), 0)
        y, x = np.unravel_index(change.argmax(), change.shape)
        assert np.hypot(y + rows.start - place[0], x + columns.start - place[1]) < 2
        sign = -1 if feature == "vacancy" else 1
        assert sign * blurred[rows, columns][y, x] > 0


def test_a_vacancy_leaves_the_haze_alone() -> None:
    pair = drawn("vacancy")
    y, x = np.round(pair.places[0]).astype(int)
    assert pair.truth[y, x] < 0.6 * pair.twin[y, x]
    assert pair.truth[y, x] > 0.9 * pair.twin.min()


def test_a_dislocation_adds_half_a_row() -> None:
    """Around the core displacements grow by a lattice vector: both sides of it match."""
    pair = drawn("dislocation", 3)
    change = np.abs(pair.blurred[0] - pair.blurred[1])
    inside = change[pair.window(0)][pair.disc(0)]
    assert inside.max() > 0.5 * pair.twin.std()


def test_beyond_a_grain_boundary_alone_the_crystal_is_another() -> None:
    pair = drawn("grain-boundary", 2)
    same = np.abs(pair.truth - pair.twin) < 1e-5
    assert 0.05 < same.mean() < 0.95
    disc = same[pair.window(0)][pair.disc(0)]
    assert 0.05 < disc.mean() < 0.95


def test_features_keep_apart_and_inside() -> None:
    places = scattered((200, 300), np.random.default_rng(0), 12, 20.0)
    assert len(places) == 12
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + 1e9 * np.eye(12)
    assert apart.min() >= 40
    assert places.min() >= 21
    assert (places.max(0) <= (178, 278)).all()
    assert len(scattered((200, 300), np.random.default_rng(0), 500, 20.0)) < 60


@pytest.mark.parametrize(
    ("feature", "shape", "count", "said"),
    [
        ("vacancies", (256, 256), 1, "did you mean vacancy"),
        ("dragon", (256, 256), 1, "choose among vacancy"),
        ("vacancy", (256, 100), 1, "make each side 128 px"),
        ("vacancy", (256, 256), 0, "put in 1 or more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    feature: str, shape: tuple[int, int], count: int, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        draw_pair(feature, shape, np.random.default_rng(0), count)
