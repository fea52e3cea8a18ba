from pathlib import Path

import numpy as np
import pytest

from training.measures import fit, listening
from training.world.chance import Film, sample_scene
from training.world.scene import MOODS


def test_truth_names_what_sounds() -> None:
    scene = sample_scene(3, Film(32, 16))
    heard, mood = fit.truth(scene)
    named = {kind for kind, there in zip(listening.KINDS, heard, strict=True) if there}
    assert {listening.KIND_OF[thing.motion] for thing in scene.objects} - {"silence"} <= named
    assert MOODS[mood] == scene.music


def test_arrays_come_back_from_their_text() -> None:
    array = np.array([[0.5, -2.0, 3.25]])
    assert listening._unpacked(fit.packed(array)).tolist() == array.tolist()


def test_a_lesson_in_small_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FILE", tmp_path / "ears.json")
    monkeypatch.setattr(fit, "EPOCHS", {"hits": 1, "sounds": 1})
    fit.main(6)
    listening._networks.cache_clear()
    try:
        assert listening.listen(np.zeros(48_000, np.float32)).mood in MOODS
    finally:
        listening._networks.cache_clear()
