"""The motions, each a function from a scene and an object's number to its track."""

from math import sqrt

import numpy as np

from training.world.scene import TOP, Object, Scene
from training.world.shapes import FOOT
from training.world.tracks import GRAVITY, Arc, Impact, State, Times, Track, follow, rest_height, strength

SLOWEST = 0.16


def _flight(arc: Arc) -> float:
    """Seconds until the foot touches the ground."""
    return (arc.vy + sqrt(arc.vy**2 + 2 * GRAVITY * max(arc.y, 0.0))) / GRAVITY


def _to_wall(arc: Arc, thing: Object) -> float:
    if arc.vx == 0:
        return float("inf")
    return max(0.0, ((thing.right if arc.vx > 0 else thing.left) - arc.x) / arc.vx)


def bounce(scene: Scene, index: int) -> Track:
    """Dropped with some sideways speed; bounces on the ground and at the ends of its stretch, then rests."""
    thing = scene.objects[index]
    arc = Arc(0.0, thing.x, thing.lift, thing.way * thing.speed, 0.0, 0.0, -GRAVITY)
    arcs, hits = [arc], []
    while arc.start < scene.duration_s:
        down, side = _flight(arc), _to_wall(arc, thing)
        x, y, vx, vy = arc.after(min(down, side))
        time_s = arc.start + min(down, side)
        if side < down:
            hits.append(Impact(time_s, strength(vx), index, "wall"))
            arc = Arc(time_s, x, y, -vx * 0.9, vy, 0.0, -GRAVITY)
        elif -vy * thing.bounce < SLOWEST:
            hits.append(Impact(time_s, strength(vy), index, "ground"))
            arcs.append(Arc(time_s, x, 0.0))
            break
        else:
            hits.append(Impact(time_s, strength(vy), index, "ground"))
            arc = Arc(time_s, x, 0.0, vx * 0.98, -vy * thing.bounce, 0.0, -GRAVITY)
        arcs.append(arc)
    return follow(scene, index, arcs, hits)


def hop(scene: Scene, index: int) -> Track:
    """Crouches for a moment, jumps, lands, again and again; turns round at the edge of its stretch."""
    thing = scene.objects[index]
    pause, jump = 0.22, sqrt(2 * GRAVITY * thing.lift)
    air = 2 * jump / GRAVITY
    way, x, time_s = thing.way, thing.x, pause
    arcs, hits = [Arc(0.0, x, 0.0)], []
    while time_s < scene.duration_s:
        if not thing.left <= x + way * thing.speed * air <= thing.right:
            way = -way
        landing = min(max(x + way * thing.speed * air, thing.left), thing.right)
        arcs.append(Arc(time_s, x, 0.0, (landing - x) / air, jump, 0.0, -GRAVITY))
        x = landing
        hits.append(Impact(time_s + air, 0.7 * strength(jump), index, "ground"))
        arcs.append(Arc(time_s + air, x, 0.0))
        time_s += air + pause
    return follow(scene, index, arcs, hits)


def roll(scene: Scene, index: int) -> Track:
    """Rolls or slides from one side towards the other, ever slower, and comes to rest."""
    thing = scene.objects[index]
    stop_s = _travel_s(scene)
    way = (thing.right - thing.x) if thing.way > 0 else (thing.left - thing.x)
    start = 2 * way / stop_s
    arcs = [Arc(0.0, thing.x, 0.0, start, 0.0, -start / stop_s), Arc(stop_s, thing.x + way, 0.0)]
    return follow(scene, index, arcs, [])


def _travel_s(scene: Scene) -> float:
    return min(max(scene.duration_s * 1.1, 1.5), 6.0)


def still(scene: Scene, index: int) -> Track:
    """Stands on the ground and does nothing."""
    return follow(scene, index, [Arc(0.0, scene.objects[index].x, 0.0)], [])


def rise(scene: Scene, index: int) -> Track:
    """Floats up like a balloon, swaying a little, and stays under the upper edge."""
    thing = scene.objects[index]
    rest = rest_height(scene, thing)
    top = 0.97 - 1.1 * thing.radius - rest
    stop_s = min(max(scene.duration_s, 1.5), 6.0)

    def at(times: Times) -> State:
        part = np.clip(times / stop_s, 0.0, 1.0)
        sway = 0.25 * thing.radius * np.sin(2.4 * times) * part
        speed = np.where(part < 1, top / stop_s, 0.0)
        y = rest + top * (part + 0.1 * np.sin(np.pi * part) ** 2)
        return State(thing.x + sway, y, -0.1 * np.cos(2.4 * times) * part, np.ones_like(times), speed)

    return Track(at)


def spin(scene: Scene, index: int) -> Track:
    """Turns in the air on the spot."""
    thing = scene.objects[index]
    y = rest_height(scene, thing) + thing.lift

    def at(times: Times) -> State:
        one = np.ones_like(times)
        return State(thing.x * one, y * one, -thing.way * thing.speed * times, one, thing.speed * one)

    return Track(at)


def swell(scene: Scene, index: int) -> Track:
    """Grows or shrinks while standing on the ground."""
    thing = scene.objects[index]
    stop_s = min(max(scene.duration_s, 1.2), 5.0)
    first, last = (0.35, 1.5) if thing.motion == "grow" else (1.5, 0.35)

    def at(times: Times) -> State:
        part = np.clip(times / stop_s, 0.0, 1.0)
        scale = first + (last - first) * part
        y = scene.ground.stand + FOOT[thing.shape] * thing.radius * scale
        speed = np.where(part < 1, abs(last - first) / stop_s, 0.0)
        return State(np.full_like(times, thing.x), y, np.zeros_like(times), scale, speed)

    return Track(at)


def pivot(thing: Object) -> tuple[float, float, float]:
    """Where a swinging thing hangs (x, y), and the length of its string."""
    return thing.x, TOP, TOP - thing.lift


def swing(scene: Scene, index: int) -> Track:
    """Hangs on a string from above and swings like a pendulum."""
    thing = scene.objects[index]
    x, y, length = pivot(thing)
    rate = sqrt(GRAVITY / length) * 1.25
    reach = thing.speed

    def at(times: Times) -> State:
        angle = -thing.way * reach * np.cos(rate * times)
        speed = reach * rate * length * np.abs(np.sin(rate * times))
        return State(
            x + length * np.sin(angle), y - length * np.cos(angle), angle, np.ones_like(times), speed
        )

    del scene
    return Track(at)
