"""Scale bars: measured, read, checked, refused; and the command that does it."""

import csv
import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.images import read_micrograph, write_image
from stemgan_data_prep.catalogue.scale import reading
from stemgan_data_prep.catalogue.scale.binning import bin_name, edges
from stemgan_data_prep.catalogue.scale.deciding import scale_of
from stemgan_data_prep.catalogue.scale.evidence import Evidence, Refused, judge
from stemgan_data_prep.catalogue.scale.finding import Box
from stemgan_data_prep.catalogue.scale.glyphs import Shapes
from stemgan_data_prep.catalogue.scale.previews import preview
from stemgan_data_prep.catalogue.scale.printed import Printed, printed
from stemgan_data_prep.catalogue.scale.reading import Reading
from stemgan_data_prep.catalogue.scale.scales import Scale, best_of, with_metadata
from stemgan_data_prep.catalogue.scale.units import is_round, parse_length

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
STYLES = ("zeiss", "thermo", "jeol", "hitachi", "tescan", "burnt")


@pytest.fixture(scope="module")
def drawing():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("info_bars_drawing")


@pytest.fixture
def tesseract():
    pytest.importorskip("pytesseract")
    if not reading.available():
        pytest.skip("the program tesseract is not installed: no text can be read")


@pytest.mark.parametrize(
    ("text", "number", "units"),
    [
        ("5 µm", "5", ("µm",)),
        ("5 μm", "5", ("µm",)),
        ("20um", "20", ("µm",)),
        ("| 500 nm |", "500", ("nm",)),
        ("2,5 um", "2.5", ("µm",)),
        ("10 pm", "10", ("µm", "pm")),
        ("2 Å", "2", ("Å",)),
        ("1.00mm", "1.00", ("mm",)),
        ("S00nm", "500", ("nm",)),
    ],
)
def test_lengths_are_read(text, number, units):
    length = parse_length(text)
    assert (length.number, length.units) == (number, units)


@pytest.mark.parametrize(
    "text", ["", "WD 10.1 mm", "15.0kV", "05 nm", "5", "nm", "0 nm", "1o nm", "5 µm 3", "20 m"]
)
def test_what_is_no_length_is_none(text):
    assert parse_length(text) is None


def test_round_numbers():
    assert all(map(is_round, (1, 2, 2.5, 5, 10, 15, 300, 0.5, 0.02)))
    assert not any(map(is_round, (5.1, 7, 9, 37, 900, 0.13)))


def test_a_strip_confirms_and_denies():
    said = printed("SEM MAG: 1.00 kx Det: SE View field: 138 um WD: 10.1 mm")
    assert said.confirms(138.0, 1000)
    assert not said.denies(138.0, 1000)
    assert said.denies(150.0, 1000)
    assert said.magnification == 1000
    assert not Printed().denies(1.0, 1000)


def _evidence(*texts, shapes=None, said=None, metadata=None):
    readings = tuple(Reading(text, 0.9) for text in texts)
    letters, words = shapes or Shapes((), None), said or Printed()
    return Evidence(readings, letters, 100.0, 1000, True, words, metadata)


def test_what_reads_and_looks_alike_is_taken():
    verdict = judge(_evidence("10 pm", "10 um", shapes=Shapes(((0, 1, 0, 0),), "µm")))
    assert verdict.nanometres == 10_000
    assert verdict.text == "10 µm"
    assert verdict.confidence > 0.95


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (_evidence("WD 5", "kV"), "no length"),
        (_evidence("10 um", "16 um"), "disagree"),
        (_evidence("10 nm", "10 um"), "unit disagree"),
        (_evidence("200 pm", "200 pm"), "may be pm or µm"),
        (_evidence("10 nm", "10 nm", shapes=Shapes(((0, 1, 0, 0),), "µm")), "looks like µm"),
        (_evidence("9.7 nm", "9.7 nm"), "nobody draws"),
        (_evidence("10 um", "10 um", said=printed("View field: 138 um")), "say otherwise"),
        (_evidence("5 mm", "5 mm"), "no microscope"),  # a printed rule: 50 mm wide
        (_evidence("5 mm", "5 mm", metadata=5e4), "no microscope"),
    ],
)
def test_what_does_not_fit_together_is_refused(evidence, why):
    with pytest.raises(Refused, match=why):
        judge(evidence)


def test_a_field_of_view_or_metadata_decide_between_units():
    said = printed("View field: 2.00 um")
    assert judge(_evidence("200 pm", "200 pm", metadata=2e-3)).text == "200 pm"
    assert judge(_evidence("200 um", "200 pm")).text == "200 µm"
    assert judge(_evidence("200 nm", "200 nm", said=said)).kind == "confirmed"


@pytest.mark.parametrize("style", STYLES)
def test_bars_are_measured_without_reading(drawing, style):
    truth = drawing.render({"burnt": 34}.get(style, 8), 0, (style,))
    scale = scale_of(truth.image.astype(np.float32), text=False)
    assert scale.pixel_size is None
    assert scale.bar_px == pytest.approx(truth.bar, rel=0.01)


@pytest.mark.parametrize("style", STYLES)
def test_scales_are_read(drawing, tesseract, style):
    truth = drawing.render({"burnt": 34}.get(style, 8), 0, (style,))
    scale = scale_of(truth.image.astype(np.float32))
    assert scale.pixel_size == pytest.approx(truth.pixel_size, rel=0.01)
    assert scale.source == "bar"
    assert scale.confidence >= 0.95


@pytest.mark.parametrize("style", STYLES)
def test_without_a_bar_nothing_is_found(drawing, tesseract, style):
    truth = drawing.render(21, 0, (style,), barless=True)
    assert scale_of(truth.image.astype(np.float32)).pixel_size is None


def test_metadata_and_bar_must_agree(drawing, tesseract):
    truth = drawing.render(8, 0, ("tescan",))
    image = truth.image.astype(np.float32)
    both = scale_of(image, truth.pixel_size)
    assert both.source == "bar and metadata"
    other = scale_of(image, truth.pixel_size * 1.1)
    assert other.pixel_size is None
    assert "metadata" in other.reason
    plain = scale_of(np.zeros((64, 64), np.float32), 2.5)
    assert (plain.pixel_size, plain.source) == (2.5, "metadata")


def test_metadata_that_a_doubtful_bar_contradicts_are_refused(drawing, tesseract):
    readings = _evidence("10 um", "16 um", "16 pm")
    assert readings.sizes == pytest.approx((1.6e-4, 100, 160))
    doubt = Scale(bar_px=100.0, error=0.005, reason="disagree", doubtful=readings.sizes)
    assert with_metadata(doubt, 101.0).source == "metadata"
    refused = with_metadata(doubt, 50.0)
    assert (refused.pixel_size, refused.source, refused.confidence) == (None, "", 0.0)
    assert refused.reason.startswith("the bar may say 0.16 pm or 100 nm or 160 nm a pixel")
    assert refused.reason.endswith("the metadata 50 nm")
    burnt = drawing.render(0, 0, ("burnt",))
    image = burnt.image.astype(np.float32)
    alone = scale_of(image)
    assert (alone.pixel_size, bool(alone.doubtful)) == (None, True)
    both = scale_of(image, 0.3 * burnt.pixel_size)
    assert both.pixel_size is None
    assert "the bar may say" in both.reason


def test_a_bar_that_is_cut_off_gives_no_scale(drawing, tesseract):
    truth = drawing.render(8, 0, ("jeol",))
    image = truth.image.astype(np.float32)
    whole = scale_of(image)
    assert whole.pixel_size is not None
    middle = (whole.bar.left + whole.bar.right) // 2
    for part in (image[:, whole.bar.left + 3 :], image[:, : whole.bar.right - 3]):
        assert scale_of(part).pixel_size is None
    assert scale_of(image[:, middle:]).bar_px is None


def test_two_bars_of_which_one_was_not_read_give_no_scale():
    one = Scale(pixel_size=2.0, confidence=0.995, bar_px=100.0, label=Box(0, 20, 10, 80))
    other = Scale(bar_px=60.0, label=Box(300, 320, 10, 80))
    assert best_of([one], [one]) == one
    refused = best_of([one], [one, other])
    assert (refused.pixel_size, refused.reason[:18]) == (None, "there are two bars")
    again = Scale(bar_px=60.0, label=Box(2, 22, 12, 90))  # the same label, at another line
    assert best_of([one], [one, again]) == one


@pytest.mark.parametrize("image", [np.zeros((5, 5)), np.full((40, 60), np.nan), np.eye(90)])
def test_odd_images_have_no_bar(image):
    assert scale_of(image.astype(np.float32), text=False).bar_px is None


def test_bins_hold_what_their_names_say():
    sizes = [0.5, 2.0, 20.0, 30.0, 4000.0]
    assert edges("decades", sizes) == [1.0, 10.0, 100.0, 1000.0]
    assert [bin_name(s, [1.0, 1000.0]) for s in sizes[::2]] == [
        "below 1 nm",
        "1 nm to 1 µm",
        "1 µm and more",
    ]
    assert edges("10,", sizes) == [10.0]
    between = edges("2", sizes)
    assert [bin_name(s, between) for s in sizes].count("below 20 nm") == 2
    for wrong in ("0", "3,2", "x", "-1,2", ""):
        with pytest.raises(InputError, match="--bins"):
            edges(wrong, sizes)


@pytest.fixture
def archive(tmp_path, drawing):
    folder = tmp_path / "archive"
    folder.mkdir()
    truth = drawing.render(8, 0, ("thermo",))
    write_image(folder / "bar.tif", truth.image.astype(np.float32))
    bare = np.random.default_rng(0).normal(100, 10, (64, 80)).astype(np.float32)
    write_image(folder / "known.tif", bare, pixel_size=0.25, unit="nm")
    (folder / "broken.tif").write_bytes(b"no image")
    return folder, truth


def test_the_command_writes_a_table(archive, tesseract, tmp_path, capsys):
    folder, truth = archive
    table = tmp_path / "scales.csv"
    call = ["catalogue", "scale", str(folder), "-o", str(table), "--bins", "1,", "--preview"]
    assert main([*call, "--json"]) == 0
    said = capsys.readouterr()
    figures = json.loads(said.out)
    assert (figures["files"], figures["scales"], figures["left_out"]) == (2, 2, 1)
    assert "broken.tif" in said.err
    with table.open(encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    bar = rows["archive/bar.tif"]
    assert float(bar["pixel_size"]) == pytest.approx(truth.pixel_size, rel=0.01)
    assert bar["scale_bin"] == "1 nm and more"
    assert rows["archive/known.tif"]["scale_source"] == "metadata"
    assert rows["archive/known.tif"]["pixel_size"] == "0.25"
    assert (tmp_path / "scales.previews" / "bar.tif.png").is_file()
    assert main(call) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_without_the_program_bars_alone_are_measured(archive, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reading, "available", lambda: False)
    folder, truth = archive
    table = tmp_path / "scales.csv"
    assert main(["catalogue", "scale", str(folder), "-o", str(table)]) == 0
    assert capsys.readouterr().err.count("Tesseract is missing") == 1
    with table.open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["file"] == "archive/bar.tif")
    assert float(row["bar_px"]) == pytest.approx(truth.bar, rel=0.01)
    assert row["pixel_size"] == ""


def test_files_of_which_none_can_be_read_are_refused(archive, tmp_path, capsys):
    table = tmp_path / "scales.csv"
    broken = str(archive[0] / "broken.tif")
    assert main(["catalogue", "scale", broken, "-o", str(table)]) == 2
    assert "no picture can be read (broken.tif" in capsys.readouterr().err
    assert not table.exists()


def test_previews_do_not_lie_among_the_images(archive, capsys):
    folder, _ = archive
    call = ["catalogue", "scale", str(folder), "-o", str(folder / "s.csv"), "--preview"]
    assert main(call) == 2
    assert "s.previews lies in" in capsys.readouterr().err
    assert not list(folder.glob("s.*"))


@pytest.mark.parametrize("words", [["--bins", "3,2"], ["--workers", "0"]])
def test_wrong_options_are_refused_before_work(archive, tmp_path, capsys, words):
    folder, _ = archive
    assert main(["catalogue", "scale", str(folder), "-o", str(tmp_path / "s.csv"), *words]) == 2
    assert words[0] in capsys.readouterr().err


def test_a_preview_shows_bar_and_label(drawing):
    truth = drawing.render(8, 0, ("zeiss",))
    image = truth.image.astype(np.float32)
    drawn = np.asarray(preview(image, scale_of(image, text=False)))
    red = (drawn == (230, 40, 40)).all(axis=2)
    blue = (drawn == (40, 140, 240)).all(axis=2)
    assert red.any()
    assert blue.any()


def test_real_images_have_no_bar(real_data):
    files = sorted((real_data / "sem").glob("WC_*.tif"))
    assert files
    for file in files:
        assert scale_of(read_micrograph(file).data, text=False).bar_px is None
