"""Films of whole scenes, through the API: from words alone, and from a first frame."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.axes import heard, matched, seen
from training.evaluation.film import Film
from training.evaluation.networks import Request
from training.evaluation.tally import Tally
from training.evaluation.wanted import Wanted, wanted
from training.evaluation.work import FORMAT, HEIGHT, SECONDS, WIDTH, Work
from training.measures.listening import listen
from training.measures.quality import bright_dots, psnr
from training.measures.reading import read_film
from training.world.captions import caption, sound_caption
from training.world.chance import sample_scene
from training.world.render import render
from training.world.scene import Scene, stream
from training.world.sheet import png


def texts(scene: Scene) -> tuple[str, str]:
    """What is seen and what is heard, in words."""
    words = stream(scene.seed, 1)
    return caption(scene, words), sound_caption(scene, words)


def order(scene: Scene, **more: Any) -> dict[str, Any]:
    """Fields of the request for a scene's film."""
    text, sound = texts(scene)
    return {
        "prompt": text,
        "audio_prompt": sound,
        "size": f"{WIDTH}x{HEIGHT}",
        "seconds": SECONDS,
        "fps": FORMAT.fps,
        "seed": scene.seed,
        **more,
    }


def from_words(work: Work, seed: int, section: str = "text", **more: Any) -> Tally:
    """A held-out caption; `more` are further fields of the request."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    film = work.film(section, seed, order(scene, **more))
    judge(tally, film, wanted(scene, texts(scene)[0]))
    return tally


def judge(tally: Tally, film: Film, want: Wanted) -> None:
    """What is seen and heard in a film, against what was wanted, into the tally."""
    reading = read_film(film.frames, film.fps)
    judged = seen(reading, want)
    judged.pop("consistency")
    tally.right(judged)
    if reading.steady is not None:
        tally.value("consistency", reading.steady)
    # A hit between the last two frames cannot be seen.
    end_s = (len(film.frames) - 2) / film.fps
    tally.matches("hits seen", matched(tuple(hit.time_s for hit in reading.hits), *until(want, end_s)))
    if want.sky != "night":
        tally.value("bright dots a frame", bright_dots(film.frames) / len(film.frames))
    if film.sound.size:
        heard_ = listen(film.sound)
        tally.matches("hits heard of seen", matched(heard_.hits, tuple(hit.time_s for hit in reading.hits)))
        tally.right(heard(heard_, want))


def until(want: Wanted, end_s: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Hits that must be found before a time, and those that may be."""
    known = tuple(time_s for time_s in want.hits if time_s < end_s)
    return known, (*want.faint, *(time_s for time_s in want.hits if time_s >= end_s))


def from_first_frame(work: Work, seed: int) -> Tally:
    """The first frame given with the caption: through the API where it takes one, else by the same loops."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    first = render(scene, HEIGHT, WIDTH, frames=[0])
    if "image" in work.networks.cast.tasks:
        frames = work.film("image", seed, order(scene, audio=False), png(first[0])).frames
    else:
        frames = work.made("image", seed, partial(_begun, work, scene, first))["frames"]
    tally.value("PSNR of frame 0", psnr(frames[0], first[0]))
    judged = seen(read_film(frames, FORMAT.fps), wanted(scene, texts(scene)[0]))
    tally.right({axis: judged[axis] for axis in ("colour", "shape", "motion", "count")})
    return tally


def _begun(work: Work, scene: Scene, first: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    size = work.networks.base_size(WIDTH, HEIGHT)
    source = work.networks.encode_video(first)
    prompt = texts(scene)[0]
    request = Request(prompt, FORMAT.frames, size, scene.seed, "image", source)
    return {"frames": work.networks.sample_video(request)}
