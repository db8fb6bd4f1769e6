"""Partial scans and masks: what was measured is never guessed."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from stemgan.errors import InputError
from stemgan.images import (
    read_mask,
    read_partial_scan,
    read_partial_scans,
    write_image,
)

SHAPE = (33, 47)


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(5, 3, shape).astype(np.float32)


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".png", ".bmp"])
def test_whole_numbers_of_a_mask_say_measured_or_not(tmp_path, suffix):
    mask = noise() > 5
    path = tmp_path / f"m{suffix}"
    grey = mask.astype(np.uint8) * 255
    if suffix == ".npy":
        np.save(path, grey)
    elif suffix == ".tif":
        tifffile.imwrite(path, grey)
    else:
        Image.fromarray(grey).save(path)
    np.testing.assert_array_equal(read_mask(path), mask.astype(np.float32))


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "LA"])
def test_a_mask_may_be_any_kind_of_grey_png(tmp_path, mode):
    mask = noise() > 5
    Image.fromarray(mask.astype(np.uint8) * 255).convert(mode).save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), mask)


def test_a_coloured_mask_is_refused(tmp_path):
    Image.new("RGB", (40, 32), (255, 0, 0)).save(tmp_path / "m.png")
    with pytest.raises(InputError, match="colour"):
        read_mask(tmp_path / "m.png")


def test_fractions_of_a_mask_are_dwell(tmp_path):
    dwell = np.where(noise() > 5, 0.625, 0).astype(np.float32)
    np.save(tmp_path / "m.npy", dwell)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.npy"), dwell)


def test_nan_marks_what_is_unmeasured_and_zeros_do_not(tmp_path):
    data = noise()
    data[noise(seed=1) > 5] = np.nan
    data[0, :20] = 0
    write_image(tmp_path / "a.tif", data, 0.2, "nm")
    scan = read_partial_scan(tmp_path / "a.tif")
    np.testing.assert_array_equal(scan.mask, ~np.isnan(data))
    np.testing.assert_array_equal(scan.with_nan(), data)
    assert (scan.pixel_size, scan.unit) == (0.2, "nm")
    write_image(tmp_path / "b.tif", np.nan_to_num(data))
    with pytest.raises(InputError, match="no NaN and no mask"):
        read_partial_scan(tmp_path / "b.tif")


def test_one_mask_serves_a_stack(tmp_path):
    data, mask = noise((3, *SHAPE)), noise(seed=1) > 5
    data[:, ~mask] = np.nan  # NaN outside the mask is nobody's business
    np.save(tmp_path / "a.npy", data)
    np.save(tmp_path / "m.npy", mask)
    scans = read_partial_scans(tmp_path / "a.npy", mask=tmp_path / "m.npy")
    assert [s.name for s in scans] == ["a_0000", "a_0001", "a_0002"]
    for scan, values in zip(scans, data, strict=True):
        np.testing.assert_array_equal(scan.values, np.where(mask, values, 0))


def test_published_scan_with_its_mask(real_data):
    folder = real_data / "partial_scans"
    scan = read_partial_scan(folder / "partial_scan-1.tif", mask=folder / "mask.tif")
    assert scan.dwell.max() == 10 / 16
    assert 1 / scan.coverage == pytest.approx(5.73, abs=0.01)
