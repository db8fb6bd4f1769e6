"""The benchmark of quality: what it fixes, ratios and verdicts, the oracle, what it keeps."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from stemgan.baselines import METHODS
from stemgan.errors import InputError
from stemgan.evaluate import Condition, take_scan
from stemgan.evaluate.methods import weights_digest
from stemgan.images import write_image
from stemgan.measurement import measure
from stemgan.metrics import blurred, rmse
from stemgan.scan import ScanDesign
from tests.benchmarking import FOLDER as BENCHMARKS
from tests.benchmarking import scripts

FOLDER = BENCHMARKS / "quality"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture
def quality(monkeypatch):
    with scripts(monkeypatch, FOLDER, NAMES) as script:
        yield script


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_image_has_a_source_a_class_and_every_mask(quality):
    protocol = quality("protocol")
    images = rows(protocol.IMAGES)
    assert len({row["image"] for row in images}) == len(images) == 42
    assert all(row["class"] in protocol.CLASSES and row["licence"] for row in images)
    assert all(len(row["sha256"]) == 64 for row in images)
    wanted = {(r["image"], c.scan, c.coverage) for r in images for c in protocol.MAIN}
    assert set(protocol.Masks(rows(protocol.MASKS)).known) == wanted
    paths = {(c.scan, c.coverage) for c in protocol.MAIN}
    assert {(c.scan, c.coverage) for c in protocol.NOISY} <= paths


def test_no_image_trained_the_shipped_weights(quality):
    sources = rows(FOLDER.parents[1] / "stemgan" / "weights" / "stemgan-s.sources.csv")
    images = rows(quality("protocol").IMAGES)
    assert not {Path(r["file"]).stem for r in sources} & {r["image"] for r in images}
    assert not {r["group"] for r in sources} & {r["group"] for r in images}


def test_a_digest_tells_shape_and_values(quality):
    digest = quality("protocol").digest
    image = np.arange(6, dtype=np.float32)
    same = image.astype(">f4")
    shapes = {digest(image.reshape(shape)) for shape in ((2, 3), (3, 2), (6,))}
    assert len(shapes) == 3
    assert digest(same) == digest(image) != digest(image + 1)


@pytest.fixture
def errors(quality):
    """Return three images of two groups: `ours` is 0.5, 0.5 and 1.2 of the best simple."""
    ratios, simple, showing = (quality(name) for name in ("ratios", "simple", "showing"))
    found = ratios.Errors(
        {"a": "x", "b": "x", "c": "y"}, {"a": "lattice", "b": "lattice", "c": "edges"}
    )
    left = {"ours": (0.5, 0.5, 1.2), "fourier-pocs": (0.9, 0.9, 0.9)}
    for condition in showing.wanted():
        for method in (*simple.SIMPLE, *left):
            worse = 1 if method in ("linear", *left) else 2
            for image, share in zip("abc", left.get(method, (1, 1, 1)), strict=True):
                found.add([{
                    "image": image, "method": method, "scan": condition.scan,
                    "coverage": condition.coverage, "electrons": None,
                    "rmse_blurred": 4 * worse * share, "rmse_raw": 5 * worse * share,
                }])  # fmt: skip
    return found


def test_ratios_to_the_best_simple_method(errors):
    condition = Condition("dots", "1/49")
    assert errors.best_simple(condition) == "linear"
    ratio = errors.ratio("ours", "linear", condition)
    assert ratio.mean == pytest.approx((0.5 + 0.5 + 1.2) / 3)
    assert ratio.groups == pytest.approx((0.5 + 1.2) / 2)
    assert (ratio.lower, ratio.image) == (pytest.approx(2 / 3), "c")
    assert ratio.worst == pytest.approx(1.2)
    assert ratio.low == pytest.approx(0.5)
    assert ratio.high == pytest.approx(1.2)


def test_verdicts_say_what_is_shown_and_what_is_not(errors, quality):
    head, *lines = quality("showing").must_show(errors, "ours", ["fourier-pocs"])
    assert len(lines) == len(quality("showing").LIMITS)
    verdict = dict(zip(head, lines[0], strict=True))
    assert verdict["best simple method"] == "linear"
    assert verdict["ratio"] == "**0.733**"
    assert verdict[""] == "✓"
    assert verdict["lower on"] == "67% ✗"
    assert verdict["worst image"].startswith("1.20 ✗")
    assert verdict["over it"].endswith("✓")
    assert verdict["on lattices"].startswith("0.556 ✓")


def test_scans_that_are_not_all_there_are_not_judged(errors, quality):
    del errors.found["ours", Condition("spiral", "1/50")]["b"]
    lines = list(quality("showing").must_show(errors, "ours", ["fourier-pocs"]))
    assert len(lines) == len(quality("showing").LIMITS)  # one head, one less line
    assert "spiral 1/50" not in [line[0] for line in lines]


def test_an_interval_narrows_with_groups_and_ignores_copies(quality):
    bootstrap = quality("ratios").bootstrap
    rng = np.random.default_rng(0)
    a, b = rng.uniform(1, 2, 64), np.ones(64)
    widths = [np.ptp(bootstrap(a[:n], b[:n], [str(i) for i in range(n)])) for n in (4, 16, 64)]
    assert all(wide > narrow for wide, narrow in pairwise(widths))
    few = np.tile(a[:4], 8)
    copied = bootstrap(few, np.ones(32), [str(i % 4) for i in range(32)])
    assert np.ptp(copied) == pytest.approx(widths[0])


@pytest.fixture(scope="module")
def field():
    """Return a stationary field without a trend, and white noise on it, (90, 100)."""
    rng = np.random.default_rng(3)
    frequency = np.hypot(np.fft.fftfreq(90)[:, None], np.fft.rfftfreq(100))
    spectrum = np.exp(-((frequency - 0.08) ** 2) / (2 * 0.01**2))
    waves = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((90, 100))) * spectrum, (90, 100))
    image = waves / waves.std() + 0.1 * rng.standard_normal((90, 100))
    return image.astype(np.float32)


@pytest.mark.parametrize("name", ["oracle", "oracle_wide"])
def test_the_oracle_is_a_limit_on_a_stationary_field(quality, field, name):
    scan = measure(field, ScanDesign("random", field.shape, coverage=1 / 20, seed=1).trace())
    target, span = blurred(field), float(np.ptp(field))
    ours = rmse(getattr(quality("oracle"), name)(scan, field), target, span)
    others = {m: rmse(METHODS[m](scan), target, span) for m in ("gaussian-process", "linear")}
    assert ours < min(others.values())
    assert ours < 0.5 * others["linear"]


def test_the_oracle_keeps_the_unit_and_planes(quality, field):
    oracle = quality("oracle")
    trace = ScanDesign("spiral", field.shape, coverage=1 / 10).trace()
    far = 1000 + 50 * field
    plain, moved = (oracle.oracle_wide(measure(x, trace), x) for x in (field, far))
    assert np.allclose(moved, 1000 + 50 * plain, atol=0.05 * np.ptp(field))
    tilted = np.float32(2) + np.linspace(0, 1, 90, dtype=np.float32)[:, None] * np.ones(100)
    assert np.allclose(oracle.best_plane(tilted), tilted)
    flat = np.full((90, 100), 3, np.float32)
    assert np.allclose(oracle.oracle(measure(flat, trace), flat), 3)


def test_widths_share_one_infill(quality, field):
    simple = quality("simple")
    scan = measure(field, ScanDesign("dots", field.shape, coverage=1 / 16).trace())
    images = {name: method(scan) for name, method in simple.smoothed_methods().items()}
    deviations = [images[f"linear, {share:g} gaps"].std() for share in simple.SHARES]
    assert all(sharp > smooth for sharp, smooth in pairwise(deviations))
    other = measure(2 * field, ScanDesign("dots", field.shape, coverage=1 / 16).trace())
    again = simple.smoothed_methods()["linear, 0.1 gaps"]
    assert np.allclose(again(other), 2 * again(scan), atol=1e-4)


def test_figures_are_kept_and_checked(quality, tmp_path):
    store = quality("store").Store(tmp_path)
    source = quality("protocol").Source(tmp_path / "a.tif", 0, "a", (64, 64), "g")
    condition = Condition("spiral", "1/50")
    row = {
        "image": "a", "group": "g", "method": "linear", "scan": "spiral", "coverage": "1/50",
        "electrons": None, "rmse_blurred": 3.0, "rmse_raw": 4.0,
    }  # fmt: skip
    cells = quality("store")
    cell = cells.Cell(source, condition, 9.0, [cells.Entry(row, None, None)])
    store.journal("linear").add(cell)
    again = quality("store").Store(tmp_path)
    assert again.done("linear") == {("a", condition)}
    assert again.journal("linear").rows == [row]

    def redo(value):
        return lambda *_: {"linear": value}

    with pytest.raises(InputError, match="linear is not what it was"):
        again.check("linear", [source], redo(3.1))
    assert "within 0.0100 %" in again.check("linear", [source], redo(3.01))
    assert again.check("linear", [source], redo(9.0)) is None  # the same code: not looked at


@pytest.fixture
def small(quality, monkeypatch, tmp_path):
    """Return a folder of two small images that are the benchmark's, at two scans."""
    protocol, folder = quality("protocol"), tmp_path / "images"
    folder.mkdir()
    names = ("flakes", "grains")
    for i, name in enumerate(names):
        image = np.random.default_rng(i).normal(size=(48, 40 + 8 * i)).cumsum(axis=1)
        write_image(folder / f"{name}.tif", image.astype(np.float32))
    table = tmp_path / "images.csv"
    table.write_text(
        "image,group,class,height,width,sha256\n"
        + "".join(f"{name},{name},texture,,,\n" for name in names)
    )
    monkeypatch.setattr(protocol, "IMAGES", table)
    monkeypatch.setattr(protocol, "MASKS", tmp_path / "masks.csv")
    monkeypatch.setattr(
        protocol, "MAIN", (Condition("spiral", "1/9"), Condition("random", "1/9"))
    )
    monkeypatch.setattr(protocol, "FAMILIES", ("spiral", "random"))
    monkeypatch.setattr(protocol, "COVERAGES", ("1/9",))
    protocol.fix(folder)
    return folder


def test_a_run_checks_what_is_fixed_keeps_figures_and_reports(
    quality, small, monkeypatch, tmp_path
):
    protocol, run, report = (quality(name) for name in ("protocol", "run", "report"))
    monkeypatch.setattr(report, "draw", lambda *_: None)
    plan = protocol.find_plan(small, protocol.MAIN)
    methods = (*quality("simple").REFERENCE, "simple-widths", "oracle", "biharmonic")
    monkeypatch.setattr(run, "MASKS", protocol.MASKS)
    out = tmp_path / "out"
    run.run(plan, methods, quality("store").Store(out))
    again = quality("store").Store(out)

    def too_much(*_):
        raise AssertionError("completed again")

    monkeypatch.setattr(run, "complete", too_much)
    run.run(plan, methods, again)
    report.write_report(out, plan, methods, again)
    lines = (out / "rmse_blurred.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 2
    assert "| best simple |" in (out / "report.md").read_text()
    found = {row["image"]: float(row["biharmonic"]) for row in csv.DictReader(lines)}
    source = plan.sources[1]
    truth, scan = take_scan(source, protocol.MAIN[1], protocol.SEED)
    expected = rmse(METHODS["biharmonic"](scan), blurred(truth), float(np.ptp(truth)))
    assert found[source.name] == pytest.approx(expected, rel=1e-4)


def test_other_images_and_other_masks_are_refused(quality, small):
    protocol = quality("protocol")
    plan = protocol.find_plan(small, protocol.MAIN)
    source, condition = plan.sources[0], protocol.MAIN[0]
    masks = protocol.Masks(protocol.read_rows(protocol.MASKS))
    masks.check(source, condition)
    masks.known[source.name, condition.scan, condition.coverage] = "0" * 16
    with pytest.raises(InputError, match="measures other pixels"):
        masks.check(source, condition)
    write_image(source.path, np.zeros((48, 40), np.float32), overwrite=True)
    with pytest.raises(InputError, match="digest to"):
        protocol.find_plan(small, protocol.MAIN)
    source.path.unlink()
    with pytest.raises(InputError, match="is missing"):
        protocol.find_plan(small, protocol.MAIN)


def test_a_raw_completion_is_of_the_same_weights_and_called_apart(quality, tmp_path):
    store = quality("store")
    file = tmp_path / "new.safetensors"
    file.write_bytes(b"weights")
    names = [str(file), f"{file}:raw"]
    assert [store.label(name) for name in names] == ["new", "new:raw"]
    assert store.label("stemgan-s:raw") == "stemgan-s:raw"
    assert all(store.is_model(name) for name in names)
    paths = [store.Store(tmp_path).journal(name).path.name for name in names]
    digest = weights_digest(names[0])[:8]
    assert paths == [f"new-{digest}.jsonl", f"new-raw-{digest}.jsonl"]
    quality("run")._check_labels(names)


def test_blurred_kriging_is_kriging_blurred_as_the_truth_is(quality, field):
    scan = measure(field, ScanDesign("dots", field.shape, coverage=1 / 16).trace())
    made = quality("run")._ready(quality("store").BLURRED, None)(scan)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, blurred(METHODS["gaussian-process"](scan)), atol=1e-5)


def test_two_files_of_one_name_are_refused(quality):
    for end in ("", ":raw"):
        with pytest.raises(InputError, match=f"two methods are called new{end}:"):
            quality("run")._check_labels([f"{a}/new.safetensors{end}" for a in "ab"])
