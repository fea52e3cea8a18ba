"""What films are asked for: as long as it stays the same, films that are there need not be made again."""

import json
from collections.abc import Iterable
from hashlib import sha256

from services.contract.cast import CastManifest
from training.evaluation.films import texts
from training.evaluation.work import FORMAT, HEIGHT, WIDTH
from training.world.chance import sample_scene
from training.world.edits import sample_edit
from training.world.figures import sample_character
from training.world.render import render


def asked_digest(cast: CastManifest, seeds: Iterable[int]) -> str:
    """A name of the cast's defaults and of what it is shown and told: four hex digits.

    They change with the first scenes of the world, in words and in pictures.
    """
    defaults = (cast.steps.default, cast.guidance.default, cast.sound.steps, cast.sound.guidance)
    digest = sha256(json.dumps((defaults, cast.text.vocabulary)).encode())
    for seed in seeds:
        scene, edit = sample_scene(seed, FORMAT, "heldout"), sample_edit(seed, FORMAT, "heldout")
        words = (*texts(scene), edit.instruction, sample_character(seed, FORMAT, "heldout").caption)
        digest.update(json.dumps(words).encode())
        for shown in (scene, edit.source):
            digest.update(render(shown, HEIGHT, WIDTH, frames=[0]).tobytes())
    return digest.hexdigest()[:4]
