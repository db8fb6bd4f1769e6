"""Image files: what is read is what was written, with its scale."""

import json

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stemgan.errors import InputError
from stemgan.images import (
    read_micrograph,
    read_partial_scan,
    read_stack,
    write_image,
)
from stemgan.images.micrograph import plain_scale

SHAPE = (33, 47)


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(5, 3, shape).astype(np.float32)


@pytest.mark.parametrize("suffix", [".tif", ".TIF", ".tiff", ".npy", ".npz"])
@pytest.mark.parametrize("shape", [SHAPE, (3, *SHAPE)])
def test_values_round_trip(tmp_path, suffix, shape):
    data = noise(shape)
    data[..., 3, 4] = np.nan
    path = write_image(tmp_path / f"a{suffix}", data)
    images = read_stack(path)
    np.testing.assert_array_equal(np.stack([i.data for i in images]).reshape(shape), data)
    assert [i.name for i in images] == (
        ["a"] if len(shape) == 2 else ["a_0000", "a_0001", "a_0002"]
    )
    assert list(tmp_path.iterdir()) == [path]


@given(
    size=st.floats(1e-4, 1e4),
    unit=st.sampled_from(["nm", "µm", "Å", "pm", "mm"]),
    suffix=st.sampled_from([".tif", ".npz"]),
)
@settings(max_examples=40)
def test_pixel_size_round_trips(tmp_path_factory, size, unit, suffix):
    path = tmp_path_factory.mktemp("scale") / f"a{suffix}"
    image = read_micrograph(write_image(path, noise((8, 9)), size, unit))
    assert image.pixel_size == pytest.approx(size, rel=1e-7)
    assert image.unit == unit


def test_a_written_tiff_keeps_its_record_and_opens_as_imagej(tmp_path):
    record = {"stemgan": {"model": "µ", "coverage": 0.05}, "source": {"n": [1, 2]}}
    path = write_image(tmp_path / "a.tif", noise(), 0.1312, "nm", record)
    assert read_micrograph(path).metadata == record
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.imagej_metadata["unit"] == "nm"
        assert json.loads(tif.imagej_metadata["Info"]) == record


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("nm", "nm"), ("micron", "µm"), ("\\u00B5m", "µm"), ("um", "µm"), ("pixel", None)],
)
def test_imagej_units(tmp_path, unit, expected):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(), imagej=True, resolution=(4, 4), metadata={"unit": unit})
    image = read_micrograph(path)
    assert (image.pixel_size, image.unit) == ((0.25, expected) if expected else (None, None))


def test_ome_scale(tmp_path):
    path = tmp_path / "a.ome.tif"
    metadata = {"PhysicalSizeX": 0.37, "PhysicalSizeXUnit": "nm", "axes": "YX"}
    tifffile.imwrite(path, noise(), ome=True, metadata=metadata)
    image = read_micrograph(path)
    assert (image.pixel_size, image.unit) == (0.37, "nm")


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        ((1e7, 1e7), "CENTIMETER", (1.0, "nm")),
        ((72, 72), "INCH", (None, None)),  # a printing resolution, not a specimen
        ((2.54e8, 2.54e8), "INCH", (0.1, "nm")),
        ((5, 5), "NONE", (None, None)),
    ],
)
def test_plain_resolution_tags(tmp_path, resolution, unit, expected):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(), resolution=resolution, resolutionunit=unit)
    image = read_micrograph(path)
    assert (image.pixel_size, image.unit) == expected


@pytest.mark.parametrize(
    ("size", "unit", "expected"),
    [
        (2e-10, "m", (0.2, "nm")),
        (3e-6, "m", (3.0, "µm")),
        (0.0, "nm", (None, None)),
        (float("nan"), "nm", (None, None)),
        (1.0, "", (None, None)),
    ],
)
def test_scales_that_suit(size, unit, expected):
    assert plain_scale(size, unit) == expected


@pytest.mark.parametrize(
    "kind", ["uint8", "uint16", "int16", "uint32", "float16", "float64", "bool"]
)
@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_any_real_type_is_read_as_float32(tmp_path, kind, suffix):
    data = (np.arange(33 * 47).reshape(33, 47) % 100).astype(kind)
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, data)
    else:
        tifffile.imwrite(path, data)
    image = read_micrograph(path)
    assert image.data.dtype == np.float32
    np.testing.assert_array_equal(image.data, data.astype(np.float32))


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_compressed_and_tiled_tiff(tmp_path, compression):
    data = (np.arange(64 * 64).reshape(64, 64) % 251).astype(np.uint8)
    path = tmp_path / "a.tif"
    if compression == "lzw":
        Image.fromarray(data).save(path, compression="tiff_lzw")
    else:
        tifffile.imwrite(path, data, compression=compression, tile=(32, 32))
    np.testing.assert_array_equal(read_micrograph(path).data, data)


def test_lzw_without_imagecodecs(tmp_path, monkeypatch):
    data = (np.arange(64 * 64).reshape(64, 64) % 251).astype(np.uint8)
    path = tmp_path / "a.tif"
    Image.fromarray(data).save(path, compression="tiff_lzw")

    def missing(*args, **kwargs):
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", missing)
    np.testing.assert_array_equal(read_micrograph(path).data, data)


@pytest.mark.parametrize("options", [{"imagej": True}, {}, {"bigtiff": True}])
def test_a_truncated_tiff_is_refused(tmp_path, options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise((5, 32, 32)), **options)
    content = path.read_bytes()
    for keep in (len(content) * 9 // 10, len(content) // 2, 200, 10):
        path.write_bytes(content[:keep])
        with pytest.raises(InputError, match=r"a\.tif"):
            read_stack(path)


@pytest.mark.parametrize("layout", ["contig", "separate"])
def test_colour_tiff_is_refused(tmp_path, layout):
    shape = (32, 32, 3) if layout == "contig" else (3, 32, 32)
    path = tmp_path / "a.tif"
    colours = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    tifffile.imwrite(path, colours, photometric="rgb", planarconfig=layout)
    with pytest.raises(InputError, match="colour"):
        read_stack(path)
    grey = colours.max(axis=shape.index(3), keepdims=True)
    same = np.broadcast_to(grey, shape)
    tifffile.imwrite(path, same, photometric="rgb", planarconfig=layout)
    np.testing.assert_array_equal(read_micrograph(path).data, grey.squeeze())


def test_an_npz_holds_its_own_dwell_map(tmp_path):
    values, dwell = noise(), (noise(seed=1) > 7).astype(np.float32) / 2
    np.savez(tmp_path / "a.npz", values=values, dwell=dwell, pixel_size=0.5, unit="nm")
    scan = read_partial_scan(tmp_path / "a.npz")
    np.testing.assert_array_equal(scan.dwell, dwell)
    np.testing.assert_array_equal(scan.values, np.where(dwell > 0, values, 0))
    assert (scan.pixel_size, scan.unit, scan.name) == (0.5, "nm", "a")


def test_an_npz_of_several_unnamed_images_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", one=noise(), two=noise())
    with pytest.raises(InputError, match="one, two"):
        read_stack(tmp_path / "a.npz")


def test_an_npz_of_others_may_call_anything_metadata(tmp_path):
    odd = {"metadata": "taken on a Monday", "pixel_size": "large", "unit": 3}
    np.savez(tmp_path / "a.npz", values=np.ones(SHAPE), **odd)
    image = read_micrograph(tmp_path / "a.npz")
    assert image.metadata == {"metadata": "taken on a Monday"}
    assert image.pixel_size is None


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled"):
        read_stack(tmp_path / "a.npy")
