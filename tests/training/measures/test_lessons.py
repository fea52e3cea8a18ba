import numpy as np

from training.measures import lessons, listening
from training.world.chance import Film, sample_scene
from training.world.scene import MOODS


def test_truth_names_what_sounds() -> None:
    scene = sample_scene(3, Film(32, 16))
    heard, mood = lessons.truth(scene)
    named = {kind for kind, there in zip(listening.KINDS, heard, strict=True) if there}
    assert {listening.KIND_OF[thing.motion] for thing in scene.objects} - {"silence"} <= named
    assert MOODS[mood] == scene.music


def test_a_lesson_is_the_same_every_time_and_has_an_answer_for_every_moment() -> None:
    one, two = (lessons.lesson(200_001) for _ in range(2))
    assert len(one.moments) == len(one.hits)
    assert len(one.kinds) == len(listening.KINDS)
    for name in ("moments", "hits", "description", "course", "tune"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_lessons_are_of_scenes_one_after_the_other() -> None:
    first, second = lessons.lessons(2)
    assert first.description.tolist() == lessons.lesson(lessons.FIRST_SEED).description.tolist()
    assert first.description.tolist() != second.description.tolist()
