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
    summarise,
    take_scan,
)
from stemgan.evaluate.plan import Plan
from stemgan.evaluate.scans import Condition
from stemgan.evaluate.sources import Source
from stemgan.images import write_image
from stemgan.metrics import DISTANCE_EDGES, score
from tests.evaluating import command, table

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
    "log_spectrum",
    "seconds",
]


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
    said = capsys.readouterr().out
    assert "mean over 2 groups" in said
    assert said.count("* the least error") == 1
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


def test_images_without_contrast_are_left_out_and_said(images, tmp_path, capsys):
    out = tmp_path / "out"
    write_image(images / "vacuum.tif", np.full((40, 40), 5, "f4"))
    middle = np.pad(np.zeros((40, 40), "f4"), 10, constant_values=1)
    write_image(images / "middle.tif", middle)
    assert main(command(images, out, "--crop", "40", "--json")) == 0
    said = capsys.readouterr()
    figures = json.loads(said.out)
    assert (figures["images"], figures["left_out"]) == (2, 2)
    assert {row["images"] for row in figures["summary"]} == {2}
    assert "left out vacuum: it has no contrast" in said.err
    assert "left out middle: its middle has no contrast" in said.err
    assert {row["image"] for row in table(out / "results.csv")} == {"blob", "waves"}
    # One more of them changes nothing of what was found, which is not done again.
    write_image(images / "vacuum2.tif", np.zeros((40, 40), "f4"))
    assert main(command(images, out, "--crop", "40")) == 0
    said = capsys.readouterr()
    assert "0 of 8 partial scans" in said.err
    assert "left out: 3" in said.out


def test_of_images_without_contrast_alone_nothing_can_be_said(images, tmp_path, capsys):
    for path in images.iterdir():
        write_image(path, np.zeros((40, 40), "f4"), overwrite=True)
    assert main(command(images, tmp_path / "out")) == 2
    said = capsys.readouterr().err
    assert "none of 2 images has any contrast" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_truth_of_one_value_has_no_percentage(images, tmp_path):
    """Whoever makes a plan may have it, as an image that looks so after all."""
    path = images / "vacuum.tif"
    write_image(path, np.full((40, 40), 5, "f4"))
    source = Source(path, 0, "vacuum", (40, 40), "vacuum")
    plan = Plan((source,), (Condition("dots", "1/8"),), ("nearest",))
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
