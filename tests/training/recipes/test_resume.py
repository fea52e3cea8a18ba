"""Recipes as they are, each in a process of its own that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

STEPS = 20


def command(work: Path, recipe: str, save_s: float) -> list[str]:
    words = [sys.executable, "-m", "training.recipes", recipe, "--work", str(work), "--steps", str(STEPS)]
    return [*words, "--smoke", "--threads", "1", "--save-s", str(save_s)]


def killed_on_the_way(work: Path, recipe: str) -> None:
    """Start the recipe, and kill it when it has left a first checkpoint and gone on."""
    process = subprocess.Popen(command(work, recipe, 0.0), stdout=subprocess.DEVNULL)
    end = time.time() + 240
    while not (work / f"{recipe}.state").exists() and time.time() < end:
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(work.glob("*.done"))


@pytest.mark.parametrize(("recipe", "network"), [("tae", "video_decoder"), ("reading", "text_encoder")])
def test_killed_and_started_again_a_recipe_ends_with_the_same_bytes(
    tmp_path: Path, recipe: str, network: str
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(whole, recipe, 1e9), check=True, stdout=subprocess.DEVNULL)
    killed_on_the_way(killed, recipe)
    again = subprocess.run(command(killed, recipe, 1e9), check=True, capture_output=True, text=True)
    assert "resumed_at_step" in again.stdout
    name = f"{network}.safetensors"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert not (killed / f"{recipe}.state").exists()
