"""One Ctrl-C stops a command, wherever it comes."""

import signal
import sys
import time
from types import SimpleNamespace

import pytest

from stemgan import cli
from stemgan.cli.interrupts import never_lost


@pytest.fixture(autouse=True)
def _heard():
    """Hear Ctrl-C, which processes that a shell started in the background do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupted:
    """Is interrupted in its destructor."""

    def __del__(self):
        raise KeyboardInterrupt


def test_a_dropped_interrupt_comes_again_and_ends_a_wait():
    def work():
        with never_lost():
            Interrupted()
            time.sleep(20)

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        work()
    assert time.monotonic() - start < 15


def test_a_command_stops_though_the_interrupt_was_dropped(monkeypatch, capsys):
    def main(words):
        Interrupted()
        time.sleep(20)
        print("done")

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(main=main))
    assert cli.main(["demo"]) == 130
    out, err = capsys.readouterr()
    assert (out, err) == ("", "stemgan: interrupted\n")


def test_an_interrupt_at_the_end_comes_no_more_and_hooks_are_as_before():
    before = sys.unraisablehook
    with never_lost():
        Interrupted()
    time.sleep(0.2)
    assert sys.unraisablehook is before


def test_what_else_is_dropped_is_said_as_before(monkeypatch):
    class Broken:
        def __del__(self):
            raise ValueError("planted")

    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    with never_lost():
        Broken()
    assert [one.exc_type for one in said] == [ValueError]
