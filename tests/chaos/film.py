"""The tiny film of the suite: a cast of 128x96 pixels, and the order of each job, told apart by its seed."""

import json
from pathlib import Path

from services.contract.cast import CastManifest
from services.settings import MANIFESTS

NAME = "tiny"
SOUND_STEPS = 6
STEPS = 12
SNAPSHOT_STEPS = 5
VARIANTS = 4
"""Films of seeds that are equal modulo this are equal byte by byte."""


def write_manifest(path: Path) -> Path:
    """``moviegen-mini`` with one small size, few steps of sound, and a word for each of ours."""
    manifest = json.loads((MANIFESTS / "moviegen-mini.json").read_text())
    manifest |= {
        "name": NAME,
        "sizes": [{"width": 128, "height": 96, "base_width": 128, "base_height": 96}],
        "default_size": "128x96",
    }
    manifest["sound"]["steps"] = SOUND_STEPS
    path.write_text(json.dumps(manifest))
    CastManifest.read(path)
    return path


def order(seed: int, seconds: int = 1) -> dict[str, object]:
    """Fields of ``POST /v1/videos`` for the job of ``seed``."""
    return {
        "model": NAME,
        "prompt": "a red ball",
        "seconds": seconds,
        "seed": seed,
        "num_inference_steps": STEPS,
    }
