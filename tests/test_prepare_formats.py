"""Files as labs have them: read, or refused with the sentence that says what they are."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from stemgan.data.shards import ShardedImages
from tests.preparing import keys, prepare, rejected, scene, used, write

READ = {  # file: (size of tile, detectors)
    "128x128_TEM_acquire-sum1.emi": (128, [None]),
    "128x128_TEM_acquire-sum1_1.ser": (128, [None]),
    "test_STEM_image.dm3": (64, [None]),
}
REFUSED = {  # file: what the reason says, at the smallest tile
    "16x16_STEM_BF_DF_acquire.emi": "16x16 px, a thumbnail",
    "16x16_STEM_BF_DF_acquire_1.ser": "16x16 px, a thumbnail",
    "HAADFscan.mrc": "16x16 px, a thumbnail",
    "ROI_Random_Scan_Sum.mrc": "29x12 px, a thumbnail",
    "ROI_Random_Scan_info.txt": "a table or text (.txt), not an image",
    "ROI_Random_Scan_movie.mrc": "camera frames, one for each probe position",
    "ROI_Random_Scan_scan_coordinates.csv": "a table or text (.csv), not an image",
    "example2_v3.1.hspy": "a diffraction pattern",
    "example_image.emd": "3x3 px, a thumbnail",
    "fei_example_dpc_titles.emd": "2x2 px, a thumbnail",
    "test-7.dm4": "2x2 px, a thumbnail",
}


def test_every_file_in_makers_formats_is_read_or_refused(real_data, tmp_path):
    pytest.importorskip("rsciio", reason="RosettaSciIO is not installed")
    folder = real_data / "formats"
    assert {file.name for file in folder.iterdir()} == set(READ) | set(REFUSED)
    assert prepare(folder, "-o", tmp_path / "set", "--duplicates", 2, size=32) == 0
    reasons = rejected(tmp_path / "set")
    files = {record["file"] for record in used(tmp_path / "set").values()}
    assert files == set(READ) - {"128x128_TEM_acquire-sum1_1.ser"}  # what the .emi holds too
    for name, expected in REFUSED.items():
        own = [why for key, (_, why) in reasons.items() if key.split(":")[0] == name]
        assert own, name
        assert all(expected in why for why in own), own


@pytest.mark.parametrize("name", READ)
def test_makers_formats_that_hold_micrographs(real_data, tmp_path, name):
    pytest.importorskip("rsciio", reason="RosettaSciIO is not installed")
    size, detectors = READ[name]
    assert prepare(real_data / "formats" / name, "-o", tmp_path / "set", size=size) == 0
    columns = ShardedImages(tmp_path / "set").columns
    assert columns["detector"] == detectors
    assert columns["unit"] == ["nm"]
    (record,) = used(tmp_path / "set").values()
    assert record["metadata"]["original_metadata"]


def zeiss(path, data):
    text = (
        "\r\nAP_PIXEL_SIZE\r\nPixel Size = 9.25 nm\r\nDP_DETECTOR_TYPE\r\nDetector = InLens\r\n"
    )
    write(path, data, extratags=[(34118, "s", 0, text, True)])


def make_bad(folder):
    """One file of each kind that cannot be used, and what is said of it."""
    image = scene((64, 64))
    write(folder / "good.tif", image)
    write(folder / "truncated.tif", image, compression="zlib")
    content = (folder / "truncated.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(content[: len(content) * 2 // 3])
    (folder / "zero.tif").write_bytes(b"")
    Image.fromarray((image / 16).astype(np.uint8)).save(folder / "wrong.png")
    (folder / "wrong.png").rename(folder / "wrong.dm3")
    (folder / "text.tif").write_text("not an image")
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(colours).save(folder / "photograph.jpg", quality=90)
    write(folder / "colour.tif", colours, photometric="rgb")
    np.save(folder / "nothing.npy", np.zeros((0, 0)))
    np.save(folder / "complex.npy", np.ones((64, 64), complex))
    np.save(folder / "five.npy", np.ones((2, 2, 2, 64, 64), np.float32))
    np.save(folder / "four.npy", np.ones((4, 4, 64, 64), np.float32))
    np.save(folder / "line.npy", np.ones(64))
    np.save(folder / "objects.npy", np.array([None]), allow_pickle=True)
    np.save(folder / "partial.npy", np.where(rng.random((64, 64)) < 0.1, image, np.nan))
    pretend(folder / "pretend.npy", "(160000, 160000)")
    pretend(folder / "pretend_stack.npy", "(100, 16384, 16384)")
    huge_tiff(folder / "pretend.tif")
    (folder / "pretend.dm3").write_bytes(struct.pack(">iii", 3, 2**31 - 1, 1) + bytes(64))
    return {
        "truncated.tif": "truncated",
        "zero.tif": "empty (0 bytes)",
        "wrong.dm3": "cannot be read (DigitalMicrograph",
        "text.tif": "cannot be read as TIFF",
        "photograph.jpg": "colour (RGB)",
        "colour.tif": "colour (RGB)",
        "nothing.npy": "shape (0, 0)",
        "complex.npy": "complex128",
        "five.npy": "5 dimensions",
        "four.npy": "4 dimensions",
        "line.npy": "height x width",
        "objects.npy": "pickled",
        "partial.npy": "of its values not finite",
        "pretend.npy": "cannot be read as NPY (truncated",
        "pretend_stack.npy": "cannot be read as NPY (truncated",
        "pretend.tif": "claims an image of",
        "pretend.dm3": "cannot be read (DigitalMicrograph",
    }


def pretend(path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode())


def huge_tiff(path):
    """A header of 100 GB and one small strip."""
    tifffile.imwrite(path, np.zeros((64, 64), np.float32), compression="zlib")
    with tifffile.TiffFile(path) as tif:
        tags = {name: tif.pages.first.tags[name] for name in ("ImageWidth", "ImageLength")}
        offsets = {name: tag.valueoffset for name, tag in tags.items()}
        kinds = {name: tag.dtype for name, tag in tags.items()}
    data = bytearray(path.read_bytes())
    for name, offset in offsets.items():
        wide = kinds[name] == 4
        data[offset : offset + (4 if wide else 2)] = struct.pack(
            "<I" if wide else "<H", 160_000 if wide else 65_000
        )
    path.write_bytes(bytes(data))


def test_bad_input_is_told_file_by_file(tmp_path):
    pytest.importorskip("rsciio", reason="RosettaSciIO is not installed")
    expected = make_bad(tmp_path / "in" if (tmp_path / "in").mkdir() is None else tmp_path)
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    assert keys(tmp_path / "set") == ["good.tif@0,0"]
    reasons = rejected(tmp_path / "set")
    assert set(reasons) == set(expected)
    for name, text in expected.items():
        assert text in reasons[name][1], (name, reasons[name])


def test_grey_stored_as_colour_is_taken(tmp_path):
    image = (scene((64, 64)) / 16).astype(np.uint8)
    write(tmp_path / "in" / "a.tif", np.repeat(image[..., None], 3, axis=2), photometric="rgb")
    Image.fromarray(np.repeat(image[..., None], 3, axis=2)).save(tmp_path / "in" / "b.png")
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    assert keys(tmp_path / "set") == ["a.tif@0,0"]
    assert rejected(tmp_path / "set")["b.png@0,0"][0] == "duplicate"
    assert np.array_equal(ShardedImages(tmp_path / "set")[0], image)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("large", [False, True])
def test_stacks_give_frames_their_sum_or_the_first(tmp_path, monkeypatch, compression, large):
    if large:
        monkeypatch.setattr("stemgan.images.tiff._READ_AT_ONCE", 0)
    stack = np.stack([scene((64, 64), seed) for seed in range(5)])
    path = write(tmp_path / "s.tif", stack, compression=compression)
    for stack_mode, expected in {
        "frames": stack,
        "sum": stack.sum(axis=0, dtype=np.float64)[None],
        "first": stack[:1],
    }.items():
        output = tmp_path / stack_mode
        assert prepare(path, "-o", output, "--stack", stack_mode) == 0
        images = ShardedImages(output)
        assert len(set(images.columns["group"])) == 1
        np.testing.assert_array_equal([images[i] for i in range(len(images))], expected)


def test_a_detector_is_chosen_by_its_name(tmp_path):
    data = np.stack([scene((64, 64), seed) for seed in range(2)])
    channels = {"axes": "CYX", "Channel": {"Name": ["HAADF", "BF"]}, "PhysicalSizeX": 0.5}
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, data, ome=True, metadata={**channels, "PhysicalSizeXUnit": "nm"})
    assert prepare(path, "-o", tmp_path / "all") == 0
    columns = ShardedImages(tmp_path / "all").columns
    assert columns["key"] == ["a.ome.tif:HAADF@0,0", "a.ome.tif:BF@0,0"]
    assert columns["detector"] == ["HAADF", "BF"]
    assert set(columns["group"]) == {"a.ome.tif"}
    assert prepare(path, "-o", tmp_path / "one", "--detector", "haadf") == 0
    assert np.array_equal(ShardedImages(tmp_path / "one")[0], data[0])
    write(tmp_path / "plain.tif", scene((64, 64), 5))
    both = [path, tmp_path / "plain.tif"]
    assert prepare(*both, "-o", tmp_path / "none", "--detector", "EELS") == 0
    assert keys(tmp_path / "none") == ["plain.tif@0,0"]  # has no names to choose by
    assert "no detector 'EELS', but HAADF, BF" in rejected(tmp_path / "none")["a.ome.tif"][1]


def test_a_makers_tiff_keeps_its_scale_and_detector(tmp_path):
    zeiss(tmp_path / "sem.tif", scene((64, 64)))
    assert prepare(tmp_path / "sem.tif", "-o", tmp_path / "set") == 0
    columns = ShardedImages(tmp_path / "set").columns
    assert (columns["pixel_size"], columns["unit"]) == ([9.25], ["nm"])
    assert columns["detector"] == ["InLens"]


@pytest.mark.parametrize("shape", [(6, 64, 64), (6, 64, 64, 1)])
def test_a_published_collection_is_read_image_by_image(tmp_path, capsys, monkeypatch, shape):
    monkeypatch.setattr("stemgan.images.arrays._READ_AT_ONCE", 0)
    images = np.stack([scene((64, 64), seed) for seed in range(6)]).astype(np.float32)
    low, high = images.min(axis=(1, 2), keepdims=True), images.max(axis=(1, 2), keepdims=True)
    images = (2 * (images - low) / (high - low) - 1).astype(np.float32)
    np.save(tmp_path / "crops.npy", images.reshape(shape))
    assert prepare(tmp_path / "crops.npy", "-o", tmp_path / "set") == 0
    assert "each image is a group of its own" in capsys.readouterr().err
    read = ShardedImages(tmp_path / "set")
    assert read.columns["group"] == [f"crops.npy#{index}" for index in range(6)]
    np.testing.assert_allclose([read[i] for i in range(6)], images, atol=2 / 131070)
    assert prepare(tmp_path / "crops.npy", "-o", tmp_path / "one", "--group-by", "file") == 0
    assert set(ShardedImages(tmp_path / "one").columns["group"]) == {"crops.npy"}


def test_frames_of_counts_are_no_collection(tmp_path):
    frames = np.stack([scene((64, 64), seed) for seed in range(6)]).astype(np.float32)
    np.save(tmp_path / "movie.npy", frames)
    assert prepare(tmp_path / "movie.npy", "-o", tmp_path / "set") == 0
    assert set(ShardedImages(tmp_path / "set").columns["group"]) == {"movie.npy"}


def test_dead_pixels_are_repaired_and_bars_cut_off(tmp_path):
    image = scene((64, 64)).astype(np.float32)
    broken = image.copy()
    broken[5, 6] = np.nan
    write(tmp_path / "in" / "dead.tif", broken)
    write(
        tmp_path / "in" / "bar.tif",
        np.vstack([scene((64, 64), 1), np.zeros((12, 64), np.uint16)]),
    )
    assert prepare(tmp_path / "in", "-o", tmp_path / "set") == 0
    records = used(tmp_path / "set")
    assert records["dead.tif"]["repaired"] == 1
    assert records["bar.tif"]["cut_off"] == [0, 12, 0, 0]
    read = ShardedImages(tmp_path / "set")
    fixed = read[read.columns["source"].index("dead.tif")]
    assert fixed[5, 6] == pytest.approx(np.nanmean(broken[4:7, 5:8]), abs=1)
