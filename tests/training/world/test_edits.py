import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from training.world import lexicon
from training.world.captions import vocabulary
from training.world.chance import LOST_IN, Film, sample_scene
from training.world.edits import KINDS, Edit, changed, mask, sample_edit
from training.world.physics import simulate
from training.world.render import render
from training.world.scene import Object, Scene, Split, can_move, is_heldout
from training.world.shapes import BOUND

FILM = Film(16, 8)
OBJECT_KINDS = ("colour", "shape", "size", "replace", "add", "remove")


def _held(thing: Object) -> bool:
    return is_heldout(thing.colour, thing.shape, thing.motion)


def _new(edit: Edit) -> list[Object]:
    return [thing for thing in edit.target.objects if thing not in edit.source.objects]


def _gone(edit: Edit) -> list[Object]:
    return [thing for thing in edit.source.objects if thing not in edit.target.objects]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _meant(text: str, scene: Scene) -> list[Object]:
    """The objects of the scene that the noun after "the" and its colour can mean."""
    the = re.search(r"\bthe (?:color of the |colour of the )?([a-z ]+)", text.lower())
    assert the is not None, text
    spoken = the[1].split()
    nouns = {word for names in lexicon.NOUNS.values() for word in names}
    end = next((place for place, word in enumerate(spoken) if word in nouns), None)
    assert end is not None, text
    before = set(spoken[:end])
    said = [colour for colour, names in lexicon.COLOUR_WORDS.items() if before & set(names)]
    return [
        thing
        for thing in scene.objects
        if spoken[end] in lexicon.NOUNS[thing.shape] and (not said or thing.colour in said)
    ]


def test_a_seed_is_an_edit() -> None:
    assert sample_edit(3, FILM) == sample_edit(3, FILM)
    assert sample_edit(3, FILM) != sample_edit(4, FILM)
    one, two = (render(sample_edit(3, FILM).target, 36, 64).tobytes() for _ in range(2))
    assert one == two


def test_all_kinds_come_up() -> None:
    assert {sample_edit(seed, FILM).kind for seed in range(300)} == set(KINDS)


def test_no_instruction_has_a_word_outside_the_vocabulary() -> None:
    used = {word for seed in range(2000) for word in _words(sample_edit(seed, FILM).instruction)}
    assert used <= set(vocabulary())


def test_training_never_shows_a_heldout_combination() -> None:
    for seed in range(1000):
        edit = sample_edit(seed, FILM)
        assert not any(_held(thing) for thing in (*edit.source.objects, *edit.target.objects))


@pytest.mark.parametrize("kind", KINDS)
def test_heldout_edits_make_or_touch_what_is_held_out(kind: str) -> None:
    for seed in range(40):
        edit = sample_edit(seed, FILM, "heldout", kind)
        touched = _new(edit) or _gone(edit) or list(edit.target.objects)
        assert all(_held(thing) for thing in touched)


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("aspect", [9 / 16, 1.0, 16 / 9])
def test_every_kind_is_found_in_every_format(split: Split, aspect: float) -> None:
    for kind in KINDS:
        edit = sample_edit(1, Film(32, 16, aspect), split, kind)
        assert edit.kind == kind
        assert edit.source != edit.target


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_else_changes(kind: str) -> None:
    for seed in range(60):
        source, target = (edit := sample_edit(seed, FILM, kind=kind)).source, edit.target
        field = {"ground colour": "ground", "weather": "weather", "style": "style", "sky": "sky"}
        part = field.get(kind, "ground" if kind == "ground" else "objects")
        assert replace(target, **{part: getattr(source, part)}) == source
        if part == "ground":
            assert (source.ground.horizon, source.ground.stand) == (
                target.ground.horizon,
                target.ground.stand,
            )
        if kind in OBJECT_KINDS:
            assert len(_new(edit)) == (kind != "remove")
            assert len(_gone(edit)) == (kind != "add")


def test_what_is_not_touched_keeps_its_way() -> None:
    times = np.linspace(0, 2, 9)
    seen = 0
    for seed in range(400):
        edit = sample_edit(seed, FILM)
        before = dict(zip(edit.source.objects, simulate(edit.source), strict=True))
        after = dict(zip(edit.target.objects, simulate(edit.target), strict=True))
        for thing in before.keys() & after.keys():
            for name in ("x", "y", "angle", "scale"):
                old, new = (getattr(track[thing].at(times), name) for track in (before, after))
                np.testing.assert_array_equal(old, new)
            seen += 1
    assert seen > 200


def test_the_changed_thing_does_what_it_did() -> None:
    for seed in range(100):
        for kind in ("colour", "shape", "replace", "size"):
            edit = sample_edit(seed, FILM, kind=kind)
            (old,), (new,) = _gone(edit), _new(edit)
            assert old.motion == new.motion
            assert can_move(new.shape, new.motion)
            if kind != "size":
                assert (old.x, old.lift, old.speed, old.radius) == (new.x, new.lift, new.speed, new.radius)
            if kind == "colour":
                assert replace(new, colour=old.colour) == old


def test_resized_things_stay_in_the_picture_and_say_so() -> None:
    for seed in range(150):
        edit = sample_edit(seed, FILM, kind="size")
        (old,), (new,) = _gone(edit), _new(edit)
        bigger = any(
            word in _words(edit.instruction)[-2:] for word in ("bigger", "larger", "large", "big", "huge")
        )
        assert bigger == (new.radius > old.radius)
        if new.motion != "swing":
            assert new.radius <= new.x <= edit.target.aspect - new.radius


def test_added_things_stand_free() -> None:
    times = np.linspace(0, 2, 33)
    for seed in range(100):
        edit = sample_edit(seed, FILM, kind="add")
        *others, added = (track.at(times) for track in simulate(edit.target))
        new = edit.target.objects[-1]
        assert new.radius <= new.x <= edit.target.aspect - new.radius
        for thing, state in zip(edit.source.objects, others, strict=True):
            apart = np.abs(state.x - added.x) - thing.radius * state.scale - new.radius
            assert apart.min() > -0.02
        side = re.search(r"on the (left|right)", edit.instruction)
        if side:
            assert (new.x < edit.target.aspect / 2) == (side[1] == "left")


def test_things_are_seen_against_all_around_them() -> None:
    for seed in range(400):
        scene = sample_edit(seed, FILM).target
        colours = [thing.colour for thing in scene.objects]
        assert len(set(colours)) == len(colours)
        assert not {scene.ground.colour, LOST_IN.get(scene.sky)} & set(colours)
        assert not (scene.sky == "room" and (scene.weather != "none" or scene.ground.material == "grass"))


@pytest.mark.parametrize("kind", [kind for kind in OBJECT_KINDS if kind != "add"])
def test_instructions_mean_one_thing(kind: str) -> None:
    for seed in range(150):
        edit = sample_edit(seed, FILM, kind=kind)
        text = edit.instruction
        if re.search("(?i)put an? .* in place of", text):
            text = text[text.index("place of") :]
        assert _meant(text, edit.source) == _gone(edit), edit.instruction


@pytest.mark.parametrize("kind", ["colour", "shape", "replace", "add", "ground colour", "ground"])
def test_instructions_name_what_comes(kind: str) -> None:
    for seed in range(100):
        edit = sample_edit(seed, FILM, kind=kind)
        words = set(_words(edit.instruction))
        for thing in _new(edit):
            if kind in ("colour", "replace", "add"):
                assert words & set(lexicon.COLOUR_WORDS[thing.colour])
            if kind in ("shape", "replace", "add"):
                assert words & set(lexicon.NOUNS[thing.shape])
        if kind == "ground colour":
            assert edit.target.ground.colour in words


def test_instructions_are_well_written() -> None:
    for seed in range(1500):
        text = sample_edit(seed, FILM).instruction
        assert not re.search(r"(?i)\ba [aeio]|\ban [^aeiou]", text), text
        assert "  " not in text
        assert "{" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_outside_the_mask_the_films_are_the_same(kind: str) -> None:
    edit = sample_edit(7, FILM, kind=kind)
    source, target = render(edit.source, 72, 128), render(edit.target, 72, 128)
    may = mask(edit, 72, 128)
    assert may.shape == source.shape[:3]
    assert may.any()
    np.testing.assert_array_equal(source[~may], target[~may])
    if kind in ("colour", "shape", "replace", "remove", "add") and edit.source.camera == "static":
        assert may.mean() < 0.5


def test_a_new_colour_changes_only_the_thing() -> None:
    seen = 0
    for seed in range(60):
        edit = sample_edit(seed, FILM, kind="colour")
        if edit.source.camera != "static" or edit.source.style == "pixelated":
            continue
        (old,) = _gone(edit)
        state = simulate(edit.source)[edit.source.objects.index(old)].at(np.array([0.25]))
        one, two = (render(scene, 72, 128, frames=[2])[0] for scene in (edit.source, edit.target))
        rows, columns = np.nonzero((one != two).any(-1))
        reach = BOUND * old.radius * state.scale[0] + 1 / 72
        assert rows.size
        assert np.hypot((columns + 0.5) / 72 - state.x, 1 - (rows + 0.5) / 72 - state.y).max() < reach
        seen += 1
    assert seen > 20


def test_the_mask_reaches_three_pixels_further_at_base_size() -> None:
    one, two = np.zeros((1, 144, 20, 3), np.uint8), np.zeros((1, 144, 20, 3), np.uint8)
    two[0, 70, 10, 1] = 9
    may = changed(one, two)
    rows, columns = np.nonzero(may[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (67, 73, 7, 13)
    assert may.sum() == 49
    assert not changed(one, one).any()


def test_sources_are_not_the_films_of_ordinary_seeds() -> None:
    edits = [sample_edit(seed, FILM) for seed in range(50)]
    assert all(one.source != two.source for one, two in pairwise(edits))
    assert all(edit.source.seed == edit.target.seed for edit in edits)
    assert not {edit.source.seed for edit in edits} & set(range(1000))
    assert sample_scene(0, FILM) not in [edit.source for edit in edits]


def test_what_cannot_be_found_is_refused() -> None:
    with pytest.raises(KeyError, match="wings"):
        sample_edit(0, FILM, kind="wings")
