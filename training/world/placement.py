"""Sizes, places and speeds for the objects of a scene."""

from dataclasses import replace
from math import asin, sin

import numpy as np

from training.world.scene import SIZES, TOP, Object, Scene

Look = tuple[str, str, str]


def place(
    rng: np.random.Generator, scene: Scene, looks: list[Look], wanted_size: str | None
) -> tuple[Object, ...]:
    """Gives each object its size and its own stretch of the ground."""
    if looks[0][2] == "collide":
        return _pair(rng, scene, looks)
    lane = scene.aspect / len(looks)
    things = []
    for index, (colour, shape, motion) in enumerate(looks):
        size = wanted_size if wanted_size and index == 0 else str(rng.choice(list(SIZES)))
        if lane < 0.5 and not (wanted_size and index == 0):
            size = "small"
        radius = SIZES[size] * float(rng.uniform(0.93, 1.07))
        thing = Object(shape, colour, size, motion, radius, lane * (index + 0.5))
        margin = radius * 1.1 + 0.02
        left, right = lane * index + margin, lane * (index + 1) - margin
        if scene.camera != "static":
            middle, half = (left + right) / 2, (right - left) * 0.25
            left, right = middle - half, middle + half
        thing = replace(thing, left=left, right=right, way=int(rng.choice((-1, 1))))
        things.append(_set_going(rng, scene, thing))
    return tuple(things)


def _pair(rng: np.random.Generator, scene: Scene, looks: list[Look]) -> tuple[Object, ...]:
    sizes = ("small",) if scene.aspect < 0.8 else ("small", "medium", "large")
    speed = scene.aspect * rng.uniform(0.28, 0.5, 2)
    things = []
    for way, pace, (colour, shape, motion) in zip((1, -1), speed, looks, strict=True):
        size = str(rng.choice(sizes))
        radius = SIZES[size]
        left, right = radius * 1.1, scene.aspect - radius * 1.1
        x = left + 0.02 if way > 0 else right - 0.02
        things.append(
            Object(shape, colour, size, motion, radius, x, 0.0, float(pace), 0.85, way, left, right)
        )
    return tuple(things)


def _set_going(rng: np.random.Generator, scene: Scene, thing: Object) -> Object:
    """Start height, speed and so on, as the motion needs them; every motion uses the same number of draws."""
    one, two, three = (float(value) for value in rng.uniform(0, 1, 3))
    air = 0.96 - scene.ground.stand - 2.1 * thing.radius
    x = thing.left + (thing.right - thing.left) * one
    if scene.camera.startswith(("zoom", "tilt", "push", "pull")):
        air = min(air, 0.78 - scene.ground.stand - 2.1 * thing.radius)
    match thing.motion:
        case "bounce":
            drift = 0.0 if two < 0.4 else 0.1 + 0.5 * (two - 0.4)
            return replace(thing, x=x, lift=air * (0.6 + 0.4 * three), speed=drift, bounce=0.86 + 0.1 * two)
        case "fall":
            return replace(thing, x=x, lift=air * (0.85 + 0.25 * three), bounce=0.18 + 0.2 * two, way=0)
        case "roll" | "slide":
            start, end = (thing.left, thing.right) if thing.way > 0 else (thing.right, thing.left)
            travel = (end - start) * 0.2
            x, goal = start + travel * one, end - travel * two
            return replace(thing, x=x, left=min(x, goal), right=max(x, goal))
        case "spin":
            return replace(thing, x=x, lift=0.08 + (air - 0.08) * 0.6 * two, speed=2.0 + 4.0 * three)
        case "swing":
            lift = scene.ground.stand + 0.28 + 0.18 * two
            middle, room = (thing.left + thing.right) / 2, (thing.right - thing.left) / 2
            reach = min(0.3 + 0.4 * three, asin(min(1.0, room / (TOP - lift))))
            room -= sin(reach) * (TOP - lift)
            return replace(thing, x=middle + room * (2 * one - 1), lift=lift, speed=reach)
        case "hop":
            return replace(thing, x=x, lift=0.12 + 0.14 * two, speed=0.15 + 0.3 * three)
        case _:
            return replace(thing, x=x)
