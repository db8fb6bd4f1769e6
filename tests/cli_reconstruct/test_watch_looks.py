"""When a file of a watched folder is whole: two looks that find it the same."""

import os
from pathlib import Path

import pytest

from stemgan.cli.live import looks as looking
from stemgan.cli.live.looks import Looks, stamp_of


class TestLooks:
    @pytest.fixture
    def looks(self, tmp_path):
        return Looks(tmp_path)

    def test_a_file_is_whole_when_two_looks_find_it_the_same(self, tmp_path, looks):
        file = tmp_path / "a"
        file.write_bytes(b"1")
        looks.again()
        assert looks.in_order() == []
        file.write_bytes(b"12")  # it grows
        looks.again()
        assert looks.in_order() == []
        looks.again()
        assert looks.in_order() == [file]
        os.utime(file, ns=(10**18, looks.files[file].stamp.changed + 1000))
        looks.again()
        assert looks.in_order() == []

    def test_an_empty_file_is_never_whole(self, tmp_path, looks):
        (tmp_path / "a").touch()
        for _ in range(3):
            looks.again()
        assert list(looks.files) == [tmp_path / "a"]
        assert looks.in_order() == []

    def test_what_is_renamed_into_place_is_whole_at_once(self, tmp_path, looks):
        (tmp_path / "a.part").write_bytes(b"1")
        looks.again()
        (tmp_path / "a.part").rename(tmp_path / "a")
        looks.again()
        assert looks.in_order() == [tmp_path / "a"]

    def test_what_is_renamed_while_it_is_written_is_not(self, tmp_path, looks):
        (tmp_path / "a.part").write_bytes(b"1")
        looks.again()
        (tmp_path / "a.part").write_bytes(b"12")
        (tmp_path / "a.part").rename(tmp_path / "a")
        looks.again()
        assert looks.in_order() == []

    def test_times_in_whole_seconds_need_longer(self, tmp_path, looks, monkeypatch):
        (tmp_path / "a").write_bytes(b"1")
        os.utime(tmp_path / "a", (1_000_000_000, 1_000_000_000))
        now = [100.0]
        monkeypatch.setattr(looking.time, "monotonic", lambda: now[0])
        looks.again()
        now[0] += 1.9
        looks.again()
        assert looks.in_order() == []
        now[0] += 0.2
        looks.again()
        assert looks.in_order() == [tmp_path / "a"]

    def test_order_of_appearance_and_then_of_time(self, tmp_path, looks):
        for name, change in (("b", 3), ("c", 1)):
            (tmp_path / name).write_bytes(b"1")
            os.utime(tmp_path / name, ns=(10**18, 10**18 + change * 1000))
        looks.again()
        (tmp_path / "a").write_bytes(b"1")
        os.utime(tmp_path / "a", ns=(10**18, 10**18 + 2000))
        looks.again()
        looks.again()
        assert [path.name for path in looks.in_order()] == ["c", "b", "a"]

    def test_a_stamp_of_what_is_gone_or_in_use(self, tmp_path, monkeypatch):
        assert stamp_of(tmp_path / "a") is None
        (tmp_path / "a").write_bytes(b"1")

        def in_use(*_):
            error = PermissionError(13, "in use")
            error.winerror = 32
            raise error

        assert stamp_of(tmp_path / "a").size == 1
        monkeypatch.setattr(Path, "open", in_use)
        assert stamp_of(tmp_path / "a") is None
