"""The detectors themselves, measured on true films: `python -m training.evaluation.detectors [FILMS]`.

What no detector could tell, because a person cannot see it either, is left out by `unreadable`.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

from training.evaluation.axes import AXES, heard, matched, seen
from training.evaluation.films import until
from training.evaluation.intervals import Estimate
from training.evaluation.tally import Tally
from training.evaluation.wanted import Wanted, wanted
from training.evaluation.work import FORMAT, HEIGHT, WIDTH
from training.measures.listening import Listening, listen
from training.measures.reading import Reading, read_film
from training.world.chance import sample_scene
from training.world.render import render
from training.world.scene import ROUND, Scene
from training.world.sound import synthesize

FIRST_SEED = 500_000
FILMS = 300
UNSHADED = ("flat", "outlined", "pencil")


@dataclass(frozen=True)
class Observed:
    """A scene, what its caption might ask for, and what the detectors say of its film."""

    scene: Scene
    want: Wanted
    reading: Reading
    listening: Listening


def observe(seeds: Iterable[int]) -> Iterable[Observed]:
    """Held-out scenes, rendered and read."""
    for seed in seeds:
        scene = sample_scene(seed, FORMAT, "heldout")
        want = replace(wanted(scene, ""), said=frozenset(("ground", "sky", "size")))
        reading = read_film(render(scene, HEIGHT, WIDTH), scene.fps)
        yield Observed(scene, want, reading, listen(synthesize(scene)))


def unreadable(scene: Scene) -> frozenset[str]:
    """Axes on which the scene says nothing.

    Cells of 4 pixels are larger than drops and than the way of a thing in a frame. Strokes under a moving
    camera hide what falls. Without texture, clouds or stars only the horizon shows a zoom, and nothing shows
    a push. Round things without a stripe turn unseen.
    """
    left: set[str] = set()
    if scene.style == "pixelated":
        left |= {"weather", "size", "hits seen"}
    if scene.style == "pencil":
        left |= {"hits seen"} | ({"weather"} if scene.camera != "static" else set())
    if _hides_camera(scene):
        left |= {"camera", "motion", "size", "hits seen"}
    turns = any(thing.motion == "spin" and thing.shape in ROUND for thing in scene.objects)
    if turns and scene.style in UNSHADED:
        left |= {"motion"}
    return frozenset(left)


def _hides_camera(scene: Scene) -> bool:
    """Whether only the things would look otherwise if the camera stood still: a push spares the sky."""
    bare = scene.style in ("flat", "outlined")
    if scene.camera.startswith(("push", "pull")):
        return bare
    return bare and scene.sky in ("overcast", "room") and not scene.camera.startswith(("static", "tilt"))


def judge(tally: Tally, observed: Observed) -> dict[str, bool]:
    """Right or wrong of a film, into the tally."""
    scene, want, reading = observed.scene, observed.want, observed.reading
    left = unreadable(scene)
    judged = {axis: good for axis, good in seen(reading, want).items() if axis not in left}
    judged |= heard(observed.listening, want)
    tally.right(judged)
    # A hit between the last two frames cannot be seen, nor the very end of a sound be judged.
    ends_s = (scene.frames - 2) / scene.fps, scene.duration_s - 0.05
    if "hits seen" not in left:
        times = tuple(hit.time_s for hit in reading.hits)
        tally.matches("hits seen", matched(times, *until(want, ends_s[0])))
    tally.matches("hits heard", matched(observed.listening.hits, *until(want, ends_s[1])))
    return judged


def table(estimates: dict[str, Estimate]) -> str:
    """One line an axis."""
    order = {axis: place for place, axis in enumerate(AXES)}
    lines = (
        f"{axis:24} {100 * e.value:6.2f} %  ({100 * e.low:.1f} to {100 * e.high:.1f} %, n {e.n})"
        for axis, e in sorted(estimates.items(), key=lambda item: order.get(item[0], 99))
    )
    return "\n".join(lines)


def main(films: int) -> None:
    """Prints the share read rightly on each axis, and the films in which something was not."""
    tally = Tally()
    for observed in observe(range(FIRST_SEED, FIRST_SEED + films)):
        wrong = [axis for axis, good in judge(tally, observed).items() if not good]
        if wrong:
            scene = observed.scene
            print(scene.seed, scene.style, scene.weather, scene.sky, scene.camera, *wrong, sep="\t")
    print(table(tally.estimates()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else FILMS)
