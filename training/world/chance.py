"""Scenes drawn by chance from a seed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.world.fire import room_for
from training.world.placement import place
from training.world.scene import (
    CAMERAS,
    COLOURS,
    MATERIALS,
    MOODS,
    MOTIONS,
    SHAPES,
    SKIES,
    STYLES,
    WEATHERS,
    Ground,
    Scene,
    Split,
    can_move,
    is_heldout,
    stream,
)

FREQUENT = {
    "bounce": 0.28, "roll": 0.11, "slide": 0.07, "fall": 0.10, "rise": 0.07, "spin": 0.08, "grow": 0.05,
    "shrink": 0.04, "swing": 0.07, "hop": 0.07, "still": 0.03, "collide": 0.03,
}  # fmt: skip
TRAVELS = ("roll", "slide", "collide", "rise")
STAYS = ("spin", "grow", "shrink", "swing", "still", "rise", "fall", "bounce")
OUTSIDE = tuple(sky for sky in SKIES if sky != "room")
# Shares: of styles, of weather and fire outside where nothing speaks against them, of music, and of cameras
# that would stand still.
STYLED, WET, BURNING, SUNG, TILTED = 0.15, 0.115, 0.085, 0.20, 0.22
LOST_IN = {"night": "black", "sunset": "orange", "overcast": "white", "room": "white"}


@dataclass(frozen=True)
class Film:
    """Length and format of a film: frames, frames per second, width / height of the picture."""

    frames: int = 32
    fps: int = 16
    aspect: float = 16 / 9


@dataclass(frozen=True)
class Wanted:
    """What a scene must show where chance shall not decide: None leaves it to chance."""

    colour: str | None = None
    shape: str | None = None
    motion: str | None = None
    size: str | None = None
    material: str | None = None
    ground: str | None = None
    sky: str | None = None
    camera: str | None = None
    count: int | None = None
    style: str | None = None
    weather: str | None = None
    fire: bool | None = None
    music: str | None = None


ANYTHING = Wanted()


def sample_scene(seed: int, film: Film, split: Split = "train", wanted: Wanted = ANYTHING) -> Scene:
    """A scene of the split, the same for the same arguments; the frame rate changes nothing else.

    Raises ValueError if nothing in the split is as wanted.
    """
    rng, chances = stream(seed, 0), stream(seed, 5).random(10)
    ground = _ground(rng, wanted)
    open_air = ground.material in ("grass", "sand", "snow") or _needs_open_air(wanted)
    sky = wanted.sky or str(rng.choice(OUTSIDE if open_air else SKIES))
    count = wanted.count or _count(rng, film, wanted)
    camera = wanted.camera or str(rng.choice(CAMERAS[:5], p=(0.72, 0.07, 0.07, 0.07, 0.07)))
    looks = _looks(rng, count, (ground.colour, LOST_IN.get(sky, "")), wanted, split)
    # Under a moving camera things that travel, or stand at the sides, would leave the picture.
    if len(looks) > 1 or looks[0][2] in TRAVELS:
        camera = wanted.camera or "static"
    elif camera == "static" and chances[0] < TILTED:
        camera = wanted.camera or _one(CAMERAS[5:], chances[1])
    scene = Scene(seed, (), ground, sky, camera, film.fps, film.frames, film.aspect)
    return _dressed(replace(scene, objects=place(rng, scene, looks, wanted.size)), chances[2:], wanted)


def _one(choices: tuple[str, ...], chance: float) -> str:
    return choices[int(chance * len(choices))]


def _needs_open_air(wanted: Wanted) -> bool:
    return bool(wanted.fire) or wanted.weather not in (None, "none")


def _dressed(scene: Scene, chances: NDArray[np.float64], wanted: Wanted) -> Scene:
    """The scene with style, weather, fire and music, from eight chances of their own."""
    inside = scene.sky == "room"
    if inside and _needs_open_air(wanted):
        raise ValueError("neither weather nor fire in a room")
    style = _one(STYLES[1:], chances[1]) if chances[0] < STYLED else "plain"
    weather = _one(WEATHERS[1:], chances[3]) if chances[2] < WET and not inside else "none"
    music = _one(MOODS[1:], chances[5]) if chances[4] < SUNG else "none"
    scene = replace(
        scene, style=wanted.style or style, weather=wanted.weather or weather, music=wanted.music or music
    )
    by_chance = chances[6] < BURNING and scene.weather == "none" and not inside and scene.camera == "static"
    if wanted.fire is False or not (wanted.fire or by_chance):
        return scene
    return replace(scene, fire=room_for(scene, float(chances[7]), bool(wanted.fire)))


def _ground(rng: np.random.Generator, wanted: Wanted) -> Ground:
    materials = [m for m, colours in MATERIALS.items() if wanted.ground is None or wanted.ground in colours]
    if wanted.material is not None:
        materials = [wanted.material]
    if not materials:
        raise ValueError(f"no ground is {wanted.ground}")
    weights = np.array([6.0 if material == "floor" else 1.0 for material in materials])
    material = str(rng.choice(materials, p=weights / weights.sum()))
    colour = wanted.ground or str(rng.choice(MATERIALS[material]))
    stand = float(rng.uniform(0.13, 0.20))
    return Ground(material, colour, stand + float(rng.uniform(0.13, 0.22)), stand)


def _count(rng: np.random.Generator, film: Film, wanted: Wanted) -> int:
    count = int(rng.choice((1, 2, 3), p=(0.78, 0.17, 0.05)))
    motion = wanted.motion
    if motion == "collide":
        return 2
    if motion is not None and motion not in STAYS:
        return 1
    return min(count, 1 if film.aspect < 0.8 else 3)


def _looks(
    rng: np.random.Generator, count: int, taken: tuple[str, str], wanted: Wanted, split: Split
) -> list[tuple[str, str, str]]:
    """(colour, shape, motion) of each object."""
    looks: list[tuple[str, str, str]] = []
    for _ in range(10_000):
        motion = wanted.motion or _motion(rng, count)
        if looks:
            motion = "collide" if looks[0][2] == "collide" else motion
        elif motion == "collide":
            count = 2
        shape = wanted.shape if wanted.shape and not looks else str(rng.choice(SHAPES))
        colour = wanted.colour if wanted.colour and not looks else str(rng.choice(COLOURS))
        fits = can_move(shape, motion) and is_heldout(colour, shape, motion) == (split == "heldout")
        clear = colour not in (*taken, *(look[0] for look in looks)) or (bool(wanted.colour) and not looks)
        if fits and clear:
            looks.append((colour, shape, motion))
        if len(looks) == count:
            return looks
    raise ValueError(f"nothing in split {split} is like {wanted}")


def _motion(rng: np.random.Generator, count: int) -> str:
    motions = MOTIONS if count == 1 else STAYS
    weights = np.array([FREQUENT[motion] for motion in motions])
    return str(rng.choice(motions, p=weights / weights.sum()))
