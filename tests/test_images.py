"""Image files: what is read is what was written, with its scale; masks are never guessed."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stemgan.errors import InputError
from stemgan.images import (
    picture,
    pictures,
    read_mask,
    read_micrograph,
    read_partial_scan,
    read_partial_scans,
    read_stack,
    write_image,
    write_picture,
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


def test_pictures_show_unmeasured_pixels_in_their_own_colour(tmp_path):
    data = noise((300, 400))
    data[:150] = np.nan
    path = write_picture(
        tmp_path / "p.png", picture([("a", data), ("b\nc", noise((300, 400)))])
    )
    drawn = np.asarray(Image.open(path))
    assert drawn.shape[1] > 800
    assert (drawn[80, 100] == pictures._UNMEASURED).all()
    assert len(set(drawn[250, 100].tolist())) == 1  # measured pixels are grey


def test_a_constant_image_can_be_pictured():
    assert picture([("vacuum", np.zeros((32, 32), np.float32))]).width >= 256


def test_a_strip_can_be_pictured():
    assert picture([("", np.zeros((8, 20_000)))]).height > 0


def test_a_small_preview_is_enlarged_and_a_large_one_reduced():
    assert 512 > picture([("a", noise((40, 50)))]).width >= 256
    assert picture([("a", noise((64, 5000)))]).width <= 1050


@pytest.mark.parametrize("name", ["a.dm4", "a.xyz"])
def test_makers_formats_name_the_extra(tmp_path, name, monkeypatch):
    monkeypatch.setattr("stemgan.images.vendor.util.find_spec", lambda _: None)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"pip install 'stemgan\[formats\]'"):
        read_stack(tmp_path / name)


@pytest.fixture
def rosettasciio(monkeypatch, tmp_path):
    """Stand in for RosettaSciIO with one format, so that its seam is tested without it."""
    package = tmp_path / "packages" / "rsciio"
    (package / "toy").mkdir(parents=True)
    plugin = {"name": "Toy", "file_extensions": ["toy", "TOY"], "api": "rsciio.toy"}
    (package / "__init__.py").write_text(f"IO_PLUGINS = [{plugin}]\n")
    (package / "toy" / "__init__.py").write_text(
        "import numpy as np\n"
        "def file_reader(name):\n"
        "    from pathlib import Path\n"
        "    if Path(name).read_text() != 'toy':\n"
        "        raise OSError('not\\n a toy')\n"
        "    axes = [{'scale': 1.0, 'units': 'm'}] + [{'scale': 2e-10, 'units': 'm'}] * 2\n"
        "    head = {'General': {'title': 'HAADF'}}\n"
        "    spectra = [{'navigate': True}] * 2 + [{'navigate': False}]\n"
        "    return [{'data': np.ones((32, 40, 9)), 'axes': spectra},\n"
        "            {'data': np.ones((32, 40), 'u2'), 'axes': axes[1:], 'metadata': head}]\n"
    )
    monkeypatch.syspath_prepend(package.parent)
    for name in ("rsciio", "rsciio.toy"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("rsciio", "rsciio.toy"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("rosettasciio")
def test_makers_formats_are_read_through_rosettasciio(tmp_path):
    (tmp_path / "a.toy").write_text("toy")
    (image,) = read_stack(tmp_path / "a.toy")
    assert image.data.shape == (32, 40)
    assert image.data.dtype == np.float32
    assert (image.pixel_size, image.unit) == (0.2, "nm")
    assert image.metadata == {"title": "HAADF"}
    (tmp_path / "b.toy").write_text("broken")
    with pytest.raises(InputError, match=r"Toy: not a toy"):
        read_stack(tmp_path / "b.toy")
    (tmp_path / "c.other").write_text("x")
    with pytest.raises(InputError, match="unknown format"):
        read_stack(tmp_path / "c.other")


@pytest.mark.parametrize("name", ["test_STEM_image.dm3", "fei_example_dpc_titles.emd"])
def test_real_makers_files(name):
    pytest.importorskip("rsciio", reason="RosettaSciIO is not installed")
    root = os.environ.get("STEMGAN_REAL_DATA")
    if root is None:
        pytest.skip("STEMGAN_REAL_DATA is not set")
    image = read_micrograph(Path(root) / "formats" / name)
    assert image.pixel_size is not None
    assert image.unit in ("pm", "nm", "µm")
    assert np.isfinite(image.data).all()


def test_published_scan_with_its_mask():
    root = os.environ.get("STEMGAN_REAL_DATA")
    if root is None:
        pytest.skip("STEMGAN_REAL_DATA is not set")
    folder = Path(root) / "partial_scans"
    scan = read_partial_scan(folder / "partial_scan-1.tif", mask=folder / "mask.tif")
    assert scan.dwell.max() == 10 / 16
    assert 1 / scan.coverage == pytest.approx(5.73, abs=0.01)
