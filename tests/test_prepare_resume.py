"""Killed at any moment, a preparation goes on and makes the same bytes, doing nothing twice."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemgan.data.shards import writer
from stemgan_data_prep import running
from stemgan_data_prep.journal import Journal
from tests.preparing import content, prepare, rejected, scene, write

_COMMAND = """
import sys, time
from stemgan.data.shards import writer
from stemgan_data_prep import journal
writer._SHARD_PIXELS = 3 * 64 * 64
note = journal.Journal.note
def slowly(self, *arguments):
    note(self, *arguments)
    time.sleep(0.02)
journal.Journal.note = slowly
from stemgan.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""


class Killed(BaseException):
    """Ends a run at once, as far as Python can."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    for seed in range(10):
        write(folder / f"{seed}.tif", scene((64, 64 * (1 + seed % 3)), seed))
    write(folder / "copy.tif", scene((64, 64), 0))
    (folder / "broken.tif").write_bytes(b"broken")
    return folder


@pytest.fixture(scope="module")
def whole(archive, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_SHARD_PIXELS", 3 * 64 * 64)
        assert prepare(archive, "-o", output) == 0
    assert len(list((output / "images").rglob("*"))) > 5
    return content(output)


@pytest.fixture
def short_shards(monkeypatch):
    monkeypatch.setattr(writer, "_SHARD_PIXELS", 3 * 64 * 64)


def start(archive, output, workers):
    arguments = ["prepare", archive, "-o", output, "--size", "64", "--workers", workers]
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def lines(output):
    file = output.with_name(f".{output.name}.journal") / "done.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def counting(monkeypatch):
    done = []
    cut = running.cut

    def counted(job, settings):
        if not job.survey:
            done.append(job)
        return cut(job, settings)

    monkeypatch.setattr(running, "cut", counted)
    return done


@pytest.mark.usefixtures("short_shards")
def test_killed_at_several_moments_it_goes_on(archive, whole, tmp_path, monkeypatch):
    output = tmp_path / "set"
    for wanted in (1, 4, 9):
        process = start(archive, output, 1)
        deadline = time.monotonic() + 60
        while lines(output) < wanted and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.kill()  # SIGKILL; TerminateProcess on Windows
        assert process.wait() != 0
        assert not output.exists()
    noted = lines(output)
    done = counting(monkeypatch)
    assert prepare(archive, "-o", output) == 0
    assert len(done) == 12 - noted  # 12 files, none done twice
    assert content(output) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.usefixtures("short_shards")
def test_killed_with_processes_none_lives_on(archive, whole, tmp_path):
    output = tmp_path / "set"
    process = start(archive, output, 2)
    deadline = time.monotonic() + 60
    while lines(output) < 3 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    children = _children(process.pid)
    process.kill()
    process.wait()
    while any(_lives(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert prepare(archive, "-o", output) == 0
    assert content(output) == whole


def _children(parent):
    if not os.path.isdir("/proc"):  # noqa: PTH112
        return []
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        try:
            with open(f"/proc/{name}/stat") as stream:  # noqa: PTH123
                fields = stream.read().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if name.isdecimal() and int(fields[1]) == parent:
            found.append(int(name))
    assert found
    return found


def _lives(process):
    try:
        with open(f"/proc/{process}/stat") as stream:  # noqa: PTH123
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@given(moments=st.lists(st.integers(0, 40), min_size=1, max_size=4), after=st.booleans())
@settings(max_examples=12)
def test_stopped_before_or_after_any_write_it_goes_on(
    archive, whole, tmp_path_factory, moments, after
):
    output = tmp_path_factory.mktemp("stopped") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_SHARD_PIXELS", 3 * 64 * 64)
        for moment in moments:
            with pytest.MonkeyPatch.context() as stopping:
                _stop_at(stopping, moment, after=after)
                try:
                    prepare(archive, "-o", output)
                    break
                except Killed:
                    assert not output.exists()
        assert prepare(archive, "-o", output) == 0
    assert content(output) == whole


def _stop_at(patch, moment, *, after):
    """Stop before or after the write of that number, of tiles, shards or notes."""
    count = [0]

    def stopping(function):
        def stop(*arguments, **named):
            count[0] += 1
            if count[0] > moment and not after:
                raise Killed
            result = function(*arguments, **named)
            if count[0] > moment:
                raise Killed
            return result

        return stop

    from stemgan.data.shards.draft import Draft
    from stemgan_data_prep.duplicates import Seen

    for home, name in (
        (Journal, "note"),
        (Journal, "keep"),
        (Seen, "add"),
        (Draft, "put_shard"),
    ):
        patch.setattr(home, name, stopping(getattr(home, name)))


@pytest.mark.usefixtures("short_shards")
@pytest.mark.parametrize("cut_off", [1, 7, 40])
def test_half_written_lines_and_tiles_are_forgotten(archive, whole, tmp_path, cut_off):
    output = tmp_path / "set"
    with pytest.MonkeyPatch.context() as stopping:
        _stop_at(stopping, 25, after=True)
        with pytest.raises(Killed):
            prepare(archive, "-o", output)
    for file in (tmp_path / ".set.journal").iterdir():
        if file.suffix in (".jsonl", ".bin"):
            os.truncate(file, max(0, file.stat().st_size - cut_off))
    assert prepare(archive, "-o", output) == 0
    assert content(output) == whole


@pytest.mark.usefixtures("short_shards")
def test_a_damaged_journal_starts_anew(archive, whole, tmp_path):
    output = tmp_path / "set"
    with pytest.MonkeyPatch.context() as stopping:
        _stop_at(stopping, 25, after=True)
        with pytest.raises(Killed):
            prepare(archive, "-o", output)
    (tmp_path / ".set.journal" / "signatures.bin").write_bytes(b"")
    assert prepare(archive, "-o", output) == 0
    assert content(output) == whole


def test_other_settings_start_anew(archive, tmp_path):
    with pytest.MonkeyPatch.context() as stopping:
        _stop_at(stopping, 9, after=True)
        with pytest.raises(Killed):
            prepare(archive, "-o", tmp_path / "set")
    assert prepare(archive, "-o", tmp_path / "set", "--seed", 3) == 0
    assert prepare(archive, "-o", tmp_path / "fresh", "--seed", 3) == 0
    assert content(tmp_path / "set") == content(tmp_path / "fresh")


def test_two_runs_at_once_on_one_output(archive, tmp_path, capsys, monkeypatch):
    process = start(archive, tmp_path / "set", 1)
    deadline = time.monotonic() + 60
    while not lines(tmp_path / "set"):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert prepare(archive, "-o", tmp_path / "set") == 2
    assert "another run" in capsys.readouterr().err
    assert process.wait() == 0
    assert prepare(archive, "-o", tmp_path / "set") == 0
    assert set(rejected(tmp_path / "set")) == {"broken.tif", "copy.tif@0,0"}


def test_a_full_disk_is_said_and_loses_nothing(archive, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    output = tmp_path / "set"
    monkeypatch.setattr(writer, "_SHARD_PIXELS", 3 * 64 * 64)
    with pytest.MonkeyPatch.context() as stopping:
        from stemgan_data_prep.duplicates import Seen

        add = Seen.add
        stopping.setattr(
            Seen, "add", lambda self, new: full() if len(self) > 7 else add(self, new)
        )
        assert prepare(archive, "-o", output) == 2
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert err.count("stemgan:") == 1
    assert not output.exists()
    before = lines(output)
    assert before > 2
    done = counting(monkeypatch)
    assert prepare(archive, "-o", output) == 0
    assert len(done) == 12 - before


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid"), reason="POSIX rights"
)
def test_a_folder_that_cannot_be_written_is_said(archive, tmp_path, capsys):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    assert prepare(archive, "-o", tmp_path / "locked" / "set") == 2
    assert "could not be written" in capsys.readouterr().err
