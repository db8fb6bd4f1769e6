"""Locks: who is kept away, and what a disk without them does."""

import errno
import os
from pathlib import Path

import pytest

from stemgan.data.shards import lock
from stemgan.data.shards.lock import Lock
from stemgan.errors import InputError


def failing(number):
    def fail(_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES])
def test_what_is_in_use_is_refused(tmp_path, monkeypatch, number):
    monkeypatch.setattr(lock, "_lock", failing(number))
    with pytest.raises(InputError, match="the set is being written by another run"):
        Lock(tmp_path / "set.lock", "the set")


@pytest.mark.parametrize(
    "number", [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS]
)
def test_a_disk_without_locks_keeps_nobody_away(tmp_path, monkeypatch, number):
    monkeypatch.setattr(lock, "_lock", failing(number))
    path = tmp_path / "set.lock"
    for _ in range(2):
        Lock(path, "the set").release()
        assert not path.exists()


def test_a_lock_that_another_is_trying_is_let_go_of(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "another process has it open")

    path = tmp_path / "set.lock"
    held = Lock(path, "the set")
    with pytest.raises(InputError, match="another run"):
        Lock(path, "the set")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        held.release()
    assert path.exists()
    Lock(path, "the set").release()
    assert not path.exists()
