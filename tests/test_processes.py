"""Workers end with their parent."""

import subprocess
import sys
import time

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
