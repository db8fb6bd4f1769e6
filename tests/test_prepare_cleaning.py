"""Repairing, cutting off, measuring and comparing, each against what is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from stemgan.errors import InputError
from stemgan.noise_estimate import noise_deviation
from stemgan_data_prep.checks import UnfitError
from stemgan_data_prep.cleaning import repair, without_bars
from stemgan_data_prep.cutting import tile_starts
from stemgan_data_prep.duplicates import Seen, signature
from stemgan_data_prep.filters import parse_conditions
from stemgan_data_prep.notes import plain
from stemgan_data_prep.quality import measure
from tests.preparing import scene


@given(st.integers(16, 128), st.integers(0, 1000), st.integers(0, 15))
def test_overlapping_tiles_cover_a_side_and_stay_on_it(size, extra, overlap):
    side = size + extra
    starts = tile_starts(side, size, overlap)
    assert starts[0] == 0
    assert starts[-1] + size == side
    assert all(0 < b - a <= size - overlap for a, b in pairwise(starts))


@given(st.integers(16, 128), st.integers(0, 1000))
def test_full_tiles_lie_side_by_side(size, extra):
    starts = tile_starts(size + extra, size)
    assert starts == [size * index for index in range((size + extra) // size)]


@given(st.integers(0, 99))
@settings(max_examples=20)
def test_repaired_values_lie_between_their_neighbours(seed):
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(rng.normal(size=(40, 50)), 4).astype(np.float32)
    holes = rng.random(image.shape) < 0.05
    broken = np.where(holes, rng.choice([np.nan, np.inf, -np.inf], image.shape), image)
    fixed, count = repair(broken.astype(np.float32), 0.2, "x")
    assert count == holes.sum()
    np.testing.assert_array_equal(fixed[~holes], image[~holes])
    assert image.min() <= fixed.min() <= fixed.max() <= image.max()
    assert np.abs(fixed - image)[holes].max(initial=0) < 0.3 * np.ptp(image)


def test_a_deep_hole_is_filled_too():
    image = np.ones((300, 300), np.float32)
    image[50:250, 50:250] = np.nan
    fixed, _ = repair(image, 0.9, "x")
    assert (fixed == 1).all()


def test_too_many_values_that_are_not_finite_are_refused():
    image = np.ones((10, 10), np.float32)
    image[0, :2] = np.nan
    with pytest.raises(UnfitError, match=r"2\.0%"):
        repair(image, 0.01, "x")


def banner(image, rows, background, *, top=False):
    """Add an instrument's bar: a line, then text on one value."""
    rng = np.random.default_rng(rows)
    bar = np.full((rows, image.shape[1]), background, image.dtype)
    text = rng.random((rows - 6, image.shape[1])) < 0.25
    bar[3:-3][text] = np.float32(255 - background)
    bar[-1 if top else 0] = 255
    return np.vstack([bar, image] if top else [image, bar])


@pytest.mark.parametrize("rows", [16, 40, 64])
@pytest.mark.parametrize("background", [0, 255, 128])
@pytest.mark.parametrize("top", [False, True])
def test_bars_are_cut_off(rows, background, top):
    image = (scene((256, 320)) / 16).astype(np.float32)
    kept = without_bars(banner(image, rows, background, top=top))
    np.testing.assert_array_equal(kept.of(banner(image, rows, background, top=top)), image)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
@settings(max_examples=20)
def test_constant_margins_are_cut_off(top, bottom, left, right):
    image = scene((100, 120)).astype(np.float32)
    padded = np.pad(image, ((top, bottom), (left, right)))
    np.testing.assert_array_equal(without_bars(padded).of(padded), image)


def test_a_clipped_background_is_no_bar():
    image = np.zeros((200, 200), np.float32)
    rows, columns = np.mgrid[:200, :200]
    for row, column in ((60, 50), (100, 140), (130, 60)):
        image += 200 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 300)
    image = np.round(image)
    assert (image[-10:] == 0).all()
    kept = without_bars(image)
    assert (kept.top, kept.bottom, kept.left, kept.right) == (0, 200, 0, 200)


def test_no_bar_is_found_in_real_micrographs(real_data):
    from stemgan.images import read_micrograph

    for file in sorted((real_data / "train").glob("*.tif")) + sorted(
        (real_data / "sem").glob("*.tif")
    ):
        image = read_micrograph(file).data
        kept = without_bars(image)
        assert kept.of(image).shape == image.shape, file.name


@given(st.floats(0.5, 20), st.integers(0, 99))
@settings(max_examples=20)
def test_noise_is_estimated_on_top_of_a_smooth_image(deviation, seed):
    rng = np.random.default_rng(seed)
    smooth = 100 * ndimage.gaussian_filter(rng.normal(size=(128, 128)), 8)
    noisy = (smooth + rng.normal(0, deviation, smooth.shape)).astype(np.float32)
    assert noise_deviation(noisy) == pytest.approx(deviation, rel=0.08)
    share = deviation**2 / noisy.var()
    assert measure(noisy, 0, 1).noise_fraction == pytest.approx(share, rel=0.2, abs=0.01)


def test_saturation_counts_clipped_regions_and_not_single_extremes():
    image = scene((64, 64)).astype(np.float32)
    low, high = float(image.min()), float(image.max())
    assert measure(image, low, high).saturation < 0.002
    top = np.quantile(image, 0.75)
    clipped = np.minimum(image, top)
    assert measure(clipped, low, float(top)).saturation == pytest.approx(0.25, abs=0.03)


def test_constant_regions_are_measured_in_blocks():
    image = scene((64, 64)).astype(np.float32)
    image[:32] = 7
    assert measure(image, 0, 4095).constant == 0.5


def test_a_blurred_image_is_less_sharp_and_noise_hardly_counts():
    image = scene((128, 128)).astype(np.float32)
    blurred = ndimage.gaussian_filter(image, 4)
    assert measure(blurred, 0, 1).sharpness < 0.8 * measure(image, 0, 1).sharpness
    noisy = blurred + np.random.default_rng(0).normal(0, 0.1 * blurred.std(), blurred.shape)
    sharp = measure(noisy.astype(np.float32), 0, 1).sharpness
    assert sharp == pytest.approx(measure(blurred, 0, 1).sharpness, rel=0.1)


def copies(image):
    rng = np.random.default_rng(1)
    low, high = image.min(), image.max()
    scaled = (image - low) / (high - low)
    yield image * 3 + 1
    yield np.round(scaled * 255)
    yield scaled**0.7
    yield scaled + rng.normal(0, 0.03 * scaled.std(), scaled.shape)


@pytest.mark.parametrize("size", [64, 96, 512])
@pytest.mark.parametrize("in_file", [False, True])
def test_copies_are_found_and_others_are_not(tmp_path, size, in_file):
    seen = Seen(tmp_path / "s.bin" if in_file else None, size, 0.7)
    images = [scene((size, size), seed).astype(np.float32) for seed in range(12)]
    shading = np.linspace(0, 4000, size)[:, None]  # which all of them share
    for image in images:
        image += shading
        assert seen.find(signature(image)) is None
        seen.add(signature(image))
    for index, image in enumerate(images):
        assert seen.find(signature(image)) == (index, 1.0)
        for copy in copies(image):
            found = seen.find(signature(copy.astype(np.float32)))
            assert found is not None
            assert found[0] == index
    seen.close()


def test_what_was_seen_is_read_back(tmp_path):
    signed = [signature(scene((64, 64), seed).astype(np.float32)) for seed in range(5)]
    seen = Seen(tmp_path / "s.bin", 64, 0.7)
    for one in signed:
        seen.add(one)
    seen.close()
    with (tmp_path / "s.bin").open("ab") as stream:
        stream.write(b"cut off")
    again = Seen(tmp_path / "s.bin", 64, 0.7)
    again.restore(3)
    assert len(again) == 3
    assert again.find(signed[2]) == (2, 1.0)
    assert again.find(signed[3]) is None
    again.close()


@pytest.mark.parametrize(
    "text", ["", "noise", "noise_fraction<x", "noise_fraction=1", "class=", "=x", "class<x"]
)
def test_conditions_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="--where"):
        parse_conditions(text)


def test_conditions_are_bounds():
    first, second = parse_conditions("noise_fraction<=0.5 and sharpness > 1e-2")
    assert first.refusal({"noise_fraction": 0.5}) is None
    assert "0.51" in (first.refusal({"noise_fraction": 0.51}) or "")
    assert "not known" in (second.refusal({"sharpness": None}) or "")


def test_metadata_become_plain_and_bounded():
    import json

    odd = {"a": np.int16(3), 1: [np.float64("nan"), {"b": b"\xff"}], "text": "x" * 9999}
    text = json.dumps(plain({**odd, **{f"{i}": i for i in range(9999)}}), allow_nan=False)
    assert len(text) < 20_000
    assert json.loads(text)["a"] == 3
