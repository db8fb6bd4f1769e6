"""Calibrations: intervals hold what they say, survive their file, and follow from the scan."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stemgan.calibration import (
    LEVELS,
    Calibrated,
    Calibration,
    ErrorCounts,
    fit_calibration,
)
from stemgan.calibration.table import COVERAGES, DISTANCES
from stemgan.data.shards import Label, ShardWriter
from stemgan.errors import InputError
from stemgan.evaluate.calibrate import calibrate, neutral
from stemgan.measurement import PartialScan, measure
from stemgan.metrics import blurred
from stemgan.networks import Ede2020Config, Ede2020Generator, Generator, GeneratorConfig
from stemgan.reconstruct import Reconstructor
from stemgan.scan import ScanDesign
from stemgan.weights import load_generator, save_weights

SMALL = GeneratorConfig((8, 8, 8), (1, 1, 1), half_width=4, outer_width=4, spectral=4)
SHAPE = (150, 170)
SHARES = (1 / 90, 1 / 40, 1 / 20, 1 / 12)


def hand_made(rng, coverage, scale=1.0, shape=SHAPE):
    """Make a completion with known errors: skewed, and wider far off than it says."""
    mask = rng.random(shape) < coverage
    image = rng.normal(0, 3, shape).astype(np.float32)
    values = image + rng.normal(0, 2, shape)
    scan = PartialScan(values.astype(np.float32), mask.astype(np.float32))
    std = np.exp(rng.normal(0, 0.5, shape)).astype(np.float32)
    wrong = scale * (0.8 + 0.3 * scan.nearest[0] / scan.nearest[0].mean())
    error = std * wrong * (rng.gamma(4, 0.5, shape) - 1.6)
    noise = rng.normal(0, 2, shape)
    return (
        Calibrated(neutral(), scan, image, image, std, np.hypot(std, 2)),
        image + error,
        image + error + noise,
    )


def counted(scales, rng, repeats=2, shape=SHAPE):
    counts = ErrorCounts()
    for group, scale in enumerate(scales):
        for coverage in SHARES * repeats:
            made, smooth, raw = hand_made(rng, coverage, scale, shape)
            counts.update(str(group), made, {"blurred": smooth, "raw": raw})
    return counts


def even(counts):
    return dict.fromkeys(counts.groups, "real")


@pytest.fixture(scope="module")
def fitted():
    counts = counted([1] * 5, np.random.default_rng(0))
    return fit_calibration(counts, even(counts), {"scans": counts.scans})


@pytest.mark.parametrize("coverage", SHARES)
def test_quantiles_hold_as_much_as_they_say_at_every_distance(fitted, coverage):
    rng = np.random.default_rng(1)
    below, squares, far = [], [], []
    for _ in range(4):
        made, *truths = hand_made(rng, coverage)
        made = Calibrated(fitted, made.scan, made.image, made.raw, made.std, made.raw_std)
        for name, truth in zip(("blurred", "raw"), truths, strict=True):
            std, quantiles = made.intervals(name)
            below.append([(truth < q) for q in quantiles])
            squares.append(((truth - made.image) / std) ** 2)
        far.append(made.scan.nearest[0] / made.scan.nearest[0].mean() / 4)
    held = np.array(below).reshape(4, 2, 3, *SHAPE)
    np.testing.assert_allclose(held.mean((0, 3, 4)), [LEVELS, LEVELS], atol=0.02)
    assert np.sqrt(np.mean(squares)) == pytest.approx(1, abs=0.1)
    between = held[:, :, 2] & ~held[:, :, 0]
    for low, high in ((0.05, 0.2), (0.2, 0.3), (0.3, 0.45), (0.45, 0.7)):
        ring = (np.array(far) >= low) & (np.array(far) < high)
        for truth in range(2):
            assert between[:, truth][ring].mean() == pytest.approx(0.9, abs=0.02)


def test_a_large_group_does_not_decide():
    rng = np.random.default_rng(2)
    counts = counted([1, 1, 1, 1], rng)
    few, many = counted([9], rng, repeats=1), counted([9], rng, repeats=12)
    tables = []
    for odd in (few, many):
        counts.groups["odd"] = odd.groups["0"]
        table = fit_calibration(counts, even(counts)).tables["blurred"]
        tables.append(table.quantiles[:, 1:3, 2:5])
    np.testing.assert_allclose(tables[0], tables[1], rtol=0.15)


def test_a_kind_that_is_harder_is_covered_too():
    rng, shape = np.random.default_rng(4), (90, 100)
    counts = counted([1] * 8 + [2] * 4, rng, 1, shape)
    kinds = {group: "hard" if int(group) >= 8 else "easy" for group in counts.groups}
    fitted = fit_calibration(counts, kinds)
    for scale, least in ((1, 0.95), (2, 0.89)):
        inside, squares = [], []
        for coverage in SHARES:
            made, truth, _ = hand_made(rng, coverage, scale, shape)
            made = Calibrated(fitted, made.scan, made.image, made.raw, made.std, made.raw_std)
            std, (low, _, high) = made.intervals()
            inside.append((low <= truth) & (truth <= high))
            squares.append(((truth - made.image) / std) ** 2)
        assert np.mean(inside) > least
        assert np.mean(squares) < 1.2
    assert np.mean(inside) < 0.93


def test_groups_that_never_took_part_are_covered_on_the_average():
    rng, shape, inside = np.random.default_rng(3), (70, 80), []
    for _ in range(5):
        scales = np.exp(rng.normal(0, 0.5, 24))
        counts = counted(scales[:12], rng, 1, shape)
        fitted = fit_calibration(counts, even(counts))
        for scale in scales[12:]:
            made, truth, _ = hand_made(rng, 1 / 20, scale, shape)
            made = Calibrated(fitted, made.scan, made.image, made.raw, made.std, made.raw_std)
            low, _, high = made.intervals().quantiles
            inside.append(np.mean((low <= truth) & (truth <= high)))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_a_few_groups_are_too_few():
    counts = counted([1, 1, 1], np.random.default_rng(0), repeats=1)
    with pytest.raises(InputError, match="4 groups or more, not of 3"):
        fit_calibration(counts, even(counts))


def test_bins_without_a_pixel_take_their_neighbours_factors():
    counts, rng = ErrorCounts(), np.random.default_rng(0)
    for group in "abcd":
        made, smooth, raw = hand_made(rng, 1 / 12)
        counts.update(group, made, {"blurred": smooth, "raw": raw})
    table = fit_calibration(counts, even(counts)).tables["raw"]
    np.testing.assert_allclose(table.quantiles[:, 0], table.quantiles[:, -1], rtol=0.2)
    np.testing.assert_allclose(table.std[0], table.std[-1], rtol=0.2)


@given(st.floats(1e-4, 1.0), st.integers(0, 2**31))
def test_quantiles_rise_and_are_finite(coverage, seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 24)) < coverage
    mask.ravel()[rng.permutation(mask.size)[:16]] = True
    values = rng.normal(0, 1e30, mask.shape).astype(np.float32)
    scan = PartialScan(values, mask.astype(np.float32))
    huge = np.full(mask.shape, 3e38, np.float32)
    for std in (np.zeros_like(huge), np.ones_like(huge), huge):
        for truth in ("blurred", "raw"):
            found = Calibrated(neutral(), scan, huge / 2, huge / 2, std, std).intervals(truth)
            assert np.isfinite(found.std).all()
            assert np.isfinite(found.quantiles).all()
            assert (found.quantiles[1:] >= found.quantiles[:-1]).all()


def test_a_full_scan_has_intervals_too(fitted):
    full = PartialScan(np.eye(40, dtype=np.float32), np.ones((40, 40), np.float32))
    made = Calibrated(
        fitted, full, full.values, full.values, *(2 * [np.ones_like(full.values)])
    )
    std, quantiles = made.intervals("raw")
    assert (std > 0).all()
    assert (quantiles[0] < quantiles[2]).all()


def test_each_truth_has_its_intervals_about_its_own_completion(fitted):
    made, _, _ = hand_made(np.random.default_rng(3), 0.05)
    apart = np.random.default_rng(4).normal(0, 5, SHAPE).astype(np.float32)
    moved = Calibrated(
        fitted, made.scan, made.image, made.image + apart, made.std, made.raw_std
    )
    here = Calibrated(fitted, made.scan, made.image, made.image, made.std, made.raw_std)
    for truth, by in (("blurred", 0 * apart), ("raw", apart)):
        found, before = moved.intervals(truth), here.intervals(truth)
        np.testing.assert_array_equal(found.std, before.std)
        np.testing.assert_allclose(found.quantiles, before.quantiles + by, rtol=1e-4, atol=1e-4)


def test_hidden_truth_changes_nothing(fitted):
    rng = np.random.default_rng(0)
    trace = ScanDesign("spiral", (64, 64), coverage=0.1).trace()
    truth = rng.random((64, 64)).astype(np.float32)
    other = np.where(trace.mask, truth, rng.random((64, 64)) * 9).astype(np.float32)
    torch.manual_seed(0)
    model = Reconstructor(Generator(SMALL).eval(), calibration=fitted)
    one, two = (model(measure(image, trace)) for image in (truth, other))
    for made in (one, two):
        assert made.quantiles is not None
    np.testing.assert_array_equal(one.std, two.std)
    np.testing.assert_array_equal(one.quantiles, two.quantiles)
    np.testing.assert_array_equal(one.raw_intervals.quantiles, two.raw_intervals.quantiles)


def test_a_calibration_survives_the_weights_file(fitted, tmp_path):
    torch.manual_seed(0)
    generator = Generator(SMALL).eval()
    plain, full = tmp_path / "plain.safetensors", tmp_path / "full.safetensors"
    save_weights(plain, generator, {"steps": 1})
    save_weights(full, generator, {"steps": 1}, fitted.to_dict())
    before, after = Reconstructor.load(plain, "cpu"), Reconstructor.load(full, "cpu")
    assert before.calibration is None
    assert after.calibration is not None
    assert after.calibration.to_dict() == fitted.to_dict()
    mask = np.random.default_rng(0).random(SHAPE) < 0.05
    values = np.random.default_rng(1).normal(9, 4, SHAPE).astype(np.float32)
    scan = PartialScan(values, mask.astype(np.float32))
    old, new = before(scan), after(scan)
    assert old.quantiles is None
    assert old.raw_intervals is None
    np.testing.assert_array_equal(old.image, new.image)
    expected = Calibrated(
        after.calibration, scan, old.image, old.raw, old.std, old.raw_std
    ).intervals()
    np.testing.assert_array_equal(new.std, expected.std)
    np.testing.assert_array_equal(new.quantiles, expected.quantiles)
    np.testing.assert_array_equal(new.raw_std, new.raw_intervals.std)
    assert not np.array_equal(new.std, old.std)


def spoilt(**changes):
    found = json.loads(json.dumps(neutral().to_dict()))
    for key, value in changes.items():
        found[key] = value
    return found


def table_with(**changes):
    tables = spoilt()["tables"]
    tables["raw"] |= changes
    return spoilt(tables=tables)


SHAPE_OF = (len(COVERAGES), len(DISTANCES))
NONSENSE = {
    "no dictionary": [1],
    "text": "x",
    "empty": {},
    "other levels": spoilt(levels=[0.1, 0.5, 0.9]),
    "other distances": spoilt(distances=[0, 1]),
    "no tables": spoilt(tables={}),
    "no raw": spoilt(tables={"blurred": spoilt()["tables"]["blurred"]}),
    "words": table_with(std="wide"),
    "too few": table_with(std=[[1.0]]),
    "no number": table_with(std=np.full(SHAPE_OF, np.nan).tolist()),
    "negative": table_with(std=np.full(SHAPE_OF, -1.0).tolist()),
    "huge": table_with(std=np.full(SHAPE_OF, 1e9).tolist()),
    "falling": table_with(
        quantiles=(-np.arange(3)[:, None, None] * np.ones(SHAPE_OF)).tolist()
    ),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_refused_in_a_sentence(case, tmp_path):
    with pytest.raises(InputError, match="make it again") as refused:
        Calibration.from_dict(NONSENSE[case])
    assert "\n" not in str(refused.value)
    path = tmp_path / "w.safetensors"
    save_weights(path, Generator(SMALL), {}, NONSENSE[case])
    load_generator(path)  # the weights themselves are sound
    with pytest.raises(InputError):
        Reconstructor.load(path, "cpu")


def dataset(path, groups, split="val"):
    with ShardWriter(path, 64, {"of": groups}) as writer:
        for index, group in enumerate(groups):
            image = np.random.default_rng((len(groups), index)).random((64, 64))
            label = Label(f"{path.name}-{index}", f"{path.name}-{group}", "s", split)
            writer.append(blurred(image).astype(np.float32), label)
    return path


def test_a_model_is_calibrated_on_validation_images_alone(tmp_path):
    torch.manual_seed(0)
    model = Reconstructor(Generator(SMALL).eval(), name="small")
    one = dataset(tmp_path / "one", list("aaab"))
    two = dataset(tmp_path / "two", list("cde"))
    found = calibrate(model, [one, two], scans=25)
    about = {"datasets": ["one", "two"], "split": "val", "images": 7, "groups": 5, "scans": 25}
    assert about.items() <= found.about.items()
    assert calibrate(model, [one, two], scans=25).to_dict() == found.to_dict()
    train = dataset(tmp_path / "train", list("abcdefgh"), "train")
    with pytest.raises(InputError, match="split val"):
        calibrate(model, [train])
    with pytest.raises(InputError, match="4 groups or more, not of 2"):
        calibrate(model, [one], scans=2)


def test_what_estimates_nothing_is_not_calibrated(tmp_path):
    sizes = Ede2020Config(inner=(6, 5, 4, 3, 2), blocks=1, outer=(4, 6), outer_blocks=1)
    model = Reconstructor(Ede2020Generator(sizes).eval(), name="old")
    with pytest.raises(InputError, match="model old estimates no uncertainty"):
        calibrate(model, [dataset(tmp_path / "one", list("abcd"))])
