import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from services.contract.errors import NotFound, StorageUnavailable
from services.storage import local
from services.storage.local import LocalStorage
from services.storage.storage import Storage, Stored


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


def open_files(root: Path) -> list[Path]:
    """Files under a folder that this process has open. Others may come and go meanwhile."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(descriptor.readlink())
    return [path for path in found if path.is_relative_to(root)]


def test_dropping_a_reading_closes_its_file(storage: LocalStorage, tmp_path: Path) -> None:
    storage.put("a", b"x" * 10)
    reading = storage.open("a")
    assert len(open_files(tmp_path)) == 1
    del reading
    assert open_files(tmp_path) == []


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


def test_a_write_while_its_folder_is_being_removed_is_whole_or_gone(storage: LocalStorage) -> None:
    done = threading.Event()

    def delete() -> None:
        while not done.is_set():
            storage.delete("videos/a")

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        for _ in range(60):
            storage.put("videos/a/1/film", b"film")
    finally:
        done.set()
        deleter.join()
    assert list(storage.path("videos").parent.joinpath(".parts").iterdir()) == []


def keys(storage: LocalStorage, prefix: str, after: str = "", limit: int = 1000) -> list[str]:
    return [stored.key for stored in storage.page(prefix, after=after, limit=limit)]


def test_pages_go_through_all_keys_in_order(storage: LocalStorage) -> None:
    names = ("v/a/1/film", "v/a/1/still", "v/a-b/film", "v/a.b", "v/ab/x", "v/b", "v/a/10/film", "w/a", "va")
    for name in names:
        storage.put(name, b"x")
    expected = sorted(name for name in names if name.startswith("v/"))
    assert expected[0] == "v/a-b/film"
    assert keys(storage, "v") == expected
    for limit in (1, 2, 3, 6, 7):
        found, after = [], ""
        while page := keys(storage, "v", after, limit):
            assert len(page) <= limit
            found += page
            after = page[-1]
        assert found == expected
    # A mark need not exist any more, nor ever have been a key.
    assert keys(storage, "v", "v/a/") == ["v/a/1/film", "v/a/1/still", "v/a/10/film", "v/ab/x", "v/b"]
    assert keys(storage, "v", "v/a/1/gone") == expected[expected.index("v/a/1/still") :]
    assert keys(storage, "v", "z") == []
    assert keys(storage, "none") == keys(storage, "v/b") == []


def test_a_page_tells_when_its_objects_changed(storage: LocalStorage) -> None:
    storage.put("v/a", b"x")
    os.utime(storage.path("v/a"), (5, 7))
    assert storage.page("v") == [Stored("v/a", 7.0)]
    storage.put("v/a", b"y")
    assert abs(storage.page("v")[0].changed_at - time.time()) < 60


def test_parts_are_no_keys_and_are_cleared_when_they_are_old(storage: LocalStorage, tmp_path: Path) -> None:
    storage.put("v/a", b"x")
    parts = tmp_path / "storage" / ".parts"
    for name, age_s in (("old", 100), ("young", 10)):
        (parts / name).write_bytes(b"half")
        os.utime(parts / name, (time.time() - age_s,) * 2)
    assert keys(storage, "v") == ["v/a"]
    assert storage.clear_parts(60) == 1
    assert [path.name for path in parts.iterdir()] == ["young"]
    assert LocalStorage(tmp_path / "none").clear_parts(0) == 0


def test_room_is_what_the_disk_has(storage: LocalStorage, tmp_path: Path) -> None:
    assert storage.room() > 2**20
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable):
        LocalStorage(tmp_path / "file").room()


FULL = """
import resource, sys
from pathlib import Path
from services.contract.errors import StorageUnavailable
from services.storage.local import LocalStorage

storage, source = LocalStorage(Path(sys.argv[1])), Path(sys.argv[1]) / "source"
storage.put("a", b"old")
source.write_bytes(b"n" * 300_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for data in (b"n" * 100_001, source):
    try:
        storage.put("a", data)
    except StorageUnavailable:
        print("refused")
"""


def test_a_disk_that_takes_a_part_only_leaves_the_old_bytes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "refused\nrefused\n"
    assert LocalStorage(tmp_path).read("a") == b"old"
    assert all_files(tmp_path) == ["a", "source"]


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
