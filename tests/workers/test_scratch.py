import errno
import subprocess
import sys
from pathlib import Path

import pytest

from services.contract.errors import StorageUnavailable
from workers.scratch import Scratch, film_folder

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from workers.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
(scratch.path / "film.mp4").write_bytes(b"half")
print(scratch.path, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_worker_leaves_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert other.stdout is not None
    theirs = Path(other.stdout.readline().strip())
    try:
        mine = Scratch(tmp_path)
        assert (theirs / "film.mp4").exists()
    finally:
        other.kill()
        other.communicate()
    third = Scratch(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine.path, third.path])
    mine.close()
    third.close()
    assert not list(tmp_path.iterdir())


def test_a_films_folder_goes_with_the_film(tmp_path: Path) -> None:
    with film_folder(tmp_path) as folder:
        (folder / "picture.mp4").write_bytes(b"x")
    with pytest.raises(KeyError), film_folder(tmp_path):
        raise KeyError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS])
def test_a_disk_that_takes_nothing_may_do_so_later(tmp_path: Path, code: int) -> None:
    with pytest.raises(StorageUnavailable, match="scratch"), film_folder(tmp_path):
        raise OSError(code, "no")
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_system_are_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), film_folder(tmp_path) as folder:
        (folder / "none").read_bytes()
