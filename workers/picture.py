"""From latents to encoded segments, tile by tile, going on behind those that an earlier attempt finished."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from services.contract.cast import CastManifest
from services.contract.job import Stage
from services.contract.spec import Spec
from services.inference.client import Inference
from services.inference.orders import Bytes, Floats, Tile
from services.media.encode import KEYFRAME_EVERY_S, PictureWriter, recipe
from services.media.read import squash
from workers.progress import Meter
from workers.segments import Reel, Segment, Segments


@dataclass(frozen=True)
class Picture:
    """A film's picture as MP4s to be joined, and the features [F,V] of its frames ([0,0] if silent)."""

    films: list[Path]
    features: Floats


def tiles_per_segment(cast: CastManifest, fps: int) -> int:
    """As many tiles as there are between two key frames, so that segments cost next to nothing."""
    step = (cast.latents.tile - cast.latents.overlap) * cast.latents.time
    return max(1, KEYFRAME_EVERY_S * fps // step)


def segment_recipe(spec: Spec, cast: CastManifest) -> str:
    """What the bytes of segments depend on beside the job itself."""
    return f"{recipe(spec.size.width, spec.size.height, spec.fps)} tiles={tiles_per_segment(cast, spec.fps)}"


@dataclass(frozen=True)
class Camera:
    """Shoots the film of ``spec`` with ``inference``, into ``segments``. ``check`` says whether that is still
    the same, by raising where it is not."""

    spec: Spec
    cast: CastManifest
    inference: Inference
    segments: Segments
    meter: Meter
    check: Callable[[], None]

    def shoot(self, latents: Floats, reel: Reel) -> Picture:
        """The picture of ``latents``, of which the segments in ``reel`` are there; the others are added.

        A segment begins with a key frame and is encoded for itself, whether or not one before was loaded: so
        the bytes are the same. Of the frames only a tile is held at any time.
        """
        self.meter.enter(Stage.DECODE, self.spec.frames, reel.frames)
        count = tiles_per_segment(self.cast, self.spec.fps)
        tiles = self.inference.decode(latents, len(reel.films) * count, reel.tail)
        while reel.frames < self.spec.frames:
            number = len(reel.films)
            segment = self._segment(number, islice(tiles, count), reel.frames)
            self.check()
            self.segments.keep(number, segment)
            reel.add(segment)
        return Picture(reel.films, np.concatenate(reel.features))

    def _segment(self, number: int, tiles: Iterator[Tile], done: int) -> Segment:
        size, path = self.spec.size, self.segments.path(number)
        features: list[Floats] = []
        tail: Bytes | None = None
        with PictureWriter(path, size.width, size.height, self.spec.fps) as writer:
            for tile in tiles:
                tail = tile.tail
                # The decoder gives whole latent frames.
                frames = tile.frames[: self.spec.frames - done - writer.frames]
                if self.spec.audio:
                    features.append(self.inference.look(squash(frames, self.cast.sound.visual_px)))
                for yuv in self.inference.upsample(frames, size.width, size.height):
                    writer.write(yuv)
                    self.meter.reach(done + writer.frames)
        assert tail is not None  # a writer without frames raises
        seen = np.concatenate(features) if features else np.empty((0, 0), np.float32)
        return Segment(path, writer.frames, seen, tail)
