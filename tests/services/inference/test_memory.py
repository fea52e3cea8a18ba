import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from services.inference import memory
from services.inference.memory import FOLDER, Region, remove_leftovers

OWNER = "from services.inference.memory import Region; r = Region(4096); print(r.name, flush=True); input()"


def owner() -> "subprocess.Popen[str]":
    """Another process with a region; its first line is the region's name."""
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    )


def test_a_region_is_shared_and_goes_with_its_owner() -> None:
    region = Region(4096)
    region.buffer[:3] = b"abc"
    with (FOLDER / region.name).open("r+b") as file, mmap.mmap(file.fileno(), 0) as other:
        assert (len(other), other[:3]) == (4096, b"abc")
    assert region.key == f"/{region.name}"
    region.close()
    assert not (FOLDER / region.name).exists()


def test_regions_have_names_of_their_own() -> None:
    first, second = Region(4096), Region(4096)
    assert first.name != second.name
    assert str(os.getpid()) in first.name
    first.close()
    second.close()


def test_only_regions_of_dead_owners_are_leftovers() -> None:
    mine = Region(4096)
    with owner() as living, owner() as dead:
        assert living.stdout is not None
        assert dead.stdout is not None
        theirs, leftover = living.stdout.readline().strip(), dead.stdout.readline().strip()
        dead.kill()
        dead.wait()
        removed = set(remove_leftovers())
        assert leftover in removed
        assert not removed & {mine.name, theirs}
        assert not (FOLDER / leftover).exists()
        assert (FOLDER / theirs).exists()
        living.kill()
    assert theirs in set(remove_leftovers())
    mine.close()


def test_what_others_keep_in_shared_memory_stays() -> None:
    others = FOLDER / "moviola-of-another"
    others.touch()
    assert others.name not in set(remove_leftovers())
    assert others.exists()
    others.unlink()


def test_a_host_without_shared_memory_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "FOLDER", Path("/nowhere"))
    with pytest.raises(ConfigurationError, match="MOVIOLA_TRITON_SHARED_MEMORY"):
        Region(4096)
