"""Samples of the small world for each recipe, from seeds. numpy alone: this runs in the render processes."""

from dataclasses import dataclass

import numpy as np

from training.recipes.feed import Array, Sample
from training.recipes.known import as_read, before_and_after, shuffled
from training.recipes.layouts import Numbers, layout_of
from training.recipes.looks import codes
from training.recipes.plain import scene_of
from training.world.captions import caption, sound_caption
from training.world.chance import Film, sample_scene
from training.world.edits import sample_edit
from training.world.figures import portrait, render_character, sample_character
from training.world.physics import impacts
from training.world.presence import layout, presence
from training.world.render import render
from training.world.scene import Scene, Split, stream
from training.world.sound import synthesize

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((144, 256), (256, 144), (192, 192), (128, 224), (224, 128))
SHARES = (0.56, 0.13, 0.13, 0.09, 0.09)
RATES = (16, 24)
SECOND = 48_000
LATENTS_PER_S = 25
TEXT, IMAGE, CONTINUATION, EDIT, CHARACTER = range(5)
"""Tasks, as the video transformer numbers them."""
BESIDE = 14
"""Pixels that the middle of a window around a thing may lie beside it."""
PORTRAIT = 96
"""Side in pixels of the square picture in which a character is shown."""


def chance(seed: int) -> np.random.Generator:
    """The generator of what a recipe decides, apart from those of the scene."""
    return stream(seed, 90)


def words(scene: Scene) -> tuple[str, str]:
    """A caption and a sound caption."""
    rng = stream(scene.seed, 91)
    return caption(scene, rng), sound_caption(scene, rng)


def pick_size(rng: np.random.Generator) -> Size:
    """A base size (height, width)."""
    return SIZES[int(rng.choice(len(SIZES), p=SHARES))]


def pick_rate(rng: np.random.Generator) -> int:
    """Frames per second: mostly 16."""
    return RATES[int(rng.random() < 0.25)]


@dataclass(frozen=True)
class CropPlan:
    """Windows of films (frames, height, width) with how often each is drawn.

    `centred` is the share of windows that lie around a thing.
    """

    windows: tuple[tuple[int, int, int], ...]
    shares: tuple[float, ...]
    split: Split = "train"
    plain: bool = False
    centred: float = 0.0


def film_crop(seed: int, plan: CropPlan) -> Sample:
    """A window of a film: `video` uint8 [F,h,w,3], `things` uint8 [F,h/2,w/2], 1 where they are."""
    rng = chance(seed)
    frames, height, width = plan.windows[int(rng.choice(len(plan.windows), p=plan.shares))]
    whole = [size for size in SIZES if size[0] >= height and size[1] >= width]
    rows, columns = whole[int(rng.integers(len(whole)))] if (height, width) not in SIZES else (height, width)
    scene = scene_of(seed, Film(max(frames, 48), pick_rate(rng), columns / rows), plan.split, plan.plain)
    top, left = int(rng.integers(rows - height + 1)), int(rng.integers(columns - width + 1))
    first = int(rng.integers(scene.frames - frames + 1))
    shown = range(first, first + frames)
    things = presence(scene, rows // 2, columns // 2, shown)
    if rng.random() < plan.centred and things.any():
        row, column = _near(rng, things[int(rng.integers(frames))])
        top, left = (
            min(max(row - height // 2, 0), rows - height),
            min(max(column - width // 2, 0), columns - width),
        )
    top, left = top // 2 * 2, left // 2 * 2
    crop = (left / columns, top / rows, (left + width) / columns, (top + height) / rows)
    video = render(scene, height, width, crop, shown)
    seen = things[:, top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
    return Sample((frames, height, width), {"video": video, "things": np.ascontiguousarray(seen)})


def _near(rng: np.random.Generator, things: Array) -> tuple[int, int]:
    """A pixel (row, column) in or beside the things [h/2,w/2] of a frame, the middle if there are none."""
    found = np.flatnonzero(things)
    place = int(rng.choice(found)) if found.size else things.size // 2
    row, column = divmod(place, things.shape[1])
    away = rng.integers(-BESIDE, BESIDE + 1, 2)
    return 2 * row + int(away[0]), 2 * column + int(away[1])


def sound(seed: int, samples: int, split: Split = "train", plain: bool = False) -> Sample:
    """A piece of a film's sound: `waveform` float32 [samples], at nearly its own level.

    How loud a thing is tells what it is: at levels far from their own, noises that differ in little else
    came to be alike.
    """
    rng = chance(seed)
    frames = -(-samples * 16 // SECOND) * 2
    scene = scene_of(seed, Film(frames, 16, 16 / 9), split, plain)
    waveform = synthesize(scene)
    first = int(rng.integers(waveform.size - samples + 1))
    level = np.float32(10 ** rng.uniform(-0.1, 0.05))
    piece = np.clip(waveform[first : first + samples] * level, -1, 1)
    return Sample((samples,), {"waveform": piece.astype(np.float32)})


@dataclass(frozen=True)
class PairPlan:
    """A short film with close-ups: its frames, which are shown, side of the crop, how much larger.

    Seven and a half times is what makes 1080 rows of 144.
    """

    frames: int = 8
    shown: tuple[int, ...] = (1, 6)
    side: int = 64
    times: float = 7.5
    size: Size = SIZES[0]
    split: Split = "train"
    plain: bool = False

    @property
    def fine_side(self) -> int:
        """Side of a close-up in pixels."""
        return round(self.side * self.times)


def close_ups(seed: int, plan: PairPlan) -> Sample:
    """`video` uint8 [F,H,W,3], `place` int64 [2] (top, left), `target` uint8 [n,S,S,3] with S `fine_side`."""
    rng = chance(seed)
    rows, columns = plan.size
    scene = scene_of(seed, Film(64, pick_rate(rng), columns / rows), plan.split, plan.plain)
    first = int(rng.integers(scene.frames - plan.frames + 1))
    video = render(scene, rows, columns, frames=range(first, first + plan.frames))
    row, column = _interesting(rng, video[plan.shown[0]])
    # At even places, from which a whole number of fine pixels begins.
    top = int(np.clip(row - plan.side // 2, 0, rows - plan.side)) // 2 * 2
    left = int(np.clip(column - plan.side // 2, 0, columns - plan.side)) // 2 * 2
    crop = (left / columns, top / rows, (left + plan.side) / columns, (top + plan.side) / rows)
    shown = [first + number for number in plan.shown]
    fine = plan.fine_side
    target = render(scene, fine, fine, crop, shown)
    return Sample((), {"video": video, "place": np.array([top, left], np.int64), "target": target})


def _interesting(rng: np.random.Generator, frame: Array) -> tuple[int, int]:
    """A pixel (row, column) of frame [h,w,3]: mostly where there are edges."""
    rows, columns = frame.shape[:2]
    if rng.random() < 0.3:
        return int(rng.integers(rows)), int(rng.integers(columns))
    grey = frame.astype(np.float32).mean(-1)
    edges = np.abs(np.diff(grey, axis=0))[:, 1:] + np.abs(np.diff(grey, axis=1))[1:]
    strong = np.flatnonzero(edges > max(20.0, 0.3 * float(edges.max())))
    if not strong.size:
        return int(rng.integers(rows)), int(rng.integers(columns))
    row, column = divmod(int(rng.choice(strong)), columns - 1)
    return row, column


@dataclass(frozen=True)
class FilmPlan:
    """Latent frames of films at 16:9 and how often each is drawn; other shapes have `other` latent frames.

    `size` is the one size of all films, where it is not drawn. `edits` and `figures` are the shares of films
    that change another and of films of a figure that is shown beforehand, of at most `longest_pair` latents.
    `plain` is the share of the plain part of the world in films of neither kind.
    """

    lengths: tuple[int, ...] = (1, 2, 4, 8, 12, 16, 32)
    shares: tuple[float, ...] = (0.55, 0.06, 0.12, 0.17, 0.04, 0.04, 0.02)
    other: tuple[int, ...] = (1, 4, 8)
    size: Size | None = None
    split: Split = "train"
    edits: float = 0.16
    figures: float = 0.09
    longest_pair: int = 8
    plain: float = 0.0


@dataclass(frozen=True)
class Reel:
    """Format of one film: size in pixels, latent frames, frames a second, its frames that are shown."""

    size: Size
    length: int
    rate: int
    frames: int
    shown: list[int] | None

    @property
    def film(self) -> Film:
        """As the world asks for it."""
        return Film(self.frames, self.rate, self.size[1] / self.size[0])

    def sample(self, kind: int, scene: Scene, arrays: dict[str, Array], caption: str) -> Sample:
        """A sample of the bucket (T, h, w, task), with the looks of things in cells of latents and the
        scene's layout."""
        rows, columns = self.size[0] // 8, self.size[1] // 8
        found = codes(scene, layout(scene, rows, columns, self.shown), kind == CHARACTER)
        things = found.reshape(self.length, -1, rows, columns).max(1)
        bucket = (self.length, rows, columns, kind)
        laid_out = layout_of(scene, self.shown, kind == CHARACTER)
        return Sample(
            bucket, {**arrays, "things": things, "layout": laid_out}, (f"FPS-{self.rate} {caption}",)
        )


def reel(rng: np.random.Generator, plan: FilmPlan) -> Reel:
    """The format of a film, by chance."""
    size = plan.size or pick_size(rng)
    length = plan.lengths[int(rng.choice(len(plan.lengths), p=plan.shares))]
    if size != SIZES[0] and length not in plan.other:
        length = plan.other[-1]
    rate = 24 if length == 12 else pick_rate(rng)
    frames = 8 * length if length > 1 else 32
    return Reel(size, length, rate, frames, [int(rng.integers(frames))] if length == 1 else None)


def film(seed: int, plan: FilmPlan) -> Sample:
    """A whole film, or one frame, with its caption: `video` uint8 [F,H,W,3]; bucket (T, h, w, task).

    `things` uint8 [T,h,w] are the looks of what is there, 0 where nothing is (`looks.py`), `layout` is where
    they are (`layouts.py`). An edit has the
    film before it as `source`, like `video`; a film of a figure its square `portrait` [1,S,S,3].
    """
    rng = chance(seed)
    form = reel(rng, plan)
    drawn = rng.random() if form.length <= plan.longest_pair else 1.0
    if drawn < plan.edits:
        edit = sample_edit(seed, form.film, plan.split)
        source, target = (
            render(scene, *form.size, frames=form.shown) for scene in (edit.source, edit.target)
        )
        return form.sample(EDIT, edit.target, {"video": target, "source": source}, edit.instruction)
    if drawn < plan.edits + plan.figures:
        seen = sample_character(seed, form.film, plan.split)
        video = render_character(seen, *form.size, frames=form.shown)
        arrays = {"video": video, "portrait": portrait(seen.figure, PORTRAIT, PORTRAIT)[None]}
        return form.sample(CHARACTER, seen.scene, arrays, seen.caption)
    scene = scene_of(seed, form.film, plan.split, rng.random() < plan.plain)
    video = render(scene, *form.size, frames=form.shown)
    return form.sample(TEXT, scene, {"video": video}, words(scene)[0])


@dataclass(frozen=True)
class LayoutPlan:
    """Films whose layouts are drawn, and how often each task is."""

    films: FilmPlan = FilmPlan(
        (1, 2, 4, 8, 12, 16, 32), (0.03, 0.09, 0.45, 0.25, 0.06, 0.08, 0.04), other=(2, 4, 8, 16)
    )
    tasks: tuple[float, ...] = (0.42, 0.16, 0.21, 0.21)


def film_layout(seed: int, plan: LayoutPlan) -> Sample:
    """The `layout` of a film with its text, and what is `known` of it; bucket (T, h, w, task).

    Nothing is rendered: an order has 1 to 16 seconds.
    """
    rng = chance(seed)
    form = reel(rng, plan.films)
    task = int(rng.choice(len(plan.tasks), p=plan.tasks))
    layout_, known, said = laid_out(rng, seed, task, form, plan.films.split)
    if known is None:
        known = np.zeros((layout_.shape[0], form.length, layout_.shape[2] + 1), np.float32)
    bucket = (form.length, form.size[0] // 8, form.size[1] // 8, task)
    return Sample(bucket, {"layout": layout_, "known": known}, (f"FPS-{form.rate} {said}",))


def laid_out(
    rng: np.random.Generator, seed: int, task: int, form: Reel, split: Split
) -> tuple[Numbers, Numbers | None, str]:
    """The layout of a film of a task, what is known of it, None for nothing, and its text."""
    if task == EDIT:
        edit = sample_edit(seed, form.film, split)
        before, after = shuffled(rng, *before_and_after(edit, form.shown))
        return after, as_read(rng, before, form.length), edit.instruction
    scene = sample_scene(seed, form.film, split)
    layout_, said = layout_of(scene, form.shown), words(scene)[0]
    if task == TEXT:
        return layout_, None, said
    given = layout_of(scene, [0])
    if task == CONTINUATION:
        given = layout_[:, : 1 + int(rng.integers(max(1, form.length // 2)))]
    layout_, given = shuffled(rng, layout_, given)
    return layout_, as_read(rng, given, form.length), said


@dataclass(frozen=True)
class ScorePlan:
    """Films with sound: seconds and how often each is drawn."""

    seconds: tuple[int, ...] = (1, 2, 4, 8, 16)
    shares: tuple[float, ...] = (0.10, 0.22, 0.48, 0.15, 0.05)
    split: Split = "train"
    plain: bool = False


def film_with_sound(seed: int, plan: ScorePlan) -> Sample:
    """`video` uint8 [F,H,W,3], `waveform` float32 [S]; bucket (seconds, frame rate, H, W); two captions.

    `hits` float32 [25 seconds] are the strengths of the hits in each latent of the sound, 0 where is none.
    """
    rng = chance(seed)
    rate, (rows, columns) = pick_rate(rng), pick_size(rng)
    seconds = int(rng.choice(plan.seconds, p=plan.shares))
    if seconds * rate > 256:
        rate = RATES[0]
    scene = scene_of(seed, Film(seconds * rate, rate, columns / rows), plan.split, plan.plain)
    video = render(scene, rows, columns)
    waveform = synthesize(scene).astype(np.float32)
    hits = np.zeros(seconds * LATENTS_PER_S, np.float32)
    for hit in impacts(scene):
        place = min(int(hit.time_s * LATENTS_PER_S), len(hits) - 1)
        hits[place] = max(hits[place], hit.strength)
    arrays: dict[str, Array] = {"video": video, "waveform": waveform, "hits": hits}
    return Sample((seconds, rate, rows, columns), arrays, words(scene))
