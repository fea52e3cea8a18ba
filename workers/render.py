"""The recipe of a film: the stages in order, each leaving its result in storage before the next begins."""

import shutil
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from services.contract.cast import CastManifest
from services.contract.errors import GenerationError, InputError, NotFound, StorageUnavailable, Unavailable
from services.contract.job import Progress, Result, Stage
from services.contract.spec import Spec
from services.inference.client import Inference
from services.inference.orders import AudioOrder, Floats, SampleEvent, VideoOrder
from services.media.facts import measure
from services.media.mux import mux
from services.media.read import read_image
from services.media.sound import write_sound
from services.media.stills import spritesheet, thumbnail
from services.storage.storage import Storage
from workers.drain import Draining
from workers.leftovers import attempt_folder
from workers.marks import Makers, mark
from workers.patience import insist
from workers.picture import Camera, Picture, segment_recipe
from workers.progress import Meter
from workers.scratch import film_folder
from workers.segments import Segments
from workers.snapshots import Rhythm, Snapshots


@dataclass(frozen=True)
class Studio:
    """What every film of a cast needs. ``scratch`` holds files that are worth nothing after a crash."""

    cast: CastManifest
    inference: Inference
    storage: Storage
    scratch: Path
    rhythm: Rhythm
    min_free_bytes: int = 0

    def ready(self) -> bool:
        """Whether Triton answers, and storage and scratch have room for another film."""
        if not self.inference.ready():
            return False
        try:
            self.storage.put("health/worker", b"ready")
            room = self.storage.room()
            free = shutil.disk_usage(self.scratch).free
        except (StorageUnavailable, OSError):
            return False
        return min(free, free if room is None else room) >= self.min_free_bytes


@dataclass(frozen=True)
class Take:
    """One attempt at one job."""

    job_id: str
    attempt: int
    spec: Spec


def render(take: Take, studio: Studio, report: Callable[[Progress], None]) -> Result:
    """Make the film of ``take``. ``report`` hears of every finished unit and may raise to stop the work.

    Goes on from what earlier attempts saved, and gives the same bytes. What it saves itself is left to
    whoever commits the result. Raises JobError where the film cannot be made, Unavailable where trying again
    may help.
    """
    makers = Makers.at_work(studio.inference.fingerprint)
    snapshots = Snapshots(studio.storage, take.job_id, makers.mark(studio.cast), studio.rhythm)
    with film_folder(studio.scratch) as folder:
        return _Render(take, studio, makers, Meter(report), snapshots, folder).run()


@dataclass(frozen=True)
class _Render:
    take: Take
    studio: Studio
    makers: Makers
    meter: Meter
    snapshots: Snapshots
    folder: Path

    def run(self) -> Result:
        spec = self.take.spec
        picture = self._picture()
        sound = self._sound(picture.features) if spec.audio else None
        self.meter.enter(Stage.MUX, 1)
        film = self.folder / "film.mp4"
        mux(picture.films, sound, film)
        self.makers.check()
        result = self._store(film)
        self.meter.reach(1)
        return result

    def _picture(self) -> Picture:
        """Text to encoded segments and visual features."""
        spec, studio = self.take.spec, self.studio
        own = mark(self.makers.mark(studio.cast), segment_recipe(spec, studio.cast))
        segments = Segments(studio.storage, self.take.job_id, own, self.folder)
        latents = self._picture_latents()
        camera = Camera(spec, studio.cast, studio.inference, segments, self.meter, self.makers.check)
        return camera.shoot(latents, segments.load())

    def _picture_latents(self) -> Floats:
        """Text to latents [C,T,h,w] by the sampling loop."""
        spec, inference = self.take.spec, self.studio.inference
        start, latents = self.snapshots.load("picture")
        if start == spec.steps and latents is not None:
            self.meter.enter(Stage.SAMPLE, spec.steps, start)
            return latents
        self.meter.enter(Stage.ENCODE, 1)
        text, mask = self._text(*(self._with_rate(words) for words in (spec.negative_prompt, spec.prompt)))
        condition = self._condition(spec.input_reference) if spec.input_reference else None
        self.meter.reach(1)
        self.meter.enter(Stage.SAMPLE, spec.steps, start)
        order = VideoOrder(
            text=text,
            text_mask=mask,
            shape=self.studio.cast.latents.shape(spec.frames, spec.size),
            seed=spec.seed,
            steps=spec.steps,
            guidance=spec.guidance,
            snapshot_every=1,
            condition=condition,
            latents=latents,
            start_step=start,
        )
        return self._sample("picture", inference.sample_video(order), spec.steps)

    def _condition(self, key: str) -> Floats:
        """Latents [C,1,h,w] of the picture that the film begins with."""
        size = self.take.spec.size
        try:
            source = self.studio.storage.read(key)
        except NotFound as error:
            raise InputError("the input_reference is not there any more") from error
        return self.studio.inference.encode_image(read_image(source, size.base_width, size.base_height))

    def _sound(self, features: Floats) -> Path:
        """Visual features and text to an AAC file of the picture's length."""
        spec, cast, inference = self.take.spec, self.studio.cast, self.studio.inference
        start, latents = self.snapshots.load("sound")
        self.meter.enter(Stage.SOUND, cast.sound.steps, start)
        if latents is None or start < cast.sound.steps:
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
                snapshot_every=1,
                latents=latents,
                start_step=start,
            )
            latents = self._sample("sound", inference.sample_audio(order), cast.sound.steps)
        path = self.folder / "sound.m4a"
        write_sound(inference.decode_audio(latents), path, cast.sound.sample_rate_hz, spec.frames / spec.fps)
        return path

    def _sample(self, loop: str, steps: Generator[SampleEvent, None, None], total: int) -> Floats:
        """The last latents of a loop. Those of each step come, so that the newest can be saved at a stop."""
        latents: Floats | None = None
        with closing(steps) as events:
            try:
                for event in events:
                    if latents is None:
                        self.makers.check()  # A loop that has begun is of one Triton to its end.
                    latents = event.latents
                    self.snapshots.take(loop, event, last=event.step == total)
                    self.meter.reach(event.step)
            except (Unavailable, Draining):
                self.snapshots.flush(loop)
                raise
        if latents is None:
            raise GenerationError(f"the {loop}'s loop ended without latents")
        return latents

    def _with_rate(self, words: str) -> str:
        """Words for the picture begin with its frame rate (paper, section 3.2); no words stay none."""
        return f"FPS-{self.take.spec.fps} {words}" if words else ""

    def _text(self, away_from: str, towards: str) -> tuple[Floats, Floats]:
        """States [2,L,D] and mask [2,L] of what the guidance keeps away from and what it steers towards."""
        return self.studio.inference.encode_text(self.studio.cast.text.batch([away_from, towards]))

    def _store(self, film: Path) -> Result:
        facts, frames = measure(film), self.take.spec.frames
        if facts.frames != frames:
            raise GenerationError(f"the film has {facts.frames} frames, not {frames}")
        return Result(
            video=self._put("video.mp4", film),
            thumbnail=self._put("thumbnail.webp", thumbnail(film)),
            spritesheet=self._put("spritesheet.jpg", spritesheet(film)),
            facts=facts,
        )

    def _put(self, name: str, data: bytes | Path) -> str:
        key = f"{attempt_folder(self.take.job_id, self.take.attempt)}/{name}"

        def still_wanted() -> None:
            self.meter.reach(0)

        still_wanted()
        insist(lambda: self.studio.storage.put(key, data), StorageUnavailable, still_wanted)
        return key
