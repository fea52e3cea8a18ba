from pathlib import Path

import numpy as np
import pytest

from training.measures import fit, listening
from training.world.scene import MOODS


def test_a_lesson_in_small_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FILE", tmp_path / "ears.json")
    monkeypatch.setattr(fit, "EPOCHS", {"hits": 1, "sounds": 1})
    fit.main(6)
    listening._networks.cache_clear()
    try:
        assert listening.listen(np.zeros(48_000, np.float32)).mood in MOODS
    finally:
        listening._networks.cache_clear()


def test_batches_hold_every_lesson_once_and_one_length_each() -> None:
    told = fit.lessons(8)
    found = [one for some in fit._batches(told, np.random.default_rng(0)) for one in some]
    assert sorted(map(id, found)) == sorted(map(id, told))
    for some in fit._batches(told, np.random.default_rng(0)):
        assert len({len(one.course) for one in some}) == 1
