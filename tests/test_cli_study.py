"""`stemgan study`: wrong input is one sentence before any work."""

import json

import numpy as np
import pytest

from stemgan.cli import main
from stemgan.cli.overrides import composed, configuration_folder
from stemgan.cli.studies.asking import request_of
from stemgan.cli.studies.tables import summary_text
from stemgan.cli.study import STUDY, watched
from stemgan.images import write_image
from stemgan.study.notes import notes
from stemgan.study.planning import make_plan, settings_of

SMALL = (
    "images=synthetic",
    "synthetic.count=2",
    "synthetic.size=48",
    "synthetic.kinds=[crystal]",
    "scans=[spiral]",
    "coverages=[1/4]",
    "methods=[nearest]",
    "report=false",
)


def entries(*words):
    from omegaconf import OmegaConf

    return OmegaConf.to_container(composed(words, STUDY), resolve=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["study=quik"], "did you mean 'quick'?"),
        (["imges=a"], "did you mean 'images'?"),
        (["synthetic.cout=2"], "did you mean 'synthetic.count'?"),
        (["scans=[spirl]"], "did you mean spiral?"),
        (["methods=[linaer]"], "did you mean linear?"),
        (["methods=[stemgan-x]"], "stemgan-s"),
        (["coverages=[1/0]"], "is not a coverage"),
        (["coverages=[]"], "needs a coverage"),
        (["coverages=1/20,1/50"], "write [...] for a list"),
        (["coverages=[1/400]"], "fewer than 16"),
        (["doses=[-1]"], "doses=-1: give a number above 0"),
        (["doses=[lots]"], "doses=lots"),
        (["dwells=[0]"], "dwells=0"),
        (["lags=[-1e-6]"], "lags=-1e-06"),
        (["flyback=-1"], "flyback=-1: give a number, 0 or more"),
        (["flyback=soon"], "flyback=soon"),
        (["images=null"], "say images=FOLDER"),
        (["images=[synthetic,a.tif]"], "images=synthetic goes alone"),
        (["images=no/such"], "no/such"),
        (["by=material"], "by and crop go with images of files"),
        (["features.kinds=[vacncy]"], "vacancy"),
        (["synthetic.kinds=[crystals]"], "did you mean crystal?"),
        (["part=2", "parts=2"], "part=2 of parts=2 is none"),
        (["workers=0"], "workers=0"),
        (["workers=many"], "workers=many"),
        (["parts=2", "overwrite=true"], "other parts"),
        (["report=maybe"], "report=maybe: say true or false"),
        (["examples=-1"], "examples=-1"),
        (["seed=-1"], "seed=-1"),
        (["device=tpu"], "device 'tpu'"),
        (["output_dir=''"], "output_dir is empty"),
        (["-m", "part=0,1", "parts=2"], "give the output_dir that its parts share"),
        (["-m", "part=0,1", "--json"], "--json goes with a single study"),
        (["--ful"], "there is no flag --ful"),
        (["reprt", "x"], "did you mean 'report'?"),
        (["report", "no/such"], "no/such"),
    ],
)
def test_what_is_wrong_is_a_sentence_before_any_work(words, expected, capsys, tmp_path):
    alone = not words[0].partition("=")[1] and not words[0].startswith("-")
    where = (
        []
        if alone or "-m" in words or "output_dir=''" in words
        else [f"output_dir={tmp_path / 's'}"]
    )
    given = {word.partition("=")[0] for word in words}
    small = [] if alone else [word for word in SMALL if word.partition("=")[0] not in given]
    assert main(["study", *words, *small, *where]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("stemgan: ")
    assert expected in line
    assert not (tmp_path / "s").exists()


def image(path, values=None, side=48):
    noise = np.random.default_rng(0).random((side, side), np.float32)
    write_image(path, noise if values is None else values)
    return path


def refused(capsys, tmp_path, *words):
    """Return the sentence that a study of files is refused with, before it has a folder."""
    given = {word.partition("=")[0] for word in words}
    small = [word for word in SMALL if word.partition("=")[0] not in {*given, "images"}]
    small = [word for word in small if not word.startswith("synthetic")]
    assert main(["study", *words, *small, f"output_dir={tmp_path / 'refused'}"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert not (tmp_path / "refused").exists()
    return line


def test_an_image_without_contrast_is_refused_by_name(tmp_path, capsys):
    good, flat = image(tmp_path / "good.tif"), np.full((48, 48), 7, np.float32)
    image(tmp_path / "flat.tif", flat)
    line = refused(capsys, tmp_path, f"images=[{good},{tmp_path / 'flat.tif'}]")
    assert f"{tmp_path / 'flat.tif'} has no contrast" in line
    framed = flat.copy()
    framed[0] = 1
    image(tmp_path / "framed.tif", framed)
    line = refused(capsys, tmp_path, f"images={tmp_path / 'framed.tif'}", "crop=32")
    assert "the middle of image framed of" in line


def test_what_a_refusal_advises_can_be_followed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image(tmp_path / "a.tif")
    (tmp_path / "bad").mkdir()
    rng = np.random.default_rng(0)
    np.save(tmp_path / "bad" / "path.npy", rng.uniform(-20, 20, (400, 2)))
    line = refused(capsys, tmp_path, "images=a.tif", "scans=[bad/path.npy]")
    assert "say odemis:bad/path.npy or abtem:bad/path.npy" in line
    small = ["methods=[nearest]", "report=false", "output_dir=s"]
    assert main(["study", "images=a.tif", "scans=['odemis:bad/path.npy']", *small]) == 0
    capsys.readouterr()
    assert "leave out by=" in refused(capsys, tmp_path, "images=a.tif", "by=specimen")


@pytest.mark.parametrize("name", ["text.tif", "cut.onnx"])
def test_a_method_that_is_no_weights_file_is_found_first(name, tmp_path, capsys):
    (tmp_path / name).write_text("no weights")
    words = [f"images={image(tmp_path / 'a.tif')}", f"methods=[{tmp_path / name}]"]
    line = refused(capsys, tmp_path, *words)
    assert f"{tmp_path / name} is not a readable" in line
    assert "stemgan export" in line


def test_equal_coverages_are_one():
    plan = make_plan(request_of(entries("images=synthetic", "coverages=[0.05,1/20,1/9]")))
    spirals = [one.coverage for one in plan.settings if one.scan == "spiral"]
    assert spirals == ["0.05", "1/9"]


def test_what_path_files_cover_is_said(tmp_path):
    lines = [f"{x},{y},1e-6" for x in np.linspace(0.1, 0.9, 6) for y in (0.2, 0.5, 0.8)]
    text = "# shape=48x48 unit=fraction\nx,y,dwell\n" + "\n".join(lines)
    (tmp_path / "p.csv").write_text(text)
    image(tmp_path / "a.tif")
    image(tmp_path / "b.tif", side=96)
    scans = f"scans=[{tmp_path / 'p.csv'}]"

    def said(name):
        plan = make_plan(request_of(entries(f"images={tmp_path / name}", scans)))
        return next(note for note in notes(plan) if "p.csv" in note)

    assert said("a.tif").endswith("p.csv measures 1/128 of 48x48 px")
    assert "measures 1/512 of 96x96 px, and 1/128 of the 48x48 px it was made for" in said(
        "b.tif"
    )
    assert "stemgan scan --shape 96x96" in said("b.tif")


def test_what_is_not_asked_for_any_more_is_said_to_be_kept(tmp_path, capsys):
    words = [*SMALL, f"output_dir={tmp_path / 's'}"]
    assert main(["study", *words]) == 0
    assert "kept in the journal" not in capsys.readouterr().err
    others = [word for word in words if not word.startswith("scans")]
    assert main(["study", *others, "scans=[dots]"]) == 0
    assert "2 results of scans and images that are not asked for" in capsys.readouterr().err
    assert main(["study", *others, "scans=[dots,spiral]"]) == 0
    assert "kept in the journal" not in capsys.readouterr().err


def test_an_output_among_the_images_is_refused(tmp_path, capsys):
    write_image(tmp_path / "a.tif", np.random.default_rng(0).random((48, 48), np.float32))
    words = [word for word in SMALL if not word.startswith(("images", "synth"))]
    assert main(["study", f"images={tmp_path}", f"output_dir={tmp_path}", *words]) == 2
    assert "holds the images" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in configuration_folder().glob("study/*.yaml"))
)
def test_every_study_is_one(name):
    words = [f"study={name}"]
    if name not in ("dose", "features"):
        words.append("images=synthetic")
    plan = make_plan(request_of(entries(*words)))
    assert plan.settings
    assert plan.sources or plan.features
    assert json.dumps(settings_of(plan))


def test_the_paper_has_the_published_coverages():
    plan = make_plan(request_of(entries("study=paper", "images=synthetic")))
    spirals = [one.coverage for one in plan.settings if one.scan == "spiral"]
    assert spirals == ["1/17.9", "1/27.3", "1/38.2", "1/50.0", "1/60.5", "1/73.7", "1/87.0"]
    assert len(plan.settings) == 3 * len(spirals)


def test_one_value_is_a_list_of_one_and_none_is_no_noise():
    asked = request_of(
        entries("images=synthetic", "coverages=1/9", "doses=none", "dwells=1e-5")
    )
    plan = make_plan(asked)
    assert {one.coverage for one in plan.settings} == {"1/9"}
    assert {(one.dose, one.dwell) for one in plan.settings} == {(None, 1e-5)}
    assert plan.controls == ()


def test_the_command_prints_what_it_found(tmp_path, capsys):
    assert main(["study", *SMALL, f"output_dir={tmp_path / 's'}", "--json"]) == 0
    shown = capsys.readouterr()
    figures = json.loads(shown.out)
    assert (figures["tasks"], figures["done"], figures["failed"]) == (2, 2, 0)
    assert figures["summary"][0]["scan"] == "spiral"
    assert (tmp_path / "s" / "study.yaml").read_text().count("1/4") == 1
    assert main(["study", *SMALL, f"output_dir={tmp_path / 's'}"]) == 0
    shown = capsys.readouterr()
    assert "0 of 2 tasks to do" in shown.err
    assert "spiral  1/4" in shown.out


def test_parts_by_hydra_share_a_folder(tmp_path, capsys):
    words = [*SMALL, f"output_dir={tmp_path / 's'}"]
    assert main(["study", "-m", "part=0,1", "parts=2", *words]) == 0
    assert (tmp_path / "s" / "results.csv").is_file()
    assert (tmp_path / "s" / "journal.1.jsonl").is_file()
    assert "left to other parts" in capsys.readouterr().out


def test_help_and_configuration(capsys):
    assert main(["study", "--help"]) == 0
    assert "stemgan study report first" in capsys.readouterr().out
    assert main(["study", "--cfg", "job", "study=paper"]) == 0
    assert "1/87.0" in capsys.readouterr().out


def test_progress_says_how_long_it_takes_yet(monkeypatch, capsys):
    times = iter([0.0, 10.0, 31.0, 40.0, 70.0])
    monkeypatch.setattr("stemgan.cli.study.time.monotonic", lambda: next(times))
    assert len(list(watched([None] * 4, 4))) == 4
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["2 of 4 tasks, about 1 min left", "4 of 4 tasks, about 0 min left"]


def test_a_summary_shows_what_differs():
    row = {"label": "", "control": "", "scan": "spiral", "dwell_s": 1e-6, "lag_s": 0.0}
    row |= {"method": "linear", "groups": 3, "rmse_blurred_low": 1.0, "rmse_blurred_high": 3.0}
    paths = [
        {**row, "coverage": "1/20", "dose": None, "images": 9, "rmse_blurred": 2.0},
        {**row, "coverage": "1/20", "dose": 5.0, "images": 9, "rmse_blurred": None},
    ]
    full = {**row, "control": "full-raw", "coverage": "1", "dose": 5.0, "images": 4}
    rows = [*paths, {**full, "rmse_blurred": 19.4}]
    title, *lines = summary_text(rows).splitlines()
    assert "3 groups" in title
    assert lines[0].split() == ["scan", "coverage", "e/px", "linear"]
    assert lines[1].split() == ["spiral", "1/20", "none", "2.00", "[1.00,", "3.00]"]
    assert lines[2].split() == ["spiral", "1/20", "5", "-"]
    assert len(lines) == 3
    few = [{**paths[1], "images": 4, "rmse_blurred": 1.5}, rows[-1]]
    text = summary_text(rows, few)
    assert "Full scans of the same dose, on the 4 images that are clean enough" in text
    apart = text.split("\n\n")[1:]
    assert apart[0].splitlines()[2].split() == [
        *("full-raw", "linear", "19", "[1.00,", "3.00]")
    ]
    assert apart[1].splitlines()[2].split() == ["spiral", "1/20", "1.50", "[1.00,", "3.00]"]
