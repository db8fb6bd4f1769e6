"""The dimension of points is that of their manifold; an autoencoder finds it curved or not."""

import doctest
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.errors import InputError

pytest.importorskip("sklearn", reason="needs the extra: catalogue")

from stemgan_data_prep.catalogue.explore import autoencoder, dimension
from stemgan_data_prep.catalogue.explore.autoencoder import Training, fit
from stemgan_data_prep.catalogue.explore.dimension import (
    block_analysis,
    two_nn,
)
from stemgan_data_prep.catalogue.explore.neighbours import checked, distinct
from tests.benchmarking import FOLDER, scripts


@pytest.fixture(scope="module")
def known():
    with (
        pytest.MonkeyPatch.context() as patch,
        scripts(patch, FOLDER / "catalogue", ("known",)) as script,
    ):
        yield script("known")


def test_examples():
    assert doctest.testmod(dimension).failed == 0


@pytest.mark.parametrize("true", [2, 5, 10])
@pytest.mark.parametrize("name", ["gaussian", "sphere", "bent"])
def test_dimension_in_a_hundred(known, name, true):
    points = known.MANIFOLDS[name](4000, true, np.random.default_rng(true))
    assert points.shape == (4000, 100)
    found = two_nn(points)
    assert found.fit == pytest.approx(true, rel=0.1)
    assert found.likelihood == pytest.approx(true, rel=0.1)


def test_estimates_are_those_of_the_distribution():
    points = np.random.default_rng(3).random((1000, 2))
    found = two_nn(points)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    first, second = np.sort(distances, axis=1)[:, 1:3].T
    logs = np.sort(np.log(second / first))
    np.testing.assert_allclose(found.logs, logs, rtol=1e-6)
    assert found.likelihood == pytest.approx((1000 - 1) / logs.sum())
    kept, levels = logs[:900], -np.log(1 - np.arange(1, 901) / 1001)
    assert found.fit == pytest.approx(np.linalg.lstsq(kept[:, None], levels)[0][0])
    assert found.kept == 900


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_neither_unit_nor_origin_matters(scale, shift):
    points = np.random.default_rng(0).normal(size=(300, 4))
    moved = two_nn(points * scale + shift * scale)
    assert moved.fit == pytest.approx(two_nn(points).fit, rel=1e-4)


def test_points_given_twice_count_once():
    points = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
    found = two_nn(np.concatenate([points, points[:200]]))
    assert found.points == 500
    assert found.fit == pytest.approx(two_nn(points).fit)


def test_noise_shows_at_small_scales_alone(known):
    rng = np.random.default_rng(2)
    points = known.bent(3000, 2, rng)
    points += 0.01 * rng.normal(size=points.shape)
    rows = block_analysis(points, seed=1)
    assert [row.points for row in rows[:3]] == [3000, 1500, 750]
    assert [row.parts for row in rows[:3]] == [1, 2, 4]
    assert rows[-1].points >= 50 > rows[-1].points // 2
    assert rows[0].fit > rows[2].fit > rows[-1].fit
    assert rows[0].fit > 2.3
    assert rows[-1].fit == pytest.approx(2, abs=max(0.2, 3 * rows[-1].fit_error))
    assert np.all(np.diff([row.distance for row in rows]) > 0)
    assert rows == block_analysis(points, seed=1)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (np.zeros((100, 3)), "too few"),
        (np.random.default_rng(0).random((19, 3)), "19 pictures are too few"),
        (np.full((50, 3), np.nan), "50 of 50 pictures are not finite"),
        (np.zeros(50), "must be a table"),
        (np.stack(np.meshgrid(range(9), range(9)), -1).reshape(-1, 2), "equally far"),
    ],
)
def test_refuses(points, said):
    with pytest.raises(InputError, match=said):
        two_nn(points)


def test_autoencoder_beats_principal_components_on_what_is_curved(known):
    points = known.bent(600, 3, np.random.default_rng(0))
    encoded = fit(points, 3, training=Training(epochs=40))
    power = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    assert encoded.points.shape == (600, 3)
    assert encoded.errors.shape == (600,)
    assert encoded.errors.mean() < 0.5 * power[3:].sum() / power.sum()
    assert encoded.losses[encoded.best][2] == min(row[2] for row in encoded.losses)
    assert two_nn(encoded.points).fit == pytest.approx(3, rel=0.15)


def test_autoencoder_is_the_same_again_and_stops(known):
    import torch

    points = known.gaussian(120, 4, np.random.default_rng(0)).astype(np.float32)
    state, told = torch.get_rng_state(), []
    brief = Training(epochs=200, patience=3, rate=3e-2)

    def watch(epochs, doing, total):
        assert (doing, total) == ("autoencoder", 200)
        yield from (told.append(epoch) or epoch for epoch in epochs)

    encoded = fit(points, 2, 5, brief, watch=watch)
    assert torch.equal(state, torch.get_rng_state())
    again = fit(points, 2, 5, brief)
    np.testing.assert_array_equal(encoded.points, again.points)
    assert not np.array_equal(encoded.points, fit(points, 2, 6, brief).points)
    assert len(told) == len(encoded.losses) < 200
    assert len(encoded.losses) - 1 - encoded.best == 3
    # Of four independent directions, a code of two can keep half and little more.
    assert 0.2 < encoded.errors.mean() < 0.6


def test_autoencoder_refuses(known):
    with pytest.raises(InputError, match="a code of 10 dimensions is impossible"):
        fit(np.random.default_rng(0).random((50, 10)), 10)
    assert autoencoder.Training().held_out == 0.1


def test_copies_that_differ_in_their_last_digits_count_once_and_errors_are_no_luck():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(400, 3))
    copies = points[:150] + 1e-7 * rng.normal(size=(150, 3))
    found = two_nn(np.concatenate([points, copies]))
    assert found.points == 400
    assert found.likelihood == pytest.approx(two_nn(points).likelihood, rel=1e-3)
    rows = block_analysis(np.concatenate([points, copies]))
    assert [row.points for row in rows] == [row.points for row in block_analysis(points)]
    for row in rows:
        least = row.likelihood / (row.points * row.parts) ** 0.5
        assert row.fit_error >= 0.999 * least
        assert row.likelihood_error >= 0.999 * least


def test_what_is_known_of_copies_and_of_the_whole_changes_nothing():
    points = np.random.default_rng(0).normal(size=(300, 4))
    points = np.concatenate([points, points[:40]])
    single = distinct(checked(points))
    whole = two_nn(points, single=single)
    assert (len(single), whole.points) == (300, 300)
    assert whole.fit == two_nn(points).fit
    again = block_analysis(points, seed=2)
    for one, other in zip(
        block_analysis(points, seed=2, single=single, whole=whole), again, strict=True
    ):
        assert astuple(one) == pytest.approx(astuple(other), rel=1e-9)
