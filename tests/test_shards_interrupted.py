"""Whatever stops a writer, nothing is lost or repeated, and nothing partial is read."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stemgan.data.shards import Label, ShardedImages, ShardWriter, is_finished
from stemgan.data.shards.places import Folder
from stemgan.errors import InputError

COUNT = 22
REQUEST = {"seed": 3}


def image(index):
    return np.random.default_rng(index).integers(0, 40_000, (16, 16))


def write(path, pause=0.0):
    """Write a dataset as the commands do; what is safe already is not made again."""
    made = []
    if is_finished(path, REQUEST):
        return made
    with ShardWriter(path, 16, REQUEST, per_shard=4) as writer:
        for index in range(len(writer), COUNT):
            time.sleep(pause)
            made.append(index)
            writer.append(image(index), Label(f"k{index}", f"g{index // 5}", "s", "train"))
        writer.attach("rejected.csv", "file,reason\n")
    return made


def break_off(path, after):
    writer = ShardWriter(path, 16, REQUEST, per_shard=4)
    for index in range(after):
        writer.append(image(index), Label(f"k{index}", f"g{index // 5}", "s", "train"))
    writer.__exit__(Killed, None, None)


def contents(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "set"
    write(path)
    return contents(path)


class Killed(BaseException):
    """Stands for a signal that cannot be caught."""


def operations(monkeypatch, act):
    """Call `act(number, how far)` in every operation on files: before, half-way, after."""
    count = iter(range(10**6))
    write_file, remove, rename = Folder.write, Folder.remove, Path.rename

    def slowly(self, name, parts):
        number, parts = next(count), list(parts)
        act(number, "before")
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = b"".join(parts)[: sum(map(len, parts)) // 2]
        path.with_name(f".{path.name}.new").write_bytes(half)
        act(number, "half-way")
        write_file(self, name, parts)
        act(number, "after")

    def watched(function):
        def call(self, *arguments):
            number = next(count)
            act(number, "before")
            result = function(self, *arguments)
            act(number, "after")
            return result

        return call

    monkeypatch.setattr(Folder, "write", slowly)
    monkeypatch.setattr(Folder, "remove", watched(remove))
    monkeypatch.setattr(Path, "rename", watched(rename))
    return lambda: next(count)


def test_killed_at_any_operation_it_goes_on(tmp_path, whole):
    with pytest.MonkeyPatch.context() as patch:
        counted = operations(patch, lambda *_: None)
        write(tmp_path / "counted")
        total = counted()
    assert total >= 18  # six shards with their labels, and what describes them
    for target in range(total):
        for moment in ("before", "half-way", "after"):
            path = tmp_path / f"set-{target}-{moment}"

            def act(number, how_far, target=target, moment=moment):
                if (number, how_far) == (target, moment):
                    raise Killed

            with pytest.MonkeyPatch.context() as patch:
                operations(patch, act)
                patch.setattr(ShardWriter, "__exit__", die_or_finish)
                try:
                    write(path)
                except Killed:
                    assert not path.exists() or contents(path) == whole
            made = write(path)
            assert contents(path) == whole
            assert len(made) <= COUNT
            assert {child.name for child in path.parent.glob(f".{path.name}*")} == set()


def die_or_finish(self, kind, *_, finish=ShardWriter.__exit__):
    """Finish, or leave like the dead: they do not tidy up, but their locks go with them."""
    if kind is None:
        finish(self, None)
    self._draft.release()


def test_what_is_safe_is_not_made_again(tmp_path):
    path = tmp_path / "set"
    break_off(path, 11)
    assert write(path) == list(range(8, COUNT))


PROGRAM = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from test_shards_interrupted import write
print("ready", flush=True)
write(Path({target!r}), pause=0.02)
"""


def command(target):
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    return [sys.executable, "-c", PROGRAM.format(path=path, target=str(target))]


def started(target):
    process = subprocess.Popen(command(target), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"ready"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_process_leaves_no_lock_and_its_shards(tmp_path, whole):
    path = tmp_path / "set"
    for seconds in (0.12, 0.12):
        process = started(path)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not path.exists()
    write(path)
    assert contents(path) == whole


def test_two_writers_at_once(tmp_path):
    path = tmp_path / "set"
    with ShardWriter(path, 16, REQUEST, per_shard=4):
        with pytest.raises(InputError, match="another run"):
            ShardWriter(path, 16, REQUEST)
        process = subprocess.run(command(path), capture_output=True, text=True, check=False)
        assert "being written by another run" in process.stderr
    assert len(ShardedImages(path)) == 0


def test_full_disk_is_said_and_what_is_safe_stays(tmp_path, monkeypatch, whole):
    path, room = tmp_path / "set", iter(range(6))

    def full(self, name, parts):
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return writes(self, name, parts)

    writes = Folder.write
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", full)
        with pytest.raises(InputError, match="No space left"):
            write(path)
    assert not path.exists()
    assert write(path) == list(range(8, COUNT))
    assert contents(path) == whole


def test_read_only_folder_is_said(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="could not be written: Permission denied"):
        write(tmp_path / "set")


def test_damaged_journal_is_not_trusted(tmp_path, whole):
    path = tmp_path / "set"
    break_off(path, 16)
    journal = path.with_name(".set.partial") / "journal" / "000002.jsonl"
    journal.write_bytes(journal.read_bytes()[:40])
    assert write(path) == list(range(8, COUNT))
    assert contents(path) == whole
