"""What thousands of jobs leave behind: nothing. The script says what it found, and fails if it was more."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("jobs", [100, pytest.param(2000, marks=pytest.mark.long)])
def test_redis_and_disk_come_back_to_where_they_were(jobs: int) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/bounded_state.py", "--jobs", str(jobs)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"files and folders of jobs  before 0, all made {jobs // 10 * 56}, after 0" in done.stdout
