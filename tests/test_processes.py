"""Workers end with their parent."""

import subprocess
import sys
import time

import pytest

from stemgan import processes
from stemgan.errors import InputError
from stemgan.processes import check_workers, in_processes

_PARENT = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from stemgan.processes import begin_worker

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), begin_worker)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60)
    time.sleep(60)
"""


def test_workers_of_a_killed_parent_end(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) != parent.pid
        parent.kill()
        started = time.monotonic()
        # The worker holds the pipe open for as long as it lives.
        parent.stdout.read()
        assert time.monotonic() - started < 30


def test_more_workers_than_the_system_allows_are_refused(monkeypatch, tmp_path):
    from stemgan_data_prep.synthesize import synthesize

    monkeypatch.setattr(processes, "MOST_WORKERS", 61)
    check_workers(61)
    with pytest.raises(InputError, match="workers=62: this system allows 61 or fewer"):
        next(in_processes(len, [([],)], 62, print))
    with pytest.raises(InputError, match="61 or fewer"):
        synthesize(1, tmp_path / "out", workers=62)
    assert not list(tmp_path.iterdir())
