"""The recipe of a film: the stages in order, each leaving its result in storage before the next begins."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.contract.cast import CastManifest
from services.contract.job import Progress, Result, Stage
from services.contract.spec import Spec
from services.inference.client import Inference
from services.inference.orders import AudioOrder, Bytes, Floats, VideoOrder
from services.media.encode import PictureWriter
from services.media.facts import measure
from services.media.mux import mux
from services.media.read import read_image, squash
from services.media.sound import write_sound
from services.media.stills import spritesheet, thumbnail
from services.storage.storage import Storage
from workers.progress import Meter
from workers.snapshots import Snapshots


@dataclass(frozen=True)
class Studio:
    """What every film of a cast needs. ``scratch`` holds files that are worth nothing after a crash."""

    cast: CastManifest
    inference: Inference
    storage: Storage
    scratch: Path
    snapshot_every: int


@dataclass(frozen=True)
class Take:
    """One attempt at one job."""

    job_id: str
    attempt: int
    spec: Spec

    @property
    def folder(self) -> str:
        """Storage prefix of this attempt's results: no two attempts ever write to the same key."""
        return f"videos/{self.job_id}/{self.attempt}"


def render(take: Take, studio: Studio, report: Callable[[Progress], None]) -> Result:
    """Make the film of ``take``. ``report`` hears of every finished unit and may raise to stop the work.

    Raises JobError where the film cannot be made, Unavailable where trying again may help.
    """
    meter = Meter(report)
    with tempfile.TemporaryDirectory(dir=studio.scratch) as folder:
        return _Render(take, studio, meter, Snapshots(studio.storage, take.job_id), Path(folder)).run()


@dataclass(frozen=True)
class _Render:
    take: Take
    studio: Studio
    meter: Meter
    snapshots: Snapshots
    folder: Path

    def run(self) -> Result:
        spec = self.take.spec
        latents = self._picture_latents()
        picture, features = self._shoot(latents)
        sound = self._sound(features) if spec.audio else None
        self.meter.enter(Stage.MUX, 1)
        film = self.folder / "film.mp4"
        mux(picture, sound, film)
        result = self._store(film)
        self.meter.reach(1)
        self.snapshots.discard()
        return result

    def _picture_latents(self) -> Floats:
        """Text to latents [16,T,h,w] by the sampling loop."""
        spec, inference = self.take.spec, self.studio.inference
        self.meter.enter(Stage.ENCODE, 1)
        text, mask = self._text(*(self._with_rate(words) for words in (spec.negative_prompt, spec.prompt)))
        condition = None
        if spec.input_reference:
            source = self.studio.storage.read(spec.input_reference)
            condition = inference.encode_image(
                read_image(source, spec.size.base_width, spec.size.base_height)
            )
        self.meter.reach(1)
        start, latents = self.snapshots.load("picture")
        self.meter.enter(Stage.SAMPLE, spec.steps, start)
        if start == spec.steps and latents is not None:
            return latents
        order = VideoOrder(
            text=text,
            text_mask=mask,
            shape=self.studio.cast.latents.shape(spec.frames, spec.size),
            seed=spec.seed,
            steps=spec.steps,
            guidance=spec.guidance,
            snapshot_every=self.studio.snapshot_every,
            condition=condition,
            latents=latents,
            start_step=start,
        )
        with closing(inference.sample_video(order)) as events:
            for event in events:
                latents = self.snapshots.keep("picture", event)
                self.meter.reach(event.step)
        assert latents is not None
        return latents

    def _shoot(self, latents: Floats) -> tuple[Path, Floats]:
        """Latents to an H.264 file, tile by tile, and to the visual features [F,V] of every frame."""
        spec, inference = self.take.spec, self.studio.inference
        self.meter.enter(Stage.DECODE, spec.frames)
        path = self.folder / "picture.mp4"
        features: list[Floats] = []
        done = 0
        with PictureWriter(path, spec.size.width, spec.size.height, spec.fps) as writer:
            for frames in _exactly(spec.frames, inference.decode(latents)):
                if spec.audio:
                    features.append(inference.look(squash(frames, self.studio.cast.sound.visual_px)))
                for yuv in inference.upsample(frames, spec.size.width, spec.size.height):
                    writer.write(yuv)
                    done += len(yuv)
                    self.meter.reach(done)
        return path, np.concatenate(features) if features else np.empty((0, 0), np.float32)

    def _sound(self, features: Floats) -> Path:
        """Visual features and text to an AAC file of the picture's length."""
        spec, cast, inference = self.take.spec, self.studio.cast, self.studio.inference
        start, latents = self.snapshots.load("sound")
        self.meter.enter(Stage.SOUND, cast.sound.steps, start)
        text, mask = self._text("", spec.audio_prompt or spec.prompt)
        order = AudioOrder(
            text=text,
            text_mask=mask,
            features=features,
            fps=spec.fps,
            latents_per_s=cast.sound.latents_per_s,
            length=cast.sound.latents(spec.frames, spec.fps),
            seed=spec.seed,
            steps=cast.sound.steps,
            guidance=cast.sound.guidance,
            snapshot_every=self.studio.snapshot_every,
            latents=latents,
            start_step=start,
        )
        with closing(inference.sample_audio(order)) as events:
            for event in events:
                latents = self.snapshots.keep("sound", event)
                self.meter.reach(event.step)
        assert latents is not None
        path = self.folder / "sound.m4a"
        write_sound(inference.decode_audio(latents), path, cast.sound.sample_rate_hz, spec.frames / spec.fps)
        return path

    def _with_rate(self, words: str) -> str:
        """Words for the picture begin with its frame rate (paper, section 3.2); no words stay none."""
        return f"FPS-{self.take.spec.fps} {words}" if words else ""

    def _text(self, away_from: str, towards: str) -> tuple[Floats, Floats]:
        """States [2,L,D] and mask [2,L] of what the guidance keeps away from and what it steers towards."""
        return self.studio.inference.encode_text(self.studio.cast.text.batch([away_from, towards]))

    def _store(self, film: Path) -> Result:
        storage, folder = self.studio.storage, self.take.folder
        facts = measure(film)
        keys = {name: f"{folder}/{name}" for name in ("video.mp4", "thumbnail.webp", "spritesheet.jpg")}
        storage.put(keys["video.mp4"], film)
        storage.put(keys["thumbnail.webp"], thumbnail(film))
        storage.put(keys["spritesheet.jpg"], spritesheet(film))
        return Result(
            video=keys["video.mp4"],
            thumbnail=keys["thumbnail.webp"],
            spritesheet=keys["spritesheet.jpg"],
            facts=facts,
        )


def _exactly(count: int, chunks: Iterator[Bytes]) -> Iterator[Bytes]:
    """The first ``count`` frames of ``chunks``: the decoder gives whole latent frames."""
    for chunk in chunks:
        if count > 0:
            yield chunk[:count]
        count -= len(chunk)
