"""`stemgan reconstruct --watch`: files are completed as they appear, once they are whole."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from stemgan import images
from stemgan.cli import main
from stemgan.images import read_micrograph, read_partial_scans, write_image
from stemgan.reconstruct import Reconstructor
from tests.reconstructing import SHAPE, image, mask, npy, partial, tif

WATCH = ["reconstruct", "--watch", "in", "-o", "out", "--interval", "0.02"]


@pytest.fixture
def watched(folder):
    (folder / "in").mkdir()
    return folder / "in"


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.005)


def exist(*names):
    return lambda: all(Path("out", name).exists() for name in names)


@contextmanager
def meanwhile(*steps):
    """Do things while the watch runs in the main thread, then press Ctrl-C."""
    errors, ended = [], threading.Event()

    def work():
        try:
            for step in steps:
                step()
        except BaseException as error:
            errors.append(error)
        finally:
            signal.raise_signal(signal.SIGINT)

    def untimely(*_):
        # Where nothing watches, Ctrl-C would end all tests.
        if not ended.is_set():
            raise RuntimeError("interrupted while nothing watched")

    before = signal.signal(signal.SIGINT, untimely)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert not errors, errors


def watch(*options, steps):
    with meanwhile(*steps):
        return main([*WATCH, *options])


def renamed_into_place(path, data):
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        np.save(file, data)
    temporary.replace(path)


def npy_bytes(data):
    file = io.BytesIO()
    np.save(file, data)
    return file.getvalue()


def test_what_was_there_and_what_comes(watched, capsys):
    npy("in/old.npy", partial(0))
    tif("in/full.tif", image(2))
    write_image("in/full.mask.tif", mask().astype(np.float32))
    (watched / "notes.txt").write_text("no scan")
    (watched / "bad.npy").write_bytes(b"hello" * 99)
    steps = [
        lambda: wait_for(exist("old.tif", "full.tif")),
        lambda: renamed_into_place(watched / "new.npy", partial(3)),
        lambda: wait_for(exist("new.tif")),
    ]
    assert watch("--json", "--uncertainty", steps=steps) == 2
    out, err = capsys.readouterr()
    figures = json.loads(out)
    counts = [figures[name] for name in ("done", "there_before", "waiting")]
    assert counts == [3, 0, 0]
    names = [Path(entry["scan"]).name for entry in figures["images"]]
    assert set(names[:2]) == {"old.npy", "full.tif"}
    assert names[2:] == ["new.npy"]
    latencies = [entry["latency_seconds"] for entry in figures["images"]]
    assert latencies[:2] == [None, None]
    assert figures["median_latency_seconds"] == latencies[2] > 0
    for seed, name in ((0, "old"), (2, "full"), (3, "new")):
        result = read_micrograph(f"out/{name}.tif").data
        np.testing.assert_allclose(result[mask()], image(seed)[mask()], rtol=1e-4)
        assert Path(f"out/{name}.std.tif").exists()
    assert [Path(entry["scan"]).name for entry in figures["failed"]] == ["bad.npy"]
    assert sum("bad.npy cannot be read as NPY" in line for line in err.splitlines()) == 1
    assert "new.npy: completed in" in err
    assert "3 done" in err
    assert sorted(path.name for path in Path("out").iterdir() if path.name[0] == ".") == []


def test_results_that_are_there_are_left_and_with_overwrite_made_anew(watched, capsys):
    npy("in/a.npy", partial(0))
    npy("in/b.npy", partial(1))
    assert watch(steps=[lambda: wait_for(exist("a.tif", "b.tif"))]) == 0
    Path("out/b.tif").unlink()
    before = Path("out/a.tif").stat().st_mtime_ns
    capsys.readouterr()
    assert watch("--json", steps=[lambda: wait_for(exist("b.tif"))]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["done"], figures["there_before"]) == (1, 1)
    assert Path("out/a.tif").stat().st_mtime_ns == before

    def anew():
        return Path("out/a.tif").stat().st_mtime_ns != before

    assert watch("--overwrite", steps=[lambda: wait_for(anew)]) == 0


def test_no_file_is_read_while_it_is_written(watched, capsys, monkeypatch):
    data = npy_bytes(partial(5))
    npy("in/first.npy", partial())  # when it is done, the folder is watched
    sizes = []

    def read(path, *rest):
        sizes.append((path.stem, path.stat().st_size))
        return read_partial_scans(path, *rest)

    monkeypatch.setattr(images, "read_partial_scans", read)

    def write_slowly():
        with (watched / "a.npy").open("wb") as file:
            for part in range(0, len(data), 150):
                file.write(data[part : part + 150])
                file.flush()
                time.sleep(0.01)

    steps = [
        lambda: wait_for(exist("first.tif")),
        write_slowly,
        lambda: wait_for(exist("a.tif")),
    ]
    assert watch("--interval", "0.2", steps=steps) == 0
    result = read_micrograph("out/a.tif").data
    np.testing.assert_allclose(result[mask()], image(5)[mask()], rtol=1e-4)
    assert "stemgan: " not in capsys.readouterr().err
    assert sizes == [("first", len(data)), ("a", len(data))]


def test_what_was_bad_is_tried_again_when_it_changes(watched, capsys):
    data = npy_bytes(partial(5))
    said = []

    def fails():
        said.append(capsys.readouterr().err)
        return "truncated" in "".join(said)

    steps = [
        lambda: (watched / "a.npy").write_bytes(data[:999]),  # a pause longer than the interval
        lambda: wait_for(fails),
        lambda: (watched / "a.npy").write_bytes(data),
        lambda: wait_for(exist("a.tif")),
    ]
    assert watch(steps=steps) == 0


def test_a_mask_that_comes_late_mends_what_failed(watched, capsys):
    said = []

    def fails():
        said.append(capsys.readouterr().err)
        return "nothing says which pixels" in "".join(said)

    steps = [
        lambda: tif("in/a.tif", image()),
        lambda: wait_for(fails),
        lambda: tif("in/a.mask.tif", mask().astype(np.uint8)),
        lambda: wait_for(exist("a.tif")),
    ]
    assert watch(steps=steps) == 0


def test_a_scan_that_changes_after_its_result_is_said_not_replaced(watched, capsys):
    npy("in/a.npy", partial(0))
    steps = [
        lambda: wait_for(exist("a.tif")),
        lambda: npy("in/a.npy", partial(1, (44, 56))),
        lambda: npy("in/b.npy", partial(2)),
        lambda: wait_for(exist("b.tif")),
    ]
    assert watch(steps=steps) == 2
    assert "a.npy has changed since it was completed" in capsys.readouterr().err
    assert read_micrograph("out/a.tif").data.shape == SHAPE


def test_one_mask_for_all(watched):
    tif("in/mask.tif", mask().astype(np.uint8))  # in the folder too, and no scan
    tif("in/a.tif", image())
    assert watch("--mask", "in/mask.tif", steps=[lambda: wait_for(exist("a.tif"))]) == 0
    assert read_micrograph("out/a.tif").metadata["stemgan"]["method"] == "network"
    assert not Path("out/mask.tif").exists()


def test_raw_completions_as_scans_come(watched):
    npy("in/a.npy", partial(1))
    options = ["--raw", "--preview", "--uncertainty"]
    assert watch(*options, steps=[lambda: wait_for(exist("a.tif", "a.png"))]) == 0
    made = read_micrograph("out/a.tif")
    assert made.metadata["stemgan"]["truth"] == "raw"
    expected = Reconstructor.load(device="cpu")(read_partial_scans(Path("in/a.npy"))[0])
    np.testing.assert_array_equal(made.data, expected.raw)
    assert not np.array_equal(made.data, expected.image)
    np.testing.assert_array_equal(read_micrograph("out/a.std.tif").data, expected.raw_std)


def test_values_along_a_path(watched):
    positions = np.argwhere(mask())[:, ::-1] + 0.5
    table = np.column_stack([positions / SHAPE[::-1], np.ones(len(positions))])
    npy("path.npy", table)
    npy("in/a.npy", image()[mask()])
    options = ["--path", "path.npy", "--shape", "40x56", "--method", "nearest"]
    assert watch(*options, steps=[lambda: wait_for(exist("a.tif"))]) == 0
    result = read_micrograph("out/a.tif")
    np.testing.assert_allclose(result.data[mask()], image()[mask()], rtol=1e-6)
    assert result.metadata["source"]["path"] == "path.npy"


def test_a_folder_that_cannot_be_reached_for_a_while(watched, capsys):
    npy("in/a.npy", partial(0))
    said = []

    def is_said():
        said.append(capsys.readouterr().err)
        return "cannot be listed" in "".join(said)

    steps = [
        lambda: wait_for(exist("a.tif")),
        lambda: watched.rename("away"),
        lambda: wait_for(is_said),
        lambda: time.sleep(0.1),
        lambda: Path("away").rename("in"),
        lambda: npy("in/b.npy", partial(1)),
        lambda: wait_for(exist("b.tif")),
    ]
    assert watch("--method", "nearest", steps=steps) == 0
    assert ("".join(said) + capsys.readouterr().err).count("cannot be listed") == 1


def test_two_scans_of_one_name(watched, capsys):
    npy("in/a.npy", partial(0))
    steps = [
        lambda: wait_for(exist("a.tif")),
        lambda: tif("in/A.tif", partial(1)),
        lambda: npy("in/b.npy", partial(2)),
        lambda: wait_for(exist("b.tif")),
    ]
    assert watch(steps=steps) == 2
    assert "would both become A.tif" in capsys.readouterr().err


def test_a_signal_ends_the_process_with_a_summary(watched):
    npy("in/a.npy", partial())
    new_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    code = "import sys; from stemgan.cli import main; sys.exit(main())"
    root = Path(__file__).parents[2]
    roots = os.pathsep.join(str(root / name) for name in (".", "kernels", "data_prep"))
    with subprocess.Popen(
        [sys.executable, "-c", code, *WATCH, "--method", "nearest", "--json"],
        env=os.environ | {"PYTHONPATH": roots},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=new_group,
    ) as process:
        try:
            wait_for(exist("a.tif"))
            (watched / "b.npy").touch()
            time.sleep(0.1)
            process.send_signal(signal.CTRL_BREAK_EVENT if new_group else signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, err
    figures = json.loads(out)
    assert (figures["done"], figures["waiting"], figures["failed"]) == (1, 1, [])
    assert "Traceback" not in err
