import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from services.media.mux import mux

FilmMaker = Callable[..., Path]
NOISE = (0.1 * np.random.default_rng(1).standard_normal(48_000 * 6)).astype(np.float32)


def boxes(data: bytes, inside: tuple[str, ...] = ("moov", "trak", "mdia")) -> list[tuple[str, bytes]]:
    """Kind and payload of every ISO box in order, going into those of ``inside``."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        payload = data[at + 8 : at + size]
        found.append((kind.decode(), payload))
        if kind.decode() in inside:
            found += boxes(payload, inside)
        at += size
    return found


@pytest.mark.parametrize("fps", [16, 24])
@pytest.mark.parametrize("seconds", [1, 4, 5])
def test_picture_and_sound_begin_at_zero_and_end_together(film: FilmMaker, seconds: int, fps: int) -> None:
    with av.open(film(seconds, fps, sound=NOISE[: seconds * 48_000 - 900])) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.frames == seconds * fps
        assert (video.start_time, audio.start_time) == (0, 0)
        assert video.duration is not None
        assert audio.duration is not None
        assert video.time_base is not None
        assert audio.time_base is not None
        assert float(video.duration * video.time_base) == seconds
        assert abs(float(audio.duration * audio.time_base) - seconds) < 1 / fps
        pictures = [frame.time for frame in container.decode(video=0)]
    assert pictures == pytest.approx([number / fps for number in range(seconds * fps)])


def test_the_index_stands_in_front_and_says_no_date(film: FilmMaker) -> None:
    parts = boxes(film(1, 24, sound=NOISE[:48_000]).read_bytes())
    kinds = [kind for kind, _ in parts]
    assert kinds[0] == "ftyp"
    assert kinds.index("moov") < kinds.index("mdat")
    dates = [payload[4:12] for kind, payload in parts if kind in ("mvhd", "tkhd", "mdhd")]
    assert len(dates) == 5
    assert set(dates) == {bytes(8)}


def test_packets_are_copied_as_they_are(film: FilmMaker) -> None:
    path = film(2, 24, sound=NOISE[: 2 * 48_000])
    for kind, source in (("video", "picture.mp4"), ("audio", "sound.m4a")):
        payloads = []
        for file in (path, path.with_name(source)):
            with av.open(file) as container:
                packets = container.demux(**{kind: 0})
                payloads.append([bytes(packet) for packet in packets if packet.dts is not None])
        assert payloads[0] == payloads[1]
        assert len(payloads[0]) > 40


@pytest.mark.parametrize("extra_s", [-0.5, 0.5])
def test_a_sound_of_another_length_takes_no_frame(film: FilmMaker, extra_s: float) -> None:
    wave = NOISE[: round((2 + extra_s) * 48_000)]
    with av.open(film(2, 24, sound=wave)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 48


def test_a_film_may_be_silent(film: FilmMaker) -> None:
    with av.open(film(1, 16)) as container:
        assert len(container.streams) == 1
        assert container.streams.video[0].frames == 16


def test_same_parts_give_same_bytes(film: FilmMaker, tmp_path: Path) -> None:
    path = film(1, 24, sound=NOISE[:48_000])
    mux(path.with_name("picture.mp4"), path.with_name("sound.m4a"), tmp_path / "again.mp4")
    assert path.read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_sound_and_picture_lie_side_by_side(film: FilmMaker) -> None:
    """A player that streams needs both at hand: the file never holds a second of one before the other."""
    with av.open(film(4, 24, sound=NOISE[: 4 * 48_000])) as container:
        packets = [
            packet for packet in container.demux() if packet.dts is not None and packet.pos is not None
        ]
    last = {0: 0.0, 1: 0.0}
    for packet in sorted(packets, key=lambda packet: packet.pos or 0):
        assert packet.dts is not None
        last[packet.stream_index] = float(packet.dts * packet.time_base)
        assert abs(last[0] - last[1]) < 1


def test_what_is_no_media_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.mp4").write_bytes(b"not a film" * 100)
    with pytest.raises(av.FFmpegError):
        mux(tmp_path / "picture.mp4", None, tmp_path / "film.mp4")
