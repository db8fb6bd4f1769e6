"""`stemgan reconstruct --watch`: files are completed as they appear, once they are whole."""

import argparse
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
from stemgan.cli.live.scans import Scans
from stemgan.cli.live.stop import Stop
from stemgan.cli.live.watcher import Method, Watcher
from stemgan.images import read_micrograph, read_partial_scans, write_image
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


class TestWatcher:
    """What cannot be brought about from outside at the right moment."""

    def run(self, read, complete, seconds=0.2):
        args = argparse.Namespace(
            interval=0.01, overwrite=False, uncertainty=False, preview=False, mask=None
        )
        scans = Scans(Path("in"), own_masks=True, inputs=[])
        watcher = Watcher(scans, Path("out"), args, [])
        stop = Stop()
        timer = threading.Timer(seconds, lambda: setattr(stop, "asked", True))
        timer.start()
        watcher.run(Method(read, complete), stop)
        timer.join()
        return watcher

    def test_what_changes_while_it_is_read_is_not_completed(self, watched, capsys):
        npy("in/a.npy", partial())
        completed = []

        def read(job):
            with job.source.open("ab") as file:
                file.write(b"more")
            return []

        watcher = self.run(read, lambda job, scans: completed.append(job) or [])
        assert completed == []
        assert watcher.outcomes == {}
        assert watcher.waiting() == 1
        assert capsys.readouterr().err == ""

    def test_any_error_is_said_in_a_sentence_and_ends_nothing(self, watched, capsys):
        npy("in/a.npy", partial())
        os.utime("in/a.npy", ns=(10**18, 10**18 + 1000))
        npy("in/b.npy", partial())

        def complete(job, scans):
            if job.source.stem == "a":
                raise RuntimeError("out of\nmemory")
            return [{"seconds": 0.0}]

        watcher = self.run(lambda job: [], complete)
        assert (watcher.count("failed"), watcher.count("done")) == (1, 1)
        err = capsys.readouterr().err.splitlines()
        assert "a.npy could not be completed (RuntimeError: out of memory)" in err[0]
        assert err[1].startswith("b.npy: completed")


def test_signals_are_taken_over_for_a_while_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with Stop() as stop:
        signal.raise_signal(signal.SIGINT)
        stop.sleep(time.monotonic() + 1000)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


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


REFUSED = {
    "no folder": (["--watch", "no", "-o", "out"], "the folder no does not exist"),
    "a file": (["--watch", "file", "-o", "out"], "file is a file"),
    "the same folder": (["--watch", "in", "-o", "in/../in"], "is the folder that is watched"),
    "no output": (["--watch", "in"], "needs a folder for the results"),
    "output in no folder": (["--watch", "in", "-o", "no/out"], "does not exist"),
    "output is a file": (["--watch", "in", "-o", "file"], "file is a file"),
    "scans too": (["a.npy", "--watch", "in", "-o", "out"], "leave out a.npy"),
    "neither": (["-o", "out"], "SCAN"),
    "interval alone": (["a.npy", "--interval", "2"], "goes with --watch"),
    "interval of 0": (["--watch", "in", "-o", "out", "--interval", "0"], "interval"),
    "interval of nan": (["--watch", "in", "-o", "out", "--interval", "nan"], "interval"),
    "no such mask": (["--watch", "in", "-o", "out", "--mask", "m.tif"], "m.tif does not exist"),
    "no such path": (
        ["--watch", "in", "-o", "out", "--path", "p.csv", "--shape", "9x9"],
        "p.csv does not exist",
    ),
    "path without shape": (["--watch", "in", "-o", "out", "--path", "p.csv"], "--shape"),
    "no such model": (["--watch", "in", "-o", "out", "--model", "nope"], "nope"),
    "no such method": (["--watch", "in", "-o", "out", "--method", "linea"], "linear"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, watched, capsys):
    npy("a.npy", partial())
    Path("file").write_text("mine")
    arguments, expected = REFUSED[case]
    assert main(["reconstruct", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert expected in err
    assert sorted(p.name for p in Path().iterdir()) == ["a.npy", "file", "in"]
