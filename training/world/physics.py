"""Where everything is at any time, and what hits what when.

Motion is a function of time in seconds, never of the frame rate: free flight and sliding are pieces of
constant acceleration joined at events whose times are solved exactly; the rest are closed formulas.
"""

from collections.abc import Callable

import numpy as np

from training.world import moves
from training.world.scene import Scene
from training.world.shapes import SIDE
from training.world.tracks import Arc, Impact, Track, follow, strength

MOVES: dict[str, Callable[[Scene, int], Track]] = {
    "bounce": moves.bounce,
    "fall": moves.bounce,
    "hop": moves.hop,
    "roll": moves.roll,
    "slide": moves.roll,
    "still": moves.still,
    "rise": moves.rise,
    "spin": moves.spin,
    "grow": moves.swell,
    "shrink": moves.swell,
    "swing": moves.swing,
}


def simulate(scene: Scene) -> tuple[Track, ...]:
    """The tracks of all objects, in order."""
    if any(thing.motion == "collide" for thing in scene.objects):
        return collide(scene)
    return tuple(MOVES[thing.motion](scene, index) for index, thing in enumerate(scene.objects))


def impacts(scene: Scene) -> tuple[Impact, ...]:
    """All hits of the film in order of time."""
    hits = [hit for track in simulate(scene) for hit in track.impacts if hit.time_s < scene.duration_s]
    return tuple(sorted(hits, key=lambda hit: (hit.time_s, hit.index)))


def collide(scene: Scene) -> tuple[Track, ...]:
    """Two things move towards each other along the ground, hit, and part; friction stops them."""
    one, two = scene.objects
    reach = SIDE[one.shape] * one.radius + SIDE[two.shape] * two.radius
    meet_s = (two.x - one.x - reach) / (one.speed + two.speed)
    heavy, light = one.radius**2, two.radius**2
    total, closing = heavy + light, one.speed + two.speed
    pace = (heavy * one.speed - light * two.speed) / total
    leave = (pace - 0.85 * closing * light / total, pace + 0.85 * closing * heavy / total)
    tracks = []
    for index, (thing, speed) in enumerate(((one, one.speed), (two, -two.speed))):
        x = thing.x + speed * meet_s
        after = leave[index]
        room = max(0.02, (x - thing.left) if after < 0 else (thing.right - x))
        drag = max(0.12, after**2 / (2 * room))
        stop_s = abs(after) / drag
        rest = Arc(meet_s + stop_s, x + after * stop_s / 2, 0.0)
        arcs = [
            Arc(0.0, thing.x, 0.0, speed),
            Arc(meet_s, x, 0.0, after, 0.0, -np.sign(after) * drag),
            rest,
        ]
        hit = Impact(meet_s, strength(closing * 1.4), index, "object")
        tracks.append(follow(scene, index, arcs, [hit]))
    return tuple(tracks)
