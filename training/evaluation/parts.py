"""The networks around the transformers, each by itself on true films and sounds."""

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from services.sampling.color import pack, planes
from training.evaluation.axes import heard, matched, seen
from training.evaluation.films import texts, until
from training.evaluation.tally import Tally
from training.evaluation.wanted import wanted
from training.evaluation.work import FORMAT, HEIGHT, WIDTH, Work
from training.measures.listening import listen
from training.measures.quality import bright_dots, psnr, si_sdr, spectral_distance_db, ssim
from training.measures.reading import read_film
from training.world.chance import sample_scene
from training.world.render import render
from training.world.scene import Scene
from training.world.sound import synthesize

Frames = NDArray[np.uint8]
LARGE = (1080, 1920)
SHOWN = (4, 20)
SHOWN_AXES = ("count", "colour", "shape", "motion", "consistency")


def autoencoder(work: Work, seed: int) -> Tally:
    """A film through the temporal autoencoder and back.

    What can no longer be read in it, no transformer on these latents can show.
    """
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    frames = render(scene, HEIGHT, WIDTH)
    back = work.networks.decode_video(work.networks.encode_video(frames))[: len(frames)]
    tally.value("PSNR", psnr(back, frames))
    tally.value("SSIM", ssim(back, frames))
    tally.value("bright dots a frame", bright_dots(back, frames) / len(frames))
    judged = seen(read_film(back, FORMAT.fps), wanted(scene, texts(scene)[0]))
    tally.right({axis: judged[axis] for axis in SHOWN_AXES})
    return tally


def upsampler(work: Work, seed: int) -> Tally:
    """True frames at 1080p by the upsampler and by bicubic scaling, against the rendering of that size."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    if scene.style == "pixelated":
        return tally
    small, large = (render(scene, *size, frames=SHOWN) for size in ((HEIGHT, WIDTH), LARGE))
    truth = pack(*planes(large))
    ours = psnr(work.networks.upsample(small, *LARGE), truth)
    tally.value("PSNR at 1080p", ours)
    tally.value("better than bicubic", ours - psnr(_bicubic(small), truth))
    return tally


def _bicubic(frames: Frames) -> Frames:
    """Planar 4:2:0 of frames enlarged to 1080p."""
    scaler, planar = VideoReformatter(), []
    for pixels in frames:
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        enlarged = scaler.reformat(
            frame,
            LARGE[1],
            LARGE[0],
            "rgb24",
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.JPEG,
        )
        planar.append(pack(*planes(enlarged.to_ndarray()[None].astype(np.uint8, copy=False))))
    return np.concatenate(planar)


def codec(work: Work, seed: int) -> Tally:
    """A sound through the audio codec and back."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")
    wave = synthesize(scene)
    back = work.networks.decode_sound(work.networks.encode_sound(wave))[: wave.size]
    if float(wave.std()) > 1e-4:
        tally.value("SI-SDR", si_sdr(back, wave))
    tally.value("distance of bands", spectral_distance_db(back, wave))
    _hear(tally, scene, back)
    return tally


def sound(work: Work, seed: int) -> Tally:
    """Sound to a true picture, with the sound caption."""
    tally = Tally()
    scene = sample_scene(seed, FORMAT, "heldout")

    def make() -> dict[str, NDArray[np.float32]]:
        frames = render(scene, HEIGHT, WIDTH)
        return {"sound": work.networks.sample_sound(frames, scene.fps, texts(scene)[1], scene.seed)}

    _hear(tally, scene, work.made("sound", seed, make)["sound"])
    return tally


def _hear(tally: Tally, scene: Scene, wave: NDArray[np.float32]) -> None:
    want, listening = wanted(scene, ""), listen(wave)
    known = until(want, scene.duration_s - 0.05)
    tally.matches("hits heard", matched(listening.hits, *known))
    tally.right(heard(listening, want))
