"""`stemgan reconstruct --uncertainty`: files of deviation and quantiles, calibrated or not."""

import json
from pathlib import Path

import numpy as np
import pytest

from stemgan import images, reconstruct
from stemgan.cli import main
from stemgan.evaluate.calibrate import neutral
from stemgan.images import read_micrograph, read_partial_scans, read_stack, write_image
from stemgan.measurement import PartialScan, intensity_scale
from stemgan.reconstruct import Reconstructor
from stemgan.weights import DEFAULT_MODEL
from tests.reconstructing import image, mask, partial

QUANTILES = ("q05", "q50", "q95")


@pytest.fixture
def calibrated(monkeypatch):
    """Give the toy a calibration that takes its deviation, 1/e of the gain, for normal."""
    load = reconstruct.load_generator

    def loaded(name):
        generator, header = load(name)
        return generator, header | {"calibration": neutral().to_dict()}

    monkeypatch.setattr(reconstruct, "load_generator", loaded)


def read(name):
    return read_micrograph(name).data


@pytest.mark.usefixtures("calibrated")
def test_quantiles_lie_beside_the_image(folder, capsys):
    write_image("a.tif", partial(), 0.2, "nm", {"microscope": "T"})
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["images"]
    assert sorted(entry["also"]) == sorted(f"b.{w}.tif" for w in ("std", *QUANTILES))
    scan = PartialScan(np.nan_to_num(partial()), mask().astype(np.float32))
    std = intensity_scale(scan).gain / np.e
    np.testing.assert_allclose(read("b.std.tif"), std, rtol=1e-4)
    for word, shift in zip(QUANTILES, (-1.645, 0, 1.645), strict=True):
        one = read_micrograph(f"b.{word}.tif")
        assert (one.pixel_size, one.unit) == (0.2, "nm")
        record = one.metadata["stemgan"]["uncertainty"]
        assert record == {"truth": "blurred", "calibrated": True}
        np.testing.assert_allclose(one.data, read("b.tif") + shift * std, rtol=1e-3, atol=1e-3)


@pytest.mark.usefixtures("calibrated")
def test_raw_pixels_are_as_uncertain_or_more(folder):
    write_image("a.tif", partial())
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty"]) == 0
    assert main(["reconstruct", "a.tif", "-o", "c.tif", "--uncertainty", "--raw"]) == 0
    assert not np.array_equal(read("b.tif"), read("c.tif"))
    assert (read("c.std.tif") >= read("b.std.tif") * 0.999).all()
    record = read_micrograph("c.q05.tif").metadata["stemgan"]["uncertainty"]
    assert record["truth"] == "raw"


@pytest.mark.usefixtures("calibrated")
def test_stacks_stay_stacks_and_companions_are_no_scans(folder, capsys):
    write_image("a.tif", np.stack([partial(seed) for seed in range(3)]))
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty"]) == 0
    for word in ("std", *QUANTILES):
        assert len(read_stack(f"b.{word}.tif")) == 3
    (folder / "in").mkdir()
    write_image("in/a.tif", partial())
    assert main(["reconstruct", "in/a.tif", "-o", "in/b.tif", "--uncertainty"]) == 0
    Path("in/b.tif").replace("in/a.tif")
    for word in ("std", *QUANTILES):
        Path(f"in/b.{word}.tif").replace(f"in/a.{word}.tif")
    write_image("in/a.tif", partial(), overwrite=True)
    capsys.readouterr()
    assert main(["reconstruct", "in", "-o", "out.tif", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 1


@pytest.mark.usefixtures("calibrated")
def test_what_is_there_is_not_replaced(folder, capsys):
    write_image("a.tif", partial())
    write_image("b.q50.tif", image())
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty"]) == 2
    assert "b.q50.tif exists" in capsys.readouterr().err
    assert not Path("b.tif").exists()
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty", "--overwrite"]) == 0


def test_weights_without_a_calibration_say_so(folder, capsys):
    write_image("a.tif", partial())
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--uncertainty"]) == 0
    assert "is not calibrated" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["a.tif", "b.std.tif", "b.tif"]
    record = read_micrograph("b.std.tif").metadata["stemgan"]["uncertainty"]
    assert record == {"truth": "blurred", "calibrated": False}


@pytest.mark.usefixtures("folder")
def test_raw_is_the_other_completion_and_the_record_says_which():
    partial_scan = partial()
    write_image("a.tif", partial_scan)
    assert main(["reconstruct", "a.tif", "-o", "b.tif"]) == 0
    assert main(["reconstruct", "a.tif", "-o", "c.tif", "--raw", "--preview"]) == 0
    scan = read_partial_scans(Path("a.tif"))[0]
    made = Reconstructor.load(device="cpu")(scan)
    for name, found, truth in (("b", made.image, "blurred"), ("c", made.raw, "raw")):
        np.testing.assert_array_equal(read(f"{name}.tif"), found)
        assert read_micrograph(f"{name}.tif").metadata["stemgan"]["truth"] == truth
    assert not np.array_equal(made.image, made.raw)


@pytest.mark.usefixtures("folder")
def test_a_preview_says_which_completion_it_shows(monkeypatch):
    write_image("a.tif", partial())
    shown = []
    draw = images.picture
    monkeypatch.setattr(
        images,
        "picture",
        lambda panels, **settings: shown.append(panels[1][0]) or draw(panels, **settings),
    )
    for name, options in (("b", []), ("c", ["--raw"])):
        assert main(["reconstruct", "a.tif", "-o", f"{name}.tif", "--preview", *options]) == 0
    assert main(["reconstruct", "a.tif", "-o", "d.tif", "--preview", "--method", "linear"]) == 0
    assert shown == [
        f"completed: {DEFAULT_MODEL}",
        f"completed: {DEFAULT_MODEL}, raw",
        "completed: linear",
    ]


def test_raw_needs_a_network(folder, capsys):
    write_image("a.tif", partial())
    assert main(["reconstruct", "a.tif", "-o", "b.tif", "--raw", "--method", "linear"]) == 2
    error = capsys.readouterr().err
    assert "leave out --raw" in error
    assert error.count("\n") == 1
    assert not Path("b.tif").exists()
