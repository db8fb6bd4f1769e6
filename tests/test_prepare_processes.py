"""However many processes cut, the bytes are the same, and a crash costs one file."""

import numpy as np

from stemgan_data_prep import running
from stemgan_data_prep.jobs import Job, Settings
from stemgan_data_prep.micrographs import Source
from stemgan_data_prep.running import Processes, in_order
from tests.preparing import content, prepare, scene, write


def test_any_number_of_processes_makes_the_same_bytes(tmp_path):
    archive = tmp_path / "in"
    for seed in range(7):
        write(archive / f"{seed}.tif", scene((64, 64 * (1 + seed % 3)), seed))
    write(archive / "stack.tif", np.stack([scene((64, 64), 20 + seed) for seed in range(5)]))
    write(archive / "copy.tif", scene((64, 64), 0))
    (archive / "broken.tif").write_bytes(b"broken")
    assert prepare(archive, "-o", tmp_path / "one") == 0
    assert prepare(archive, "-o", tmp_path / "two", workers=2) == 0
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_reader_that_kills_its_process_costs_its_file_alone(tmp_path, monkeypatch):
    for seed, name in enumerate(("a1", "b", "c")):
        write(tmp_path / f"{name}.tif", scene((64, 64), seed))
    sources = [Source(tmp_path / f"{n}.tif", n, group=n) for n in ("a1", "b", "c")]
    monkeypatch.setattr(running, "cut", _cut_or_die)
    runner = Processes(Settings(size=64), 2)
    try:
        outcomes = [outcome for _, outcome in in_order(map(Job, sources), runner)]
    finally:
        runner.close()
    assert [len(outcome.tiles) for outcome in outcomes] == [1, 0, 1]
    assert "ended the process" in outcomes[1].rejected[0].reason


def _cut_or_die(job, settings):
    import os

    from stemgan_data_prep.cutting import cut

    if job.source.key == "b":
        os._exit(1)
    return cut(job, settings)
