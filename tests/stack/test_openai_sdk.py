"""The ``openai`` package against the running stack: an application that changes ``base_url`` alone."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import openai
import pytest
from openai import OpenAI
from openai.types import Video

from tests.stack.conftest import Served
from training.measures.quality import psnr
from training.recipes.files import write_png
from training.world.captions import caption
from training.world.chance import Film as Format
from training.world.chance import sample_scene
from training.world.render import render
from training.world.scene import stream

pytestmark = [
    pytest.mark.stack,
    pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning"),
]
QUICK = {"num_inference_steps": 2, "seed": 7}


@pytest.fixture(scope="module")
def client(stack: Served) -> Iterator[OpenAI]:
    with stack.openai() as one:
        yield one


@pytest.fixture(scope="module")
def film(client: OpenAI) -> Video:
    return client.videos.create_and_poll(
        prompt="a red ball bouncing on a blue floor", size="256x144", seconds="1", extra_body=QUICK
    )


def test_create_answers_at_once_with_a_queued_video(client: OpenAI) -> None:
    video = client.videos.create(
        prompt="a green star", model="sora-2", seconds="4", size="1280x720", extra_body=QUICK
    )
    assert video.id.startswith("video_")
    assert (video.object, video.status, video.model) == ("video", "queued", "sora-2")
    assert (video.seconds, video.size, video.progress) == ("4", "1280x720", 0)
    assert client.videos.delete(video.id).deleted


def test_create_and_poll_ends_with_a_film(film: Video) -> None:
    assert film.status == "completed"
    assert film.progress == 100
    assert film.completed_at is not None
    assert film.expires_at is not None
    assert film.completed_at < film.expires_at
    extra = film.model_extra or {}
    facts = extra["facts"]
    assert (facts["width"], facts["height"], facts["frames"], facts["fps"]) == (256, 144, 16, 16)
    assert facts["sound"]["sample_rate_hz"] == 48_000
    assert extra["seed"] == 7


def test_retrieve_tells_the_same(client: OpenAI, film: Video) -> None:
    assert client.videos.retrieve(film.id) == film


def test_all_variants_download(client: OpenAI, film: Video, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    client.videos.download_content(film.id).write_to_file(path)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16
    thumbnail = client.videos.download_content(film.id, variant="thumbnail").read()
    assert thumbnail[8:12] == b"WEBP"
    sheet = client.videos.download_content(film.id, variant="spritesheet").read()
    with av.open(io.BytesIO(sheet)) as container:
        assert next(container.decode(video=0)).width > 256


def test_a_film_begins_with_the_picture_that_is_given(client: OpenAI, tmp_path: Path) -> None:
    scene = sample_scene(5, Format(16, 16, 16 / 9), "heldout")
    first, path = render(scene, 144, 256, frames=[0])[0], tmp_path / "first.png"
    write_png(path, first)
    made = client.videos.create_and_poll(
        prompt=caption(scene, stream(5, 0)), input_reference=path, size="256x144", seconds="1",
        extra_body=QUICK | {"num_inference_steps": 8},
    )  # fmt: skip
    assert made.status == "completed"
    with av.open(io.BytesIO(client.videos.download_content(made.id).read())) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")
    # Unlike this picture, others are 10 dB from it.
    assert psnr(shown, first) > 20


def test_the_same_order_gives_the_same_bytes(client: OpenAI, film: Video) -> None:
    again = client.videos.create_and_poll(
        prompt=film.prompt or "", size="256x144", seconds="1", extra_body=QUICK
    )
    assert again.id != film.id
    first, second = (client.videos.download_content(one.id).read() for one in (film, again))
    assert first == second


def test_listing_goes_over_several_pages(client: OpenAI) -> None:
    made = [
        client.videos.create(prompt=f"star {n}", size="256x144", seconds="1", extra_body=QUICK).id
        for n in range(5)
    ]
    listed = [video.id for video in client.videos.list(limit=2, order="asc")]
    assert [one for one in listed if one in made] == made
    newest_first = [video.id for video in client.videos.list(limit=2)]
    assert newest_first == listed[::-1]
    for one in made:
        client.videos.delete(one)


def test_a_deleted_video_is_gone(client: OpenAI) -> None:
    video = client.videos.create(prompt="a heart", size="256x144", seconds="1", extra_body=QUICK)
    answer = client.videos.delete(video.id)
    assert (answer.id, answer.deleted, answer.object) == (video.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_a_failed_job_tells_its_error(client: OpenAI) -> None:
    video = client.videos.create(
        prompt="a long film", size="256x144", seconds="16", extra_body={"num_inference_steps": 250}
    )
    client.post(f"/videos/{video.id}/cancel", cast_to=Video)
    failed = client.videos.poll(video.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "cancelled"


def test_a_refused_order_names_the_field(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(prompt="a ball", size="1x1")  # type: ignore[arg-type]
    assert caught.value.param == "size"
