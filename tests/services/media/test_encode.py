import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from services.contract.errors import GenerationError
from services.media.encode import X264, PictureWriter, recipe


def shoot(
    path: Path, frames: int, *, fps: int = 24, size: tuple[int, int] = (128, 72), chunk: int = 5
) -> None:
    width, height = size
    film = np.full((frames, height * 3 // 2, width), 128, np.uint8)
    film[:, :height] = (20 + 2 * np.arange(frames) % 200)[:, None, None]
    with PictureWriter(path, width, height, fps) as writer:
        for start in range(0, frames, chunk):
            writer.write(film[start : start + chunk])
        assert writer.frames == frames


@pytest.mark.parametrize("fps", [16, 24])
@pytest.mark.parametrize("frames", [1, 2, 33, 80])
def test_every_frame_is_there_and_in_its_place(tmp_path: Path, fps: int, frames: int) -> None:
    shoot(tmp_path / "film.mp4", frames, fps=fps)
    with av.open(tmp_path / "film.mp4") as film:
        shown = [(frame.time, int(frame.to_ndarray()[:72].mean() + 0.5)) for frame in film.decode(video=0)]
    assert [time for time, _ in shown] == pytest.approx([number / fps for number in range(frames)])
    levels = [level for _, level in shown]
    assert levels == pytest.approx([20 + 2 * number % 200 for number in range(frames)], abs=1)


@pytest.mark.parametrize("size", [(128, 72), (72, 128), (98, 98), (1920, 1080)])
def test_size_and_colour_are_tagged(tmp_path: Path, size: tuple[int, int]) -> None:
    shoot(tmp_path / "film.mp4", 2, size=size)
    with av.open(tmp_path / "film.mp4") as film:
        context = film.streams.video[0].codec_context
        assert (context.width, context.height) == size
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        assert tags == (1, 1, 1, 1)  # limited range, BT.709 throughout
        frame = next(film.decode(video=0))
        assert (frame.width, frame.height) == size


def test_groups_are_closed_and_samples_stand_in_the_order_shown(tmp_path: Path) -> None:
    shoot(tmp_path / "film.mp4", 100, fps=24)
    with av.open(tmp_path / "film.mp4") as film:
        packets = [packet for packet in film.demux(video=0) if packet.dts is not None]
        assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
        keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
        assert keys[0] == 0
        assert max(after - before for before, after in zip(keys, [*keys[1:], 100], strict=True)) <= 48


def test_same_frames_give_same_bytes_however_they_come(tmp_path: Path) -> None:
    for name, chunk in (("a", 1), ("b", 40), ("c", 7)):
        shoot(tmp_path / name, 40, chunk=chunk)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def sliding(frames: int, width: int, height: int) -> NDArray[np.uint8]:
    """Checks that move to the left, so that blocks are predicted from beyond the right edge."""
    y, x = np.mgrid[0 : height * 3 // 2, 0:width]
    levels = np.random.default_rng(1).integers(30, 220, (height, width + 5 * frames), np.uint8)
    return np.stack([levels[y // 6, (x + 5 * frame) // 6] for frame in range(frames)])


@pytest.mark.parametrize("size", [(64, 48), (144, 256), (432, 432)])
def test_same_frames_give_same_bytes_on_every_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    film, bytes_of = sliding(16, *size), {}
    for has in ("auto", "avx2", "sse2", "0"):
        monkeypatch.setattr("services.media.encode.X264", f"{X264}:asm={has}")
        with PictureWriter(tmp_path / "film.mp4", *size, 16) as writer:
            writer.write(film)
        bytes_of[has] = (tmp_path / "film.mp4").read_bytes()
    assert [has for has, film in bytes_of.items() if film != bytes_of["auto"]] == []


STALE = """
import sys
from hashlib import sha256
from pathlib import Path
from services.media.encode import PictureWriter
from tests.services.media.test_encode import sliding

path, film = Path(sys.argv[1]), sliding(16, 432, 432)
with PictureWriter(path, 432, 432, 16) as writer:
    writer.write(film)
print(sha256(path.read_bytes()).hexdigest())
"""


def test_same_frames_give_same_bytes_whatever_lay_in_memory_before(tmp_path: Path) -> None:
    digests = set()
    for stale in ("1", "2", "3"):
        words = [sys.executable, "-c", STALE, str(tmp_path / "film.mp4")]
        environment = {**os.environ, "MALLOC_PERTURB_": stale}  # glibc fills what it gives and takes
        done = subprocess.run(
            words, check=True, capture_output=True, env=environment, cwd=Path(__file__).parents[3]
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_a_view_that_is_not_contiguous_is_written_as_it_looks(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(16, 235, (4, 108, 256), np.uint8)
    for name, frames in (("view", wide[:, :, ::2]), ("copy", wide[:, :, ::2].copy())):
        with PictureWriter(tmp_path / name, 128, 72, 24) as writer:
            writer.write(frames)
    assert (tmp_path / "view").read_bytes() == (tmp_path / "copy").read_bytes()


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((1, 108, 126), np.uint8),
        np.zeros((1, 72, 128), np.uint8),
        np.zeros((108, 128), np.uint8),
        np.zeros((1, 108, 128), np.float32),
    ],
)
def test_frames_of_another_shape_are_refused_and_leave_no_file(
    tmp_path: Path, frames: NDArray[np.uint8]
) -> None:
    path = tmp_path / "film.mp4"
    with pytest.raises(GenerationError), PictureWriter(path, 128, 72, 24) as writer:
        writer.write(frames)
    assert not path.exists()


def test_a_film_that_is_broken_off_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"

    def break_off() -> None:
        with PictureWriter(path, 128, 72, 24) as writer:
            writer.write(np.zeros((3, 108, 128), np.uint8))
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert not path.exists()
    with pytest.raises(GenerationError, match="without frames"), PictureWriter(path, 128, 72, 24):
        pass
    assert not path.exists()


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from services.media.encode import PictureWriter

frames = np.random.default_rng(0).integers(100, 120, (8, 1080, 1280), np.uint8)
path, hard = Path(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit in (0, 100, 40_000, 400_000, 10**8):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with PictureWriter(path, 1280, 720, 24) as writer:
            writer.write(frames)
        print("written")
    except OSError as error:
        print(error.errno, path.exists())
"""


def test_a_disk_that_is_full_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    words = [sys.executable, "-c", FULL, str(tmp_path / "film.mp4")]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.stdout.splitlines() == ["27 False"] * 4 + ["written"]


def test_the_recipe_tells_all_that_the_bytes_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one = recipe(1920, 1080, 24)
    assert recipe(1920, 1080, 24) == one
    assert len({one, recipe(1280, 1080, 24), recipe(1920, 720, 24), recipe(1920, 1080, 16)}) == 4
    for name, value in (("THREADS", 2), ("KEYFRAME_EVERY_S", 3), ("X264", "aq-mode=0")):
        with monkeypatch.context() as patch:
            patch.setattr(f"services.media.encode.{name}", value)
            assert recipe(1920, 1080, 24) != one


@pytest.mark.parametrize("size", [(127, 72), (128, 71), (0, 72)])
def test_odd_sizes_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even size"):
        PictureWriter(tmp_path / "film.mp4", *size, 24)


PEAK = """
import resource, sys
from pathlib import Path
import numpy as np
from services.media.encode import PictureWriter

frames = np.random.default_rng(0).integers(100, 120, (8, 1080, 1280), np.uint8)
with PictureWriter(Path(sys.argv[1]), 1280, 720, 24) as writer:
    for chunk in range(int(sys.argv[2]) // 8):
        writer.write(frames)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    peaks = []
    for frames in ("48", "192"):
        words = [sys.executable, "-c", PEAK, str(tmp_path / "film.mp4"), frames]
        done = subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[3])
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.10 * peaks[0]
