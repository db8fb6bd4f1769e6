"""The parts of a watch, where what they meet cannot be brought about from outside."""

import argparse
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from stemgan.cli.live.scans import Scans
from stemgan.cli.live.stop import Stop
from stemgan.cli.live.watcher import Method, Watcher
from tests.reconstructing import npy, partial


@pytest.fixture(autouse=True)
def watched(folder):
    (folder / "in").mkdir()


class TestWatcher:
    """What cannot be brought about from outside at the right moment."""

    def run(self, read, complete, seconds=0.2):
        args = argparse.Namespace(
            interval=0.01,
            overwrite=False,
            uncertainty=False,
            preview=False,
            mask=None,
            samples=None,
        )
        scans = Scans(Path("in"), own_masks=True, inputs=[])
        watcher = Watcher(scans, Path("out"), args, [])
        stop = Stop()
        timer = threading.Timer(seconds, lambda: setattr(stop, "asked", True))
        timer.start()
        watcher.run(Method(read, complete), stop)
        timer.join()
        return watcher

    def test_what_changes_while_it_is_read_is_not_completed(self, capsys):
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

    def test_any_error_is_said_in_a_sentence_and_ends_nothing(self, capsys):
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
