"""Pictures read as squares, and kept."""

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from stemgan.errors import InputError
from stemgan_data_prep.catalogue.labels import find_pictures
from stemgan_data_prep.catalogue.pixels import pixels
from stemgan_data_prep.catalogue.reading import read_image, square
from stemgan_data_prep.cleaning import without_bars


def waves(height, width, dtype=np.uint16):
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).normal(0, 20, (height, width))
    return (1000 + 500 * np.sin(x / 9) * np.cos(y / 7) + noise).astype(dtype)


def archive(folder, count=3):
    (folder / "Tips").mkdir(parents=True)
    for number in range(count):
        data = np.roll(waves(64, 90), 7 * number, axis=1)
        tifffile.imwrite(folder / "Tips" / f"{number}.tif", data)
    return find_pictures([folder]).pictures


def test_the_centre_square_is_stretched_to_eight_bits():
    image = waves(64, 128).astype(np.float32)
    got = square(image, 64, "x")
    inside = image[:, 32:96]
    low, high = np.percentile(image, (0.5, 99.5))
    wanted = np.clip((inside - low) / (high - low) * 255, 0, 255)
    np.testing.assert_allclose(got, wanted, atol=0.51)
    assert (got.shape, got.dtype) == ((64, 64), np.uint8)


def test_shrinking_does_not_alias():
    """Noise averages out as its pixels do: 8 x 8 of them are one."""
    noise = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    assert square(noise, 64, "x").std() < 0.25 * square(noise, 512, "x").std()


def test_a_bar_of_information_is_cut_off():
    image = waves(200, 200).astype(np.float32)
    bar = np.full((30, 200), 4000, np.float32)
    bar[8:20, 20:60:4] = 0
    np.testing.assert_array_equal(
        square(np.vstack([image, bar]), 50, "x"), square(image, 50, "x")
    )


def compressed(image, folder):
    Image.fromarray(image.astype(np.uint8)).save(folder / "a.jpg", quality=60)
    return read_image(folder / "a.jpg")


def test_compressed_bars_are_cut_off_and_smooth_layers_are_not(tmp_path):
    image = waves(203, 200).astype(np.float32) / 10
    bar = np.full((32, 200), 250)
    bar[8:24, 10:190:10] = 0
    layer = np.random.default_rng(1).normal(230, 4, (32, 200))
    with_bar = compressed(np.vstack([image, bar]), tmp_path)
    got = square(with_bar, 50, "x", lossy=True).astype(float)
    assert np.abs(got - square(image, 50, "x")).mean() < 6
    assert np.abs(square(with_bar, 50, "x") - got).mean() > 20
    smooth = compressed(np.vstack([image, layer]), tmp_path)
    whole = square(smooth, 50, "x", lossy=True)
    assert (whole[-2:] > 200).all()
    np.testing.assert_array_equal(whole, square(smooth, 50, "x"))
    assert not np.array_equal(whole, square(smooth[: without_bars(smooth, 12).bottom], 50, "x"))


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.full((64, 64), 3.0), "shows nothing"),
        (np.full((64, 64), np.nan), "than 50.0%: it shows too little to be classified$"),
        (waves(64, 20), "at least 32 px"),
    ],
)
def test_what_shows_nothing_is_refused(image, why):
    with pytest.raises(InputError, match=why):
        square(image.astype(np.float32), 32, "x")


def test_colours_are_read_by_their_luminance(tmp_path):
    colours = np.zeros((40, 40, 3), np.uint8)
    colours[:20, :, 1] = 200
    Image.fromarray(colours).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.shape == (40, 40)
    assert image[0, 0] > 100 > image[-1, 0]


def test_frames_are_read_by_their_numbers(tmp_path):
    stack = np.stack([waves(40, 48) + n for n in range(3)])
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 2), stack[2])
    with pytest.raises(InputError, match="no image number 3"):
        read_image(tmp_path / "a.tif", 3)


def test_the_unreadable_is_reported_and_the_order_kept(tmp_path):
    pictures = archive(tmp_path / "in", 4)
    whole = pixels(pictures, 32)
    pictures[1].file.write_bytes(b"broken")
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        got = pixels(pictures, 32, cache)
        assert got.pictures == [pictures[n] for n in (0, 2, 3)]
        np.testing.assert_array_equal(got.images, whole.images[[0, 2, 3]])
        assert [key for key, _ in got.left_out] == ["Tips/1.tif"]
        assert str(tmp_path) not in got.left_out[0][1]
    with pytest.raises(InputError, match="none of 1 picture "):
        pixels(pictures[1:2], 32, tmp_path / "cache")


def test_the_cache_is_taken_up_until_a_file_or_the_side_changes(tmp_path):
    pictures = archive(tmp_path / "in")
    cache, seen = tmp_path / "run" / "cache", []

    def watch(items, count):
        seen.append(count)
        return items

    first = pixels(pictures, 32, cache, watch=watch)
    again = pixels(pictures, 32, cache, watch=watch)
    assert seen == [3]
    assert isinstance(again.images, np.memmap)
    np.testing.assert_array_equal(first.images, again.images)
    pixels(pictures, 40, cache, watch=watch)
    changed = pictures[0].file
    tifffile.imwrite(changed, waves(64, 90)[::-1])
    os.utime(changed, (1, 1))
    got = pixels(pictures, 32, cache, watch=watch)
    assert seen == [3, 3, 3]
    assert not np.array_equal(got.images[0], first.images[0])


def test_processes_give_the_same(tmp_path):
    pictures = archive(tmp_path, 20)
    here, there = pixels(pictures, 32, workers=0), pixels(pictures, 32, workers=2)
    np.testing.assert_array_equal(here.images, there.images)
