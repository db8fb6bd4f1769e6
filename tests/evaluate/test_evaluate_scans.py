"""Maps of systematic errors, distances in pitches, and scans of every kind."""

import numpy as np
import pytest

from stemgan import evaluate as evaluation
from stemgan.cli import main
from stemgan.errors import InputError
from stemgan.evaluate import (
    cells,
    load_methods,
    make_plan,
    notes,
    take_scan,
)
from stemgan.evaluate.scans import Condition, take
from stemgan.evaluate.sources import find_sources
from stemgan.images import read_stack, write_image
from stemgan.metrics import blurred
from tests.evaluating import command, table


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
