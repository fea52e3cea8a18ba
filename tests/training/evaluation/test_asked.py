from dataclasses import replace

import pytest

from services.contract.cast import CastManifest
from services.local.stack import ROOT
from training.evaluation import asked
from training.evaluation.asked import asked_digest
from training.evaluation.networks import MANIFEST


def test_what_is_asked_has_a_name_that_changes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = CastManifest.read(ROOT / MANIFEST)
    name = asked_digest(cast, range(2))
    assert len(name) == 4
    assert asked_digest(cast, range(2)) == name
    assert asked_digest(cast, range(1, 3)) != name
    bold = cast.model_copy(update={"guidance": cast.guidance.model_copy(update={"default": 7.0})})
    assert asked_digest(bold, range(2)) != name
    other = cast.model_copy(update={"description": "another one"})
    assert asked_digest(other, range(2)) == name
    sample = asked.sample_scene
    monkeypatch.setattr(asked, "sample_scene", lambda *args: replace(sample(*args), sky="night"))
    assert asked_digest(cast, range(2)) != name
