import csv
import json
import math

import numpy as np
import pytest

from stemgan import evaluate as evaluation
from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.evaluate import (
    cells,
    journal,
    load_methods,
    make_plan,
    notes,
    summarise,
    take_scan,
)
from stemgan.evaluate.scans import Condition, take
from stemgan.evaluate.sources import find_sources
from stemgan.images import read_stack, write_image
from stemgan.metrics import DISTANCE_EDGES, blurred, score

COLUMNS = [
    "image",
    "group",
    "height",
    "width",
    "method",
    "scan",
    "coverage",
    "achieved",
    "electrons",
    "rmse_raw",
    "rmse_blurred",
    "nrmse_std",
    "nrmse_std_blurred",
    "psnr",
    "ssim",
    "seconds",
]


@pytest.fixture
def drawn():
    """Let plots be drawn, which take longest, for tests that look at them."""


@pytest.fixture(autouse=True)
def _figures_on_demand(request, monkeypatch):
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(evaluation, "draw", lambda *figures: None)


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    y, x = np.mgrid[:64, :80]
    write_image(folder / "waves.tif", (100 + 20 * np.sin(x / 9) * np.cos(y / 7)).astype("f4"))
    blob = np.exp(-((x[:50, :60] - 30) ** 2 + (y[:50, :60] - 20) ** 2) / 200)
    write_image(folder / "blob.tif", (3e-9 * blob).astype("f4"))
    return folder


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def command(images, out, *more):
    arguments = [
        "--scan",
        "spiral,dots",
        "--coverage",
        "1/8,1/16",
        "--methods",
        "nearest,linear",
    ]
    return ["evaluate", str(images), *arguments, "-o", str(out), *more]


@pytest.mark.usefixtures("drawn")
def test_end_to_end(images, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(command(images, out, "--electrons", "none,50", "--json")) == 0
    figures = json.loads(capsys.readouterr().out)
    rows = table(out / "results.csv")
    assert list(rows[0]) == COLUMNS
    assert len(rows) == 2 * 2 * 2 * 2 * 2
    assert {row["image"] for row in rows} == {"waves", "blob"}
    assert {(row["height"], row["width"]) for row in rows} == {("64", "80"), ("50", "60")}
    for row in rows:
        assert float(row["achieved"]) == pytest.approx(1 / float(row["coverage"][2:]), rel=0.25)
        assert 0 < float(row["rmse_blurred"]) < 60
        assert float(row["seconds"]) > 0
    summary = table(out / "summary.csv")
    assert len(summary) == len(figures["summary"]) == 2 * 2 * 2 * 2
    assert figures["images"] == 2
    names = {
        "error_by_distance.csv",
        "error_by_pitch.csv",
        "error_vs_coverage.png",
        "error_vs_distance.png",
        "error_vs_pitch.png",
        "examples.png",
    }
    assert names <= {path.name for path in out.iterdir()}
    for name in names:
        assert (out / name).stat().st_size > 500


def test_figures_are_those_of_the_method_itself(images, tmp_path):
    plan = make_plan([images / "waves.tif"], ["linear"], ["spiral"], ["1/8"], [20.0], seed=3)
    evaluation.evaluate(plan, tmp_path / "out")
    truth, scan = take_scan(plan.sources[0], plan.conditions[0], seed=3)
    expected = score(load_methods(["linear"])["linear"](scan), truth)
    row = table(tmp_path / "out" / "results.csv")[0]
    for name, value in expected.items():
        assert float(row[name]) == pytest.approx(value, rel=1e-5), name


def test_error_by_distance_adds_up_to_the_error(images, tmp_path):
    plan = make_plan([images / "blob.tif"], ["nearest"], ["dots"], ["1/8"])
    summary = evaluation.evaluate(plan, tmp_path / "out")
    rings = table(tmp_path / "out" / "error_by_distance.csv")
    pixels = [int(ring["pixels"]) for ring in rings]
    assert sum(pixels) == 50 * 60
    assert pixels[0] == round(summary[0]["achieved"] * 50 * 60)
    assert float(rings[0]["distance_to"]) == DISTANCE_EDGES[1]
    squares = [n * float(ring["rmse"]) ** 2 for n, ring in zip(pixels, rings, strict=True)]
    assert math.sqrt(sum(squares) / 3000) == pytest.approx(summary[0]["rmse_blurred"], rel=1e-4)


def test_continues_where_it_stopped(images, tmp_path, monkeypatch):
    out = tmp_path / "out"
    plan = make_plan(
        [images / "blob.tif", images / "waves.tif"], ["nearest"], ["dots"], ["1/8"]
    )
    real, calls = cells.evaluate_cell, []

    def stops(plan, source, condition, methods):
        calls.append(source.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(plan, source, condition, methods)

    monkeypatch.setattr(cells, "evaluate_cell", stops)
    with pytest.raises(KeyboardInterrupt):
        evaluation.evaluate(plan, out)
    assert not (out / "results.csv").exists()
    # A crash may also cut a line in half.
    with (out / journal.JOURNAL).open("a") as file:
        file.write('{"image": "waves", "cond')
    before = (out / journal.JOURNAL).read_bytes()
    evaluation.evaluate(plan, out)
    assert (out / journal.JOURNAL).read_bytes().startswith(before + b"\n")
    assert calls == ["blob", "waves", "waves"]
    evaluation.evaluate(plan, out)
    assert len(calls) == 3
    assert [row["image"] for row in table(out / "results.csv")] == ["blob", "waves"]


def test_another_evaluation_needs_overwrite(images, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(command(images, out)) == 0
    before = (out / "results.csv").read_bytes()
    assert main(command(images, out, "--seed", "1")) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (out / "results.csv").read_bytes() == before
    assert main(command(images, out, "--seed", "1", "--overwrite")) == 0
    assert (out / "results.csv").read_bytes() != before


def test_workers_change_nothing(images, tmp_path):
    plan = make_plan([images / "blob.tif"], ["nearest", "linear"], ["dots"], ["1/8", "1/16"])
    alone = evaluation.evaluate(plan, tmp_path / "alone")
    together = evaluation.evaluate(plan, tmp_path / "together", workers=2)
    for one, two in zip(alone, together, strict=True):
        assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_electrons_share_their_path_and_every_image_has_its_own(images):
    paths = sorted(images.iterdir())
    plan = make_plan(paths, ["nearest"], ["jittered-grid"], ["1/8"], [None, 10.0])
    clean, noisy = (take_scan(plan.sources[0], c, 0)[1] for c in plan.conditions)
    np.testing.assert_array_equal(clean.mask, noisy.mask)
    assert (clean.values != noisy.values).any()
    again = take_scan(plan.sources[0], plan.conditions[1], 0)[1]
    np.testing.assert_array_equal(again.values, noisy.values)
    assert (take_scan(plan.sources[0], plan.conditions[0], 1)[1].mask != clean.mask).any()


def test_groups_count_once(images, tmp_path, capsys):
    y, x = np.mgrid[:64, :80]
    write_image(images / "waves2.tif", (100 + 20 * np.sin(x / 3) * np.cos(y / 4)).astype("f4"))
    (tmp_path / "manifest.csv").write_text(
        "file,group,material\nimages/waves.tif,a,x\nimages/waves2.tif,a,y\nimages/blob.tif,b,x\n"
    )
    out = tmp_path / "out"
    assert main(command(images, out, "--by", "material")) == 0
    assert "mean over 2 groups" in capsys.readouterr().out
    rows = [
        row
        for row in table(out / "results.csv")
        if (row["method"], row["scan"], row["coverage"]) == ("linear", "dots", "1/8")
    ]
    error = {row["image"]: float(row["rmse_raw"]) for row in rows}
    summary = next(
        row
        for row in table(out / "summary.csv")
        if (row["method"], row["scan"], row["coverage"]) == ("linear", "dots", "1/8")
    )
    assert float(summary["rmse_raw"]) == pytest.approx(sum(error.values()) / 3, rel=1e-4)
    a, b = (error["waves"] + error["waves2"]) / 2, error["blob"]
    assert float(summary["rmse_raw_groups"]) == pytest.approx((a + b) / 2, rel=1e-4)
    split = table(out / "summary_by_material.csv")
    assert {row["material"] for row in split} == {"x", "y"}
    assert {row["images"] for row in split if row["material"] == "y"} == {"1"}


@pytest.mark.usefixtures("drawn")
def test_vacuum_has_no_percentage_and_spoils_no_mean(images, tmp_path, capsys):
    write_image(images / "vacuum.tif", np.full((40, 40), 5, "f4"))
    out = tmp_path / "out"
    assert main(command(images, out, "--json")) == 0
    figures = json.loads(capsys.readouterr().out)
    assert all(row["rmse_blurred"] > 0 for row in figures["summary"])
    assert figures["images"] == 3
    assert {row["images"] for row in figures["summary"]} == {2}
    vacuum = [row for row in table(out / "results.csv") if row["image"] == "vacuum"]
    assert {row["rmse_blurred"] for row in vacuum} == {""}
    plan = make_plan([images / "vacuum.tif"], ["nearest"], ["dots"], ["1/8"])
    assert math.isnan(evaluation.evaluate(plan, tmp_path / "only")[0]["rmse_blurred"])


def test_files_of_one_stem_are_two_images(images):
    write_image(images / "waves.npy", np.eye(64, 80, dtype="f4"))
    paths = [images / "waves.tif", images / "waves.npy"]
    sources = make_plan(paths, (), ["spiral"], ["1/8"]).sources
    assert len({source.name for source in sources}) == 2
    assert len({source.group for source in sources}) == 2


def test_stacks_and_equal_names(images, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_image(other / "blob.tif", np.random.default_rng(0).random((3, 40, 40)).astype("f4"))
    plan = make_plan([images / "blob.tif", other / "blob.tif"], ["nearest"], ["dots"], ["1/8"])
    names = [source.name for source in plan.sources]
    assert len(set(names)) == 4
    assert summarise(plan, []) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--methods", "nearst"], "did you mean nearest"),
        (["--scan", "sprial"], "did you mean spiral"),
        (["--coverage", "0"], "coverage"),
        (["--coverage", "1/1000"], "fewer than 16"),
        (["--coverage", ","], "names nothing"),
        (["--electrons", "-5"], "above 0"),
        (["--electrons", "many"], "number of electrons"),
        (["--by", "colour"], "'colour'"),
        (["--workers", "0"], "--workers"),
        (["-o", "nowhere/out"], "does not exist"),
    ],
)
def test_wrong_arguments(images, tmp_path, capsys, change, words):
    assert main(command(images, tmp_path / "out", *change)) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_truth_must_be_whole(images, tmp_path):
    broken = np.ones((32, 32), "f4")
    broken[3, 4] = np.nan
    write_image(images / "broken.tif", broken)
    with pytest.raises(InputError, match="not finite"):
        make_plan([images / "broken.tif"], ["nearest"], ["dots"], ["1/8"])


def test_a_weights_file_is_a_method_like_any_other(images, tmp_path):
    import torch

    from stemgan.networks import Generator, GeneratorConfig
    from stemgan.weights import save_weights

    weights = tmp_path / "mine.safetensors"
    torch.manual_seed(0)
    save_weights(weights, Generator(GeneratorConfig(widths=(8, 8, 8), depths=(1, 1, 1))), {})
    methods = ["nearest", str(weights)]
    plan = make_plan([images / "blob.tif"], methods, ["spiral"], ["1/8"])
    summary = evaluation.evaluate(plan, tmp_path / "out")
    assert [row["method"] for row in summary] == methods
    assert 0 < summary[1]["rmse_blurred"] < 60
    # Other weights under the same name are another evaluation.
    save_weights(weights, Generator(GeneratorConfig(widths=(8, 8, 8), depths=(1, 1, 2))), {})
    with pytest.raises(InputError, match="other images, arguments"):
        evaluation.evaluate(plan, tmp_path / "out")


@pytest.fixture
def alike(tmp_path):
    """Three images of one shape and one of another."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:40, :56]
    folder = tmp_path / "alike"
    folder.mkdir()
    for i in range(3):
        image = np.sin(x / (5 + i)) * np.cos(y / (4 + i)) + 0.1 * rng.normal(size=x.shape)
        write_image(folder / f"{i}.tif", image.astype("f4"))
    write_image(folder / "other.tif", rng.random((30, 30), np.float32))
    return folder


@pytest.mark.usefixtures("drawn")
def test_maps_of_systematic_errors(alike, tmp_path):
    paths = sorted(alike.iterdir())
    scans = ["dots", "jittered-grid"]
    plan = make_plan(paths, ["nearest", "linear"], scans, ["1/8"], [None, 50.0])
    evaluation.evaluate(plan, tmp_path / "out")
    folder = tmp_path / "out" / "systematic_error"
    assert {path.name for path in folder.glob("*.tif")} == {
        f"dots-1-8{dose}_{method}.tif" for dose in ("", "-50-e") for method in plan.methods
    }
    errors = []
    for source in plan.sources[:3]:
        truth, scan = take_scan(source, plan.conditions[0], 0)
        image = load_methods(["nearest"])["nearest"](scan)
        errors.append(100 * (image - blurred(truth)) / np.ptp(truth))
    expected = (
        np.mean(errors, 0),
        np.mean(np.abs(errors), 0),
        np.sqrt(np.mean(np.square(errors), 0)),
    )
    found = [page.data for page in read_stack(folder / "dots-1-8_nearest.tif")]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert (tmp_path / "out" / "systematic_error.png").stat().st_size > 500
    again = make_plan(paths, ["nearest"], ["dots"], ["1/9"])
    evaluation.evaluate(again, tmp_path / "out", overwrite=True)
    assert [path.name for path in folder.glob("*.tif")] == ["dots-1-9_nearest.tif"]
    said = notes(plan)
    assert any("jittered-grid: its mask differs" in note for note in said)
    assert any("of the 3 images of 40x56 px and leave out 1" in note for note in said)
    assert not any("systematic" in n and "dots" in n for n in said)


@pytest.mark.parametrize("saved", [True, False])
def test_maps_continue_where_they_stopped(alike, tmp_path, monkeypatch, saved):
    plan = make_plan(sorted(alike.iterdir()), ["linear"], ["dots", "spiral"], ["1/8"])
    evaluation.evaluate(plan, tmp_path / "whole")
    real, calls = cells.evaluate_cell, []

    def stops(plan, source, condition, methods):
        if len(calls) == 6:
            raise KeyboardInterrupt
        calls.append((source.name, condition.scan))
        return real(plan, source, condition, methods)

    monkeypatch.setattr(cells, "evaluate_cell", stops)
    with monkeypatch.context() as crash:
        if not saved:  # the machine went down: nothing could be saved at the end
            crash.setattr(evaluation.Maps, "save", lambda self: None)
        with pytest.raises(KeyboardInterrupt):
            evaluation.evaluate(plan, tmp_path / "out")
    done, calls[:] = calls[:], []
    evaluation.evaluate(plan, tmp_path / "out")
    # A map whose sums were lost needs its images again, and nothing else is done twice.
    lost = [] if saved else [cell for cell in done if cell[1] == "spiral"]
    assert sorted(calls) == sorted([*lost, ("2", "spiral"), ("other", "spiral")])
    for name in ("dots-1-8_linear.tif", "spiral-1-8_linear.tif"):
        one, two = (
            (tmp_path / out / "systematic_error" / name).read_bytes()
            for out in ("whole", "out")
        )
        assert one == two
    one, two = (
        [{**row, "seconds": 0} for row in table(tmp_path / out / "results.csv")]
        for out in ("whole", "out")
    )
    assert one == two


def test_quantiles_and_distances_in_units_of_the_pitch(images, tmp_path):
    plan = make_plan([images / "waves.tif"], ["nearest"], ["dots"], ["1/16"])
    evaluation.evaluate(plan, tmp_path / "out")
    truth, scan = take_scan(plan.sources[0], plan.conditions[0], 0)
    error = 100 * (load_methods(["nearest"])["nearest"](scan) - blurred(truth)) / np.ptp(truth)
    for row in table(tmp_path / "out" / "error_by_distance.csv"):
        low, high = float(row["distance_from"]), float(row["distance_to"])
        ring = error[(scan.nearest[0] >= low) & (scan.nearest[0] < high)]
        for column, share in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95)):
            exact = np.quantile(ring, share, method="inverted_cdf")
            assert float(row[column]) == pytest.approx(exact, rel=1 / 16, abs=1 / 64)
    rows = table(tmp_path / "out" / "error_by_pitch.csv")
    assert len({row["pitch_px"] for row in rows}) == 1
    assert float(rows[0]["pitch_px"]) == pytest.approx(4, rel=0.05)
    assert sum(int(row["pixels"]) for row in rows) == 64 * 80
    # No pixel is farther than half the diagonal between dots, but at the frame's edge.
    far = sum(int(row["pixels"]) for row in rows if float(row["distance_from"]) > 1)
    assert far < 0.1 * 64 * 80


def test_a_path_file_is_a_condition_of_its_own(images, tmp_path, capsys):
    mask = np.zeros((64, 80), np.float32)
    mask[::4, ::5] = 1
    write_image(tmp_path / "mine.tif", mask)
    (images / "blob.tif").unlink()
    arguments = [
        "evaluate",
        str(images),
        "--scan",
        f"{tmp_path / 'mine.tif'},dots",
        "--methods",
        "nearest",
    ]
    assert main([*arguments, "--coverage", "1/10,1/20", "-o", str(tmp_path / "out")]) == 0
    rows = table(tmp_path / "out" / "results.csv")
    assert [row["coverage"] for row in rows] == ["1/20", "1/10", "1/20"]
    assert float(rows[0]["achieved"]) == mask.mean()
    assert "mine.tif 1/20" in capsys.readouterr().out
    # Another path under the same name is another evaluation.
    mask[1, 1] = 1
    (tmp_path / "mine.tif").unlink()
    write_image(tmp_path / "mine.tif", mask)
    assert main([*arguments, "--coverage", "1/10,1/20", "-o", str(tmp_path / "out")]) == 2
    arguments[3] = str(tmp_path / "mine.tif")
    assert main([*arguments, "-o", str(tmp_path / "alone")]) == 0
    arguments[3] = "dots"
    assert main([*arguments, "-o", str(tmp_path / "none")]) == 2
    assert "dots scan needs a coverage" in capsys.readouterr().err
    arguments[3] = str(tmp_path / "nowhere.csv")
    assert main([*arguments, "-o", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()


def test_a_raster_is_evaluated_at_its_own_coverage(images, tmp_path):
    (images / "blob.tif").unlink()
    arguments = ["evaluate", str(images), "--methods", "nearest", "--scan", "raster,dots"]
    assert main([*arguments, "--coverage", "1/10", "-o", str(tmp_path / "out")]) == 0
    rows = table(tmp_path / "out" / "results.csv")
    assert [(row["scan"], row["coverage"]) for row in rows] == [
        ("raster", "1"),
        ("dots", "1/10"),
    ]
    assert float(rows[0]["rmse_raw"]) == 0


def test_a_path_file_that_changed_is_read_again(images, tmp_path):
    (source,) = find_sources([images / "blob.tif"], None)
    mask, file = np.zeros((50, 60), np.float32), tmp_path / "mine.npy"
    condition = Condition(str(file), "")
    for step in (4, 8):
        mask[:], mask[::step, ::step] = 0, 1
        np.save(file, mask)
        assert take(source, condition, 0).scan.coverage == mask.mean()


def test_results_do_not_go_among_the_images(images, capsys):
    arguments = ["evaluate", str(images), "--scan", "raster", "-o", str(images)]
    assert main(arguments) == 2
    assert "holds the images" in capsys.readouterr().err
    assert not (images / "results.csv").exists()


def test_a_coverage_between_whole_lines_is_said_once(images, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--scan", "serpentine", "--coverage", "1/13", "--methods", "nearest"]
    assert main(["evaluate", str(images), *arguments, "-o", str(out)]) == 0
    assert capsys.readouterr().err.count("whole lines") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_no_weights_file_leaves_no_folder(images, tmp_path, capsys, workers):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    out = tmp_path / "out"
    assert main(command(images, out, "--methods", f"nearest,{bad}", "--workers", workers)) == 2
    assert "bad.safetensors" in capsys.readouterr().err
    assert not out.exists()


def test_a_method_for_small_frames_is_refused_before_anything_is_done(tmp_path):
    write_image(tmp_path / "large.npy", np.eye(600, 700, dtype="f4"))
    with pytest.raises(InputError, match=r"600x700 px, and skimage-biharmonic"):
        make_plan([tmp_path / "large.npy"], ["skimage-biharmonic"], ["dots"], ["1/8"])


def test_methods_that_changed_are_not_mixed(images, tmp_path, monkeypatch):
    plan = make_plan([images / "blob.tif"], ["nearest"], ["dots"], ["1/8"])
    evaluation.evaluate(plan, tmp_path / "out")
    monkeypatch.setattr(evaluation.plan, "fingerprint", lambda name: "changed")
    with pytest.raises(InputError, match="versions of methods"):
        evaluation.evaluate(plan, tmp_path / "out")
    evaluation.evaluate(plan, tmp_path / "out", overwrite=True)


def test_a_crop_is_the_middle_and_part_of_the_plan(tmp_path):
    image = np.random.default_rng(0).random((40, 60), dtype=np.float32)
    write_image(tmp_path / "wide.tif", image)
    write_image(tmp_path / "small.tif", image[:30, :30])
    paths = [tmp_path / "small.tif", tmp_path / "wide.tif"]
    whole = make_plan(paths, ["nearest"], ["dots"], ["1/5"])
    plan = make_plan(paths, ["nearest"], ["dots"], ["1/5"], crop=32)
    assert [source.shape for source in plan.sources] == [(30, 30), (32, 32)]
    truth, scan = take_scan(plan.sources[1], plan.conditions[0], 0)
    assert np.array_equal(truth, image[4:36, 14:46])
    assert scan.shape == (32, 32)
    assert plan.settings() != whole.settings()
    with pytest.raises(InputError, match="crop"):
        make_plan(paths, ["nearest"], ["dots"], ["1/5"], crop=2)
