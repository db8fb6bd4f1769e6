"""A watch that cannot begin: one sentence, exit code 2, nothing written."""

from pathlib import Path

import pytest

from stemgan.cli import main
from tests.reconstructing import npy, partial

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
def test_refused(case, folder, capsys):
    (folder / "in").mkdir()
    npy("a.npy", partial())
    Path("file").write_text("mine")
    arguments, expected = REFUSED[case]
    assert main(["reconstruct", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert expected in err
    assert sorted(p.name for p in Path().iterdir()) == ["a.npy", "file", "in"]
