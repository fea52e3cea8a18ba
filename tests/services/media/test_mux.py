import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from services.contract.errors import GenerationError
from services.media.encode import PictureWriter
from services.media.mux import mux
from services.media.sound import write_sound
from tests.services.media.conftest import yuv_frames

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
    mux([path.with_name("picture.mp4")], path.with_name("sound.m4a"), tmp_path / "again.mp4")
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
        mux([tmp_path / "picture.mp4"], None, tmp_path / "film.mp4")


def segments(folder: Path, lengths: Sequence[int], fps: int, size: tuple[int, int] = (128, 72)) -> list[Path]:
    frames = np.concatenate(list(yuv_frames(sum(lengths), *size)))
    made, done = [], 0
    for number, length in enumerate(lengths):
        made.append(folder / f"{number}.mp4")
        with PictureWriter(made[-1], *size, fps) as writer:
            writer.write(frames[done : done + length])
        done += length
    return made


@pytest.mark.parametrize("fps", [16, 24])
@pytest.mark.parametrize("lengths", [(48,), (32, 32, 16), (1, 1, 2), (50, 3)])
def test_segments_stand_one_behind_the_other(tmp_path: Path, lengths: tuple[int, ...], fps: int) -> None:
    count = sum(lengths)
    write_sound(NOISE[: 48_000 * count // fps], tmp_path / "sound.m4a", 48_000, count / fps)
    mux(segments(tmp_path, lengths, fps), tmp_path / "sound.m4a", tmp_path / "film.mp4")
    with av.open(tmp_path / "film.mp4") as film:
        video = film.streams.video[0]
        assert video.duration is not None
        assert video.time_base is not None
        assert (video.frames, video.start_time) == (count, 0)
        assert float(video.duration * video.time_base) == count / fps
        keys = [place for place, packet in enumerate(film.demux(video)) if packet.is_keyframe]
        starts = [sum(lengths[:place]) for place in range(len(lengths))]
        assert set(starts) <= set(keys)
    with av.open(tmp_path / "film.mp4") as film:
        shown = [(frame.time, int(frame.to_ndarray()[:72].mean() + 0.5)) for frame in film.decode(video=0)]
    assert [time for time, _ in shown] == pytest.approx([number / fps for number in range(count)])
    assert [level for _, level in shown] == pytest.approx([20 + 2 * (n % 100) for n in range(count)], abs=1)


def test_any_part_of_a_film_of_segments_can_be_sought(tmp_path: Path) -> None:
    mux(segments(tmp_path, (48, 48, 24), 24), None, tmp_path / "film.mp4")
    for wanted in (0, 47, 48, 95, 96, 110, 119):
        with av.open(tmp_path / "film.mp4") as film:
            video = film.streams.video[0]
            assert video.duration is not None
            film.seek(wanted * video.duration // 120, stream=video)
            frames = {round((frame.time or 0) * 24): frame for frame in film.decode(video)}
        level = int(frames[wanted].to_ndarray()[:72].mean() + 0.5)
        assert level == pytest.approx(20 + 2 * (wanted % 100), abs=1)


def test_segments_of_different_encoders_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    parts = segments(tmp_path / "a", (16,), 24) + segments(tmp_path / "b", (16,), 24, (144, 72))
    with pytest.raises(GenerationError, match="not encoded as"):
        mux(parts, None, tmp_path / "film.mp4")
