"""What is left out is said: in full where it is little, by reasons where it is much."""

import sys

import pytest

from stemgan.cli.left_out import SHOWN, kind_of, say_left_out

BROKEN = [(f"{n}.tif", f"{n}.tif is empty ({n} bytes): copy it again") for n in range(30)]
COPIES = [(f"c{n}.tif", f"it shows the same as {n}.tif") for n in range(4)]


def said(capsys):
    return capsys.readouterr().err.splitlines()


def on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_terminal_shows_the_first_and_counts_the_others(capsys, monkeypatch):
    on_a_terminal(monkeypatch)
    say_left_out([*BROKEN, *COPIES])
    lines = said(capsys)
    assert len(lines) == SHOWN + 1
    assert lines[0] == "left out 0.tif: 0.tif is empty (0 bytes): copy it again"
    assert lines[-1] == (
        "left out 24 more: 20 × it is empty, 4 × it shows the same as another; "
        "all are listed in a FILE, with 2> FILE"
    )


def test_a_file_that_lists_them_is_named_only_where_it_is(capsys, monkeypatch, tmp_path):
    on_a_terminal(monkeypatch)
    listed = tmp_path / "rejected.csv"
    say_left_out(BROKEN, listed)
    assert "rejected.csv" not in said(capsys)[-1]
    listed.touch()
    say_left_out(BROKEN, listed)
    assert said(capsys)[-1].endswith(f"all are listed in {listed}")


def test_nothing_is_lost_where_no_file_lists_them(capsys, tmp_path):
    say_left_out(BROKEN)
    assert len(said(capsys)) == len(BROKEN)
    listed = tmp_path / "rejected.csv"
    listed.touch()
    say_left_out(BROKEN, listed)
    assert len(said(capsys)) == SHOWN + 1


def test_one_more_is_said_and_not_counted(capsys, monkeypatch):
    on_a_terminal(monkeypatch)
    say_left_out(BROKEN[: SHOWN + 1])
    assert said(capsys)[-1].startswith(f"left out {SHOWN}.tif: ")


def test_rare_reasons_are_counted_together(capsys, monkeypatch):
    on_a_terminal(monkeypatch)
    words = ("one", "two", "three", "four", "five", "six", "seven")
    rare = [(f"x{word}", f"it is {word}") for word in words]
    say_left_out([*BROKEN[:SHOWN], *BROKEN[:3], *rare])
    assert "3 × it is empty, 1 × it is one" in (last := said(capsys)[-1])
    assert "3 × other reasons" in last


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("its noise_fraction 0.81 is not < 0.5", "its noise_fraction 0.7 is not < 0.5"),
        ("its class Fine powder is not = Film", "its class Tip is not = Film"),
        ("group c is eval in the manifest", "group d e is eval in the manifest"),
        ("it correlates by 0.994 with a b.tif@0,0", "it correlates by 0.999 with c.tif"),
        ("a.tif#3 is 63x200 px: smaller than 64", "a.tif#3 is 10x10 px: smaller than 64"),
        ("it cannot be read (OSError: x)", "it cannot be read (ValueError: (y) z)"),
    ],
)
def test_reasons_that_differ_in_details_are_one(one, other):
    assert kind_of("a.tif#3", one) == kind_of("a.tif#3", other)
    assert kind_of("a.tif#3", one) != kind_of("a.tif#3", "all values are equal")
