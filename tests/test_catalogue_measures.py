import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import binomtest

from stemgan_data_prep.catalogue.calibration import fit_temperature, probabilities
from stemgan_data_prep.catalogue.measures import (
    confusion,
    figures,
    per_class,
)
from stemgan_data_prep.catalogue.reliability import calibration_error, reliability
from stemgan_data_prep.catalogue.resampling import (
    by_class,
    drawn_sums,
    interval,
    overall,
    share_interval,
)

metrics = pytest.importorskip("sklearn.metrics", reason="needs the extra catalogue")

CLASSES = ("fibres", "films", "grains", "spheres", "tips")


def predictions(seed: int, images: int = 200, skill: float = 2.0):
    """Make labels of all but the last class, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES) - 1, images)
    logits = rng.normal(size=(images, len(CLASSES)))
    logits[np.arange(images), labels] += skill
    return softmax(logits, axis=1), labels


def sums_of(labels, predicted, count):
    matrix = metrics.confusion_matrix(labels, predicted, labels=np.arange(count))
    return np.stack([matrix.sum(1), matrix.sum(0), matrix.diagonal()]).astype(float)


@given(st.integers(0, 1000), st.integers(1, 40))
def test_figures_from_sums_are_those_of_scikit_learn(seed, images):
    given_, labels = predictions(seed, images)
    predicted = given_.argmax(1)
    ours = overall(sums_of(labels, predicted, len(CLASSES)))
    theirs = metrics.precision_recall_fscore_support(
        labels, predicted, labels=np.unique(labels), average="macro", zero_division=0
    )
    assert np.isclose(ours["accuracy"], np.mean(labels == predicted))
    for name, value in zip(("precision", "recall", "f1"), theirs, strict=False):
        assert np.isclose(ours[name], value)


def test_means_over_draws_are_the_figures():
    given_, labels = predictions(1)
    groups = [str(i // 4) for i in range(len(labels))]
    sums = drawn_sums(labels, given_.argmax(1), groups, len(CLASSES))
    draws = overall(sums)
    assert len(draws["accuracy"]) == 1000
    assert abs(draws["accuracy"].mean() - np.mean(given_.argmax(1) == labels)) < 0.01
    again = drawn_sums(labels, given_.argmax(1), groups, len(CLASSES))
    assert np.array_equal(sums, again)
    assert sums[:, 0].sum(1) == pytest.approx(len(labels))  # groups of one size


def test_intervals_are_wider_where_images_come_in_groups():
    right = np.repeat(np.random.default_rng(0).random(40) < 0.7, 10)
    labels = np.zeros(400, int)
    predicted = np.where(right, 0, 1)
    alone = overall(drawn_sums(labels, predicted, [str(i) for i in range(400)], 2))["accuracy"]
    names = [str(i // 10) for i in range(400)]
    together = overall(drawn_sums(labels, predicted, names, 2))["accuracy"]
    ratio = together.std() / alone.std()
    assert 2.6 < ratio < 3.7  # sqrt(10)


def test_intervals_hold_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        labels = np.zeros(50, int)
        predicted = (rng.random(50) < 0.2).astype(int)
        draws = overall(drawn_sums(labels, predicted, list(map(str, range(50))), 2))["accuracy"]
        low, high = interval(draws, float(np.mean(predicted == 0)), 50)
        held += low <= 0.8 <= high
    assert held >= 52


def test_nothing_wrong_in_ten_groups_is_not_certain():
    low, high = interval(np.ones(1000), 1.0, 10)
    assert high == 1
    assert low == pytest.approx(0.025**0.1)
    assert interval(np.zeros(1000), 0.0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert np.isnan(interval(np.ones(1000), 1.0, 1)).all()


@given(st.integers(2, 60), st.data())
def test_shares_of_single_images_have_the_exact_interval(images, data):
    hits = data.draw(st.integers(0, images))
    right = np.arange(images) < hits
    exact = binomtest(hits, images).proportion_ci(method="exact")
    assert share_interval(right, list(map(str, range(images)))) == pytest.approx(
        (exact.low, exact.high)
    )


def test_shares_of_alike_images_are_as_sure_as_their_groups():
    right = np.repeat([True, True, True, False, True, True, False, True], 5)
    groups = [str(i // 5) for i in range(40)]
    low, high = share_interval(right, groups)
    exact = binomtest(6, 8).proportion_ci(method="exact")
    assert low < exact.low + 0.01
    assert high > exact.high - 0.01
    apart = share_interval(right, list(map(str, range(40))))
    assert low < apart[0] < 0.75 < apart[1] < high
    assert share_interval(right[:15], groups[:15])[0] < 0.025**0.33
    assert np.isnan(share_interval(right[:5], groups[:5])).all()


def test_intervals_of_shares_hold_the_truth():
    rng = np.random.default_rng(5)
    groups = [str(i // 3) for i in range(36)]
    held = 0
    for _ in range(300):
        chance = rng.beta(4, 1, 12)  # 0.8 on average, another in each group
        right = rng.random(36) < np.repeat(chance, 3)
        low, high = share_interval(right, groups)
        held += low <= 0.8 <= high
    assert 280 <= held < 300


def test_figures_of_a_known_case():
    given_ = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1]])
    labels = np.array([0, 1, 1, 1])
    found = figures(given_, labels, ("a", "b", "c"), ["x", "x", "y", "z"])
    assert found["images"] == 4
    assert found["groups"] == 3
    assert found["accuracy"] == 0.75
    assert found["precision"] == pytest.approx((0.5 + 1) / 2)  # c has no image: no part of it
    assert found["recall"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["weighted_recall"] == pytest.approx(0.75)
    assert found["most_frequent"] == 0.75
    assert found["top_3"] is None
    assert found["confidence"] == pytest.approx(0.65)
    brier = (0.09 + 0.04 + 0.01 + 0.36 + 0.49 + 0.01 + 0.06 + 0.16 + 0.25 + 0.01) / 4
    assert found["brier"] == pytest.approx(brier)
    assert found["log_loss"] == pytest.approx(-np.log([0.7, 0.3, 0.8, 0.5]).mean())
    low, high = found["intervals"]["accuracy"]
    assert low < 0.75 <= high


def test_top_three_counts_the_three_likeliest():
    given_, labels = predictions(4, skill=0.5)
    rank = (given_ > given_[np.arange(len(labels)), labels][:, None]).sum(1)
    assert figures(given_, labels, CLASSES)["top_3"] == pytest.approx(np.mean(rank < 3))


def test_classes_are_judged_one_by_one():
    given_, labels = predictions(5)
    rows = per_class(given_, labels, CLASSES)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, given_.argmax(1), labels=np.arange(5), zero_division=np.nan
    )
    for k, row in enumerate(rows[:4]):
        assert row["class"] == CLASSES[k]
        assert (row["precision"], row["recall"]) == pytest.approx((precision[k], recall[k]))
        assert row["f1"] == pytest.approx(f1[k])
        assert row["images"] == row["groups"] == support[k]
        assert row["recall_low"] <= row["recall"] <= row["recall_high"]
        wrong = given_.argmax(1)[(labels == k) & (given_.argmax(1) != k)]
        assert row["missed"] == np.bincount(wrong).max()
        assert row["taken_for"] == CLASSES[np.bincount(wrong).argmax()]
    last = rows[4]
    assert last["images"] == 0
    assert last["recall"] is last["f1"] is last["confidence"] is last["taken_for"] is None
    assert np.array_equal(
        confusion(given_, labels).sum(1), np.bincount(labels, minlength=len(CLASSES))
    )


def test_no_figure_of_single_images_and_classes_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = figures(np.array([[0.1, 0.9]]), np.array([1]), ("a", "b"))
        rows = per_class(np.array([[0.1, 0.9]]), np.array([1]), ("a", "b"))
    assert one["accuracy"] == 1
    assert one["intervals"]["accuracy"] is None
    assert rows[0]["precision"] is None
    with pytest.raises(ValueError, match="no image"):
        figures(np.zeros((0, 2)), np.zeros(0, int), ("a", "b"))
    with pytest.raises(ValueError, match="differ"):
        figures(np.ones((3, 2)), np.zeros(2, int), ("a", "b"))


def test_bins_of_confidence_give_the_calibration_error():
    given_, labels = predictions(6, 500)
    rows = reliability(given_, labels)
    assert sum(row["images"] for row in rows) == 500
    assert all(row["low"] < row["confidence"] <= row["high"] for row in rows)
    assert all(row["right_low"] <= row["right"] <= row["right_high"] for row in rows)
    expected = sum(abs(r["confidence"] - r["right"]) * r["images"] for r in rows) / 500
    assert calibration_error(given_, labels) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_the_temperature_is_found_and_mends_confidence(scale):
    rng = np.random.default_rng(8)
    logits = 2 * rng.normal(size=(6000, 4))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    fitted = fit_temperature(scale * logits[:4000], labels[:4000])
    assert fitted == pytest.approx(scale, rel=0.06)
    after = calibration_error(probabilities(scale * logits[4000:], fitted), labels[4000:])
    assert after < 0.03
    if scale != 1:
        assert calibration_error(softmax(scale * logits[4000:], 1), labels[4000:]) > 3 * after


def test_a_few_images_that_are_right_do_not_make_certain():
    logits = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1, 2]] * 8
    labels = logits.argmax(1)
    sure = probabilities(logits, fit_temperature(logits, labels)).max(1)
    assert sure == pytest.approx(np.full(9, 0.9 + 0.1 / 3), abs=1e-3)
    with pytest.raises(ValueError, match="finite"):
        fit_temperature(np.array([[np.nan, 1.0]]), np.array([0]))
    with pytest.raises(ValueError, match="together"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, int))


def test_sums_of_several_cases_keep_their_shape():
    sums = np.ones((7, 3, 4))
    assert by_class(sums)["recall"].shape == (7, 4)
    assert overall(sums)["f1"] == pytest.approx(np.ones(7))
