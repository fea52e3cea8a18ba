"""The cast's graphs in this process, driven by the stack's own loops: for tasks that its API lacks."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from services.contract import tensors
from services.contract.cast import TASKS, CastManifest, Size, Task
from services.contract.errors import ConfigurationError
from services.contract.tokenizer import PAD
from services.engines.session import Array, Session
from services.media.read import squash
from services.sampling.color import to_floats
from services.sampling.decode import decode_tile, upsample
from services.sampling.layout import sample_layout
from services.sampling.layout_reading import read_layout
from services.sampling.loop import Course, portrait, sample_audio, sample_video
from services.sampling.tiling import tiles

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
MANIFEST = "services/families/moviegen/manifests/moviegen-mini.json"


@dataclass(frozen=True)
class Request:
    """A film to be made; `source` [C,n,h,w] are latents given with it, `character` [C,S,S] those of a
    portrait. None leaves it to the cast."""

    prompt: str
    frames: int
    size: Size
    seed: int
    task: Task = "text"
    source: Floats | None = None
    fps: int = 16
    steps: int | None = None
    guidance: float | None = None
    character: Floats | None = None


@dataclass
class Networks:
    """Networks of a model repository, each loaded when it is first used; a caller has `threads`."""

    folder: Path
    cast: CastManifest
    sessions: dict[str, Session] = field(default_factory=dict)
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    loading: Lock = field(default_factory=Lock, repr=False, compare=False)

    @classmethod
    def of(cls, root: Path) -> "Networks":
        """Those of a checkout. Raises ConfigurationError where its manifest is missing or wrong."""
        return cls(root / "model_repo", CastManifest.read(root / MANIFEST))

    def digest(self) -> str:
        """A name of all graphs and weights: eight hex digits that change with any of them."""
        total = sha256()
        for name in tensors.NETWORKS:
            files = sorted((self.folder / name / "1").glob("*"))
            for file in (file for file in files if file.suffix in (".onnx", ".safetensors")):
                total.update(file.name.encode() + file.read_bytes())
        return total.hexdigest()[:8]

    def run(self, name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs of a network. Raises ConfigurationError or GenerationError as `Session` does."""
        with self.loading:
            if name not in self.sessions:
                path = self.folder / name / "1" / "model.onnx"
                self.sessions[name] = Session(path, threads=self.threads, name=name)
        return self.sessions[name].run(inputs)

    def encode_text(self, away_from: str, towards: str) -> tuple[Floats, Floats]:
        """States [2,L,D] and mask [2,L] of two texts."""
        tokens = np.array(self.cast.text.batch([away_from, towards]), np.int64)
        states = self._floats(tensors.TEXT_ENCODER, {tensors.TOKENS: tokens}, tensors.STATES)
        return states, (tokens != PAD).astype(np.float32)

    def encode_video(self, frames: Bytes) -> Floats:
        """Latents [C,T,h,w] of frames [F,8h,8w,3], in tiles of 32 frames as the transformer knows them."""
        video = to_floats(frames).transpose(1, 0, 2, 3)[None]
        parts = [
            self._floats(tensors.VIDEO_ENCODER, {tensors.VIDEO: np.ascontiguousarray(part)}, tensors.LATENTS)[
                0
            ]
            for part in np.split(video, range(32, len(frames), 32), axis=2)
        ]
        return np.concatenate(parts, axis=1)

    @property
    def portrait_px(self) -> int:
        """Side of the square picture that shows a character."""
        return self.cast.latents.portrait * self.cast.latents.space

    def encode_portrait(self, picture: Bytes) -> Floats:
        """Latents [C,S,S] of a square picture [8S,8S,3]."""
        return self.encode_video(picture[None])[:, 0]

    def decode_video(self, latents: Floats) -> Bytes:
        """Frames [8T,8h,8w,3], tile by tile as in the stack."""
        parts: list[Bytes] = []
        tail: Bytes | None = None
        for tile in range(len(tiles(latents.shape[1]))):
            part, tail = decode_tile(
                lambda inputs: self._floats(tensors.VIDEO_DECODER, inputs, tensors.VIDEO), latents, tile, tail
            )
            parts.append(part)
        return np.concatenate(parts)

    def sample_video(self, request: Request) -> Bytes:
        """The frames [F,H,W,3] of a request, at the cast's base size."""
        cast = self.cast
        text, mask = self.encode_text("", f"FPS-{request.fps} {request.prompt}")
        course = Course(
            text,
            text_mask=mask,
            seed=request.seed,
            steps=int(cast.steps.default) if request.steps is None else request.steps,
            guidance=cast.guidance.default if request.guidance is None else request.guidance,
        )
        shape = (cast.latents.channels, *cast.latents.shape(request.frames, request.size))
        known = None
        if request.source is not None:
            known = read_layout(
                lambda inputs: self._floats(tensors.LAYOUT_READER, inputs, tensors.SAID),
                request.source,
                shape[1],
            )
        side, task = cast.latents.portrait, TASKS.index(request.task)
        *_, last = sample_video(
            lambda inputs: self._floats(tensors.VIDEO_TRANSFORMER, inputs, tensors.VELOCITY),
            course,
            shape,
            task=task,
            source=request.source,
            character=portrait((cast.latents.channels, side, side), request.character),
            layout=sample_layout(
                lambda inputs: self._floats(tensors.LAYOUT_TRANSFORMER, inputs, tensors.VELOCITY),
                course,
                shape,
                task=task,
                known=known,
            ),
        )
        return self.decode_video(last.latents)[: request.frames]

    def sample_sound(self, frames: Bytes, fps: int, prompt: str, seed: int) -> Floats:
        """Sound [S] to frames [F,H,W,3], as long as they are."""
        sound = self.cast.sound
        looked = {tensors.FRAMES: squash(frames, sound.visual_px)}
        text, mask = self.encode_text("", prompt)
        course = Course(text, text_mask=mask, seed=seed, steps=sound.steps, guidance=sound.guidance)
        *_, last = sample_audio(
            lambda inputs: self._floats(tensors.AUDIO_TRANSFORMER, inputs, tensors.VELOCITY),
            course,
            (sound.channels, sound.latents(len(frames), fps)),
            features=self._floats(tensors.VISUAL_ENCODER, looked, tensors.FEATURES),
            frames_per_latent=fps / sound.latents_per_s,
        )
        wave = self.decode_sound(last.latents)
        return wave[: round(len(frames) / fps * sound.sample_rate_hz)]

    def encode_sound(self, wave: Floats) -> Floats:
        """Latents [C,T] of a sound [S], with silence up to a whole latent."""
        step = self.cast.sound.sample_rate_hz // self.cast.sound.latents_per_s
        whole = np.pad(wave, (0, -wave.size % step))[None, None]
        latents: Floats = self._floats(tensors.AUDIO_ENCODER, {tensors.WAVEFORM: whole}, tensors.LATENTS)[0]
        return latents

    def decode_sound(self, latents: Floats) -> Floats:
        """Sound [S] of latents [C,T]."""
        batch = {tensors.LATENTS: np.ascontiguousarray(latents[None])}
        wave: Floats = self._floats(tensors.AUDIO_DECODER, batch, tensors.WAVEFORM)[0, 0]
        return wave

    def upsample(self, frames: Bytes, height: int, width: int) -> Bytes:
        """Planar 4:2:0 [F,height*3/2,width] of frames [F,h,w,3], one at a time."""

        def planes(inputs: Mapping[str, Array]) -> tuple[Floats, Floats]:
            outputs = self.run(tensors.UPSAMPLER, inputs)
            return outputs[tensors.LUMA].astype(np.float32), outputs[tensors.CHROMA].astype(np.float32)

        return np.concatenate([upsample(planes, frame[None], height, width) for frame in frames])

    def base_size(self, width: int, height: int) -> Size:
        """The cast's size of these pixels. Raises ConfigurationError where it offers none."""
        size = self.cast.size(f"{width}x{height}")
        if size is None:
            raise ConfigurationError(f"{self.cast.name} offers no size {width}x{height}")
        return size

    def _floats(self, name: str, inputs: Mapping[str, Array], output: str) -> Floats:
        whole = {key: np.ascontiguousarray(value) for key, value in inputs.items()}
        return self.run(name, whole)[output].astype(np.float32, copy=False)
