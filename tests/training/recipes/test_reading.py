import time
from dataclasses import replace

import torch

from training.recipes import reading
from training.recipes.order import Order
from training.world.captions import vocabulary
from training.world.chance import Film, sample_scene


def test_answers_are_those_of_the_scene_and_have_a_place_among_the_questions() -> None:
    asked = reading.questions()
    for seed in range(200):
        scene = sample_scene(seed, Film(32, 16, 16 / 9))
        said = reading.answers(scene)
        assert all(0 <= answer < asked[name] for name, answer in said.items())
        assert reading.COLOURS[said["colour0"]] == scene.objects[0].colour
        assert reading.GROUNDS[said["ground"]] == scene.ground.colour
        assert ("colour1" in said) == (len(scene.objects) > 1)


def test_pages_are_captions_sounds_and_instructions() -> None:
    pages = [reading.page(seed) for seed in range(120)]
    kind = list(reading.questions()).index("kind")
    edits = [page for page in pages if page.arrays["answers"][kind] != reading.UNKNOWN]
    sounds = [page for page in pages if not page.texts[0].startswith("FPS-")]
    assert 5 < len(edits) < 40
    assert 5 < len(sounds) < 40
    assert {page.arrays["answers"].shape for page in pages} == {(len(reading.questions()),)}
    assert reading.page(7).texts == reading.page(7).texts


def test_it_learns_to_answer(order: Order) -> None:
    recipe = reading.Recipe(replace(order, until=time.time() + 60))
    pages = [reading.page(seed) for seed in range(8)]
    tokens = recipe.tokens([page.texts[0] for page in pages])
    truth = torch.stack([torch.from_numpy(page.arrays["answers"]) for page in pages])
    before = float(recipe.loss(tokens, truth).detach())
    recipe.trainer.pace.part = 0.2
    for _ in range(12):
        recipe.trainer.step(lambda: recipe.loss(tokens, truth))
    assert float(recipe.loss(tokens, truth).detach()) < 0.8 * before
    recipe.save()
    assert order.checkpoint("text_encoder").exists()


def test_what_others_were_trained_with_stays_close(written: Order) -> None:
    recipe = reading.Recipe(written)
    assert recipe.before is not None
    tokens = recipe.tokens(["a red ball bouncing on a blue floor"])
    truth = torch.full((1, len(reading.questions())), reading.UNKNOWN)
    assert float(recipe.loss(tokens, truth).detach()) < 1e-3
    with torch.no_grad():
        recipe.encoder.get_parameter("positions").add_(1.0)
    assert float(recipe.loss(tokens, truth).detach()) > 0.1


def test_words_are_all_known() -> None:
    words = {word.strip(".,").lower() for seed in range(300) for word in reading.page(seed).texts[0].split()}
    known = set(vocabulary()) | {"fps-16", "fps-24"}
    assert words <= known
