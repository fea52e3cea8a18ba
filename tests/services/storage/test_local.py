import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.contract.errors import NotFound, StorageUnavailable
from services.storage import local
from services.storage.local import LocalStorage
from services.storage.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


def all_files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_bytes_and_files_come_back(storage: LocalStorage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"film" * 100_000)
    as_protocol: Storage = storage
    as_protocol.put("videos/a/1/video.mp4", source)
    as_protocol.put("inputs/a", b"")
    assert storage.read("videos/a/1/video.mp4") == source.read_bytes()
    assert storage.read("inputs/a") == b""
    assert storage.size("videos/a/1/video.mp4") == 400_000
    assert storage.path("inputs/a").is_file()
    assert all_files(tmp_path / "storage") == ["inputs/a", "videos/a/1/video.mp4"]


def test_a_newer_object_replaces_the_older(storage: LocalStorage) -> None:
    storage.put("a", b"old and long")
    reading = storage.open("a")
    storage.put("a", b"new")
    assert storage.read("a") == b"new"
    assert b"".join(reading) == b"old and long"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, None, b"0123456789"), (3, 4, b"3456"), (9, 5, b"9"), (10, None, b""), (12, 1, b""), (0, 0, b"")],
)
def test_ranges(storage: LocalStorage, start: int, length: int | None, expected: bytes) -> None:
    storage.put("a", b"0123456789")
    assert b"".join(storage.open("a", start, length)) == expected


def test_a_large_range_comes_in_chunks(storage: LocalStorage) -> None:
    data = os.urandom(local.CHUNK_BYTES * 2 + 100)
    storage.put("a", data)
    chunks = list(storage.open("a", 50))
    assert [len(chunk) for chunk in chunks] == [local.CHUNK_BYTES, local.CHUNK_BYTES, 50]
    assert b"".join(chunks) == data[50:]


def test_what_is_not_a_range_is_refused(storage: LocalStorage) -> None:
    storage.put("a", b"a")
    for start, length in ((-1, None), (0, -1)):
        with pytest.raises(ValueError, match="range"):
            storage.open("a", start, length)


def test_an_open_object_is_readable_after_its_deletion(storage: LocalStorage) -> None:
    storage.put("videos/a/film", b"film")
    reading: Iterator[bytes] = storage.open("videos/a/film")
    storage.delete("videos/a")
    assert list(reading) == [b"film"]


def test_dropping_a_reading_closes_its_file(storage: LocalStorage) -> None:
    storage.put("a", b"x" * 10)
    before = len(os.listdir("/proc/self/fd"))
    reading = storage.open("a")
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del reading
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_missing_is_not_found(storage: LocalStorage) -> None:
    storage.put("videos/a/film", b"film")
    for key in ("none", "videos", "videos/a", "videos/a/film/more"):
        assert not storage.exists(key)
        for call in (storage.read, storage.size, storage.open):
            with pytest.raises(NotFound):
                call(key)
    assert storage.exists("videos/a/film")


def test_delete_removes_the_key_or_all_under_it_and_nothing_beside(storage: LocalStorage) -> None:
    for key in ("videos/a/1/film", "videos/a/2/film", "videos/ab/film", "videos/b"):
        storage.put(key, b"x")
    for prefix in ("videos/a", "videos/b", "videos/none", "videos/ab/film/more"):
        storage.delete(prefix)
    assert not storage.exists("videos/a/1/film")
    assert not storage.exists("videos/b")
    assert storage.exists("videos/ab/film")


NOT_KEYS = ("", "/", "/etc/passwd", "..", "../a", "a/../b", "a/./b", "a//b", "a/", ".hidden", "a/.part")


@pytest.mark.parametrize(
    "key", [*NOT_KEYS, "a\\b", "a\0", "a b", "a\n", "\N{GREEK SMALL LETTER ALPHA}", "a" * 513]
)
def test_what_is_not_a_key_is_refused(storage: LocalStorage, key: str) -> None:
    for call in (storage.read, storage.size, storage.open, storage.exists, storage.delete, storage.path):
        with pytest.raises(ValueError, match="not a storage key"):
            call(key)
    with pytest.raises(ValueError, match="not a storage key"):
        storage.put(key, b"")


def test_a_write_that_breaks_off_leaves_the_old_bytes(
    storage: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put("a", b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local.os, "fsync", full)
    with pytest.raises(StorageUnavailable, match="No space left"):
        storage.put("a", b"new")
    monkeypatch.undo()
    assert storage.read("a") == b"old"
    assert all_files(tmp_path / "storage") == ["a"]


def test_a_root_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable):
        LocalStorage(tmp_path / "file").put("a", b"a")


def test_a_source_that_is_missing_is_the_callers_fault(storage: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.put("a", tmp_path / "none")


def test_readers_see_whole_objects_while_writers_write(storage: LocalStorage) -> None:
    storage.put("a", b"0" * 50_000)
    done = threading.Event()

    def write() -> None:
        for number in range(50):
            storage.put("a", str(number % 10).encode() * 50_000)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        data = storage.read("a")
        assert len(data) == 50_000
        assert len(set(data)) == 1
    writer.join()


def test_two_may_delete_the_same_at_once(storage: LocalStorage) -> None:
    for _ in range(4):
        for number in range(20):
            storage.put(f"videos/a/{number}/film", b"x")
        failures: list[Exception] = []

        def delete(failures: list[Exception] = failures) -> None:
            try:
                storage.delete("videos/a")
            except StorageUnavailable as error:
                failures.append(error)

        threads = [threading.Thread(target=delete) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert not storage.path("videos/a").exists()
