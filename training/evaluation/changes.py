"""Films from other films: continued, edited, and with a character shown beforehand."""

from collections import Counter
from functools import partial

import numpy as np
from numpy.typing import NDArray

from training.evaluation.films import texts
from training.evaluation.networks import Request
from training.evaluation.tally import Tally
from training.evaluation.work import FORMAT, HEIGHT, WIDTH, Work
from training.measures.portraits import nearest
from training.measures.quality import psnr
from training.measures.reading import Reading, read_film
from training.world.chance import Film as Format
from training.world.chance import sample_scene
from training.world.edits import Edit, changed, sample_edit
from training.world.figures import Appearance, portrait, sample_character, sample_figure
from training.world.render import render
from training.world.scene import Scene

Frames = NDArray[np.uint8]
GIVEN = 16
NEAR = 0.12  # picture heights
MOSTLY = 0.6
FIGURES = 10


def continued(work: Work, seed: int) -> Tally:
    """The first second given: the frame after it, and whether things go on their ways."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    truth = render(scene, HEIGHT, WIDTH)
    frames = work.made("continuation", seed, partial(_go_on, work, scene, truth[:GIVEN]))["frames"]
    tally.value("PSNR at the seam", psnr(frames[GIVEN], truth[GIVEN]))
    tally.value("PSNR of what was given", psnr(frames[:GIVEN], truth[:GIVEN]))
    tally.right({"motion goes on": goes_on(read_film(frames, FORMAT.fps), read_film(truth, FORMAT.fps))})
    return tally


def _go_on(work: Work, scene: Scene, given: Frames) -> dict[str, Frames]:
    size, source = work.networks.base_size(WIDTH, HEIGHT), work.networks.encode_video(given)
    request = Request(texts(scene)[0], FORMAT.frames, size, scene.seed, "continuation", source)
    return {"frames": work.networks.sample_video(request)}


def goes_on(made: Reading, truth: Reading) -> bool:
    """Whether every thing of the truth has one of its colour that stays near its way after the seam."""
    for thing in truth.things:
        later = thing.path.frame >= GIVEN
        distances = []
        for other in (other for other in made.things if other.colour == thing.colour):
            at = {int(f): k for k, f in enumerate(other.path.frame)}
            shared = [(k, at[int(f)]) for k, f in enumerate(thing.path.frame) if later[k] and int(f) in at]
            if len(shared) >= MOSTLY * later.sum() and shared:
                ours, theirs = (list(part) for part in zip(*shared, strict=True))
                gap = np.hypot(
                    thing.path.x[ours] - other.path.x[theirs], thing.path.y[ours] - other.path.y[theirs]
                )
                distances.append(float(np.median(gap)))
        if not distances or min(distances) > NEAR:
            return False
    return bool(truth.things)


def edited(work: Work, seed: int, section: str = "edit", film: Format = FORMAT) -> Tally:
    """An edit of a held-out film: whether what was asked for is done, and how much else has changed."""
    tally = Tally()
    edit = sample_edit(seed, film, "heldout")
    source, target = (render(scene, HEIGHT, WIDTH) for scene in (edit.source, edit.target))
    frames = work.made(section, seed, partial(_edit, work, seed, edit, source))["frames"]
    done = is_done(edit, read_film(frames, film.fps))
    if done is not None:
        tally.right({"change done": done, f"change done: {edit.kind}": done})
    outside = ~changed(source, target)
    if outside.mean() > 0.02:
        tally.value("PSNR outside the mask", psnr(frames, source, outside))
    return tally


def _edit(work: Work, seed: int, edit: Edit, source: Frames) -> dict[str, Frames]:
    size, latents = work.networks.base_size(WIDTH, HEIGHT), work.networks.encode_video(source)
    request = Request(edit.instruction, len(source), size, seed, "edit", latents)
    return {"frames": work.networks.sample_video(request)}


def is_done(edit: Edit, reading: Reading) -> bool | None:
    """Whether the reading of the edited film shows the change; None where no detector could tell."""
    target = edit.target
    match edit.kind:
        case "ground colour" | "ground":
            same = edit.source.ground.colour == target.ground.colour
            return None if same else reading.ground == target.ground.colour
        case "sky":
            return reading.sky == target.sky
        case "weather":
            return reading.weather == target.weather
        case "style":
            return reading.style == target.style
        case "size":
            found = Counter((thing.colour, thing.size) for thing in reading.things)
            return found == Counter((thing.colour, thing.size) for thing in target.objects)
        case "colour":
            found = Counter((thing.colour, "") for thing in reading.things)
            return found == Counter((thing.colour, "") for thing in target.objects)
        case _:
            found = Counter((thing.colour, thing.shape) for thing in reading.things)
            return found == Counter((thing.colour, thing.shape) for thing in target.objects)


def with_character(work: Work, seed: int, section: str = "character", film: Format = FORMAT) -> Tally:
    """A held-out figure, shown in a portrait: whether the film's is nearest to it among ten."""
    tally = Tally()
    appearance = sample_character(seed, film, "heldout")
    frames = work.made(section, seed, partial(_appear, work, seed, appearance))["frames"]
    tally.right({"right one of ten": recognized(frames, appearance, seed)})
    return tally


def _appear(work: Work, seed: int, appearance: Appearance) -> dict[str, Frames]:
    size = work.networks.base_size(WIDTH, HEIGHT)
    side = work.networks.portrait_px
    shown = work.networks.encode_portrait(portrait(appearance.figure, side, side))
    request = Request(appearance.caption, appearance.scene.frames, size, seed, "character", character=shown)
    return {"frames": work.networks.sample_video(request)}


def recognized(frames: Frames, appearance: Appearance, seed: int) -> bool:
    """Whether the figure in the film is nearest to its own portrait, of ten of other held-out figures."""
    others = [sample_figure(FIGURES * seed + k, "heldout") for k in range(2 * FIGURES)]
    others = list(dict.fromkeys(figure for figure in others if figure != appearance.figure))[: FIGURES - 1]
    shown = [portrait(figure, HEIGHT, WIDTH) for figure in (appearance.figure, *others)]
    return nearest(frames, shown) == 0
