"""The hosted API's own client against a real server; the worker's part is played by hand."""

import threading
import time
from collections.abc import Callable, Iterator

import openai
import pytest

from gateway.services import Services

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")


@pytest.fixture
def sdk(server: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server}/v1", api_key="x", max_retries=0) as sdk:
        yield sdk


def test_create_and_retrieve(sdk: openai.OpenAI) -> None:
    video = sdk.videos.create(prompt="a red ball", model="sora-2", seconds="4", size="1280x720")
    assert (video.status, video.model, video.seconds, video.size) == ("queued", "sora-2", "4", "1280x720")
    again = sdk.videos.retrieve(video.id)
    assert again.prompt == "a red ball"
    assert again.model_extra
    assert again.model_extra["queue_position"] == 0


def test_own_fields_come_as_extra_body(sdk: openai.OpenAI) -> None:
    extra = {"seed": 3, "audio": False, "fps": 24, "guidance_scale": 2.5, "size": "256x144"}
    video = sdk.videos.create(prompt="a", extra_body=extra)
    assert video.model_extra
    assert {**video.model_extra, "size": video.size}.items() >= extra.items()


def test_a_first_frame_as_file_and_as_object(sdk: openai.OpenAI, services: Services, png: bytes) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    video = sdk.videos.create(prompt="a", input_reference=("a.png", png, "image/png"))
    job = services.ledger.find(video.id)
    assert job
    assert job.spec.task == "image"
    assert sdk.videos.create(prompt="a", input_reference=png).status == "queued"
    with pytest.raises(openai.UnprocessableEntityError) as refusal:
        sdk.videos.create(prompt="a", extra_body={"input_reference": {"image_url": url}})
    assert refusal.value.param == "input_reference.image_url"


def test_create_and_poll_until_completed(sdk: openai.OpenAI, complete: Callable[..., None]) -> None:
    def work() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for video in sdk.videos.list(limit=1).data:
                complete(video.id)
                return
            time.sleep(0.05)

    worker = threading.Thread(target=work)
    worker.start()
    video = sdk.videos.create_and_poll(prompt="a", seconds="4")
    worker.join()
    assert (video.status, video.progress) == ("completed", 100)
    assert video.model_extra
    assert video.model_extra["facts"]["frames"] == 16


def test_a_failed_video_ends_polling_with_its_error(sdk: openai.OpenAI, fail: Callable[[str], None]) -> None:
    video_id = sdk.videos.create(prompt="a").id
    fail(video_id)
    video = sdk.videos.poll(video_id)
    assert video.error
    assert (video.status, video.error.code) == ("failed", "generation_failed")


def test_a_cancelled_video_ends_polling(sdk: openai.OpenAI, services: Services) -> None:
    video_id = sdk.videos.create(prompt="a").id
    services.ledger.cancel("default", video_id)
    video = sdk.videos.poll(video_id)
    assert video.error
    assert (video.status, video.error.code) == ("failed", "cancelled")


def test_list_goes_through_all_pages(sdk: openai.OpenAI) -> None:
    made = [sdk.videos.create(prompt=f"film {i}").id for i in range(5)]
    assert [video.id for video in sdk.videos.list(limit=2, order="asc")] == made
    assert [video.id for video in sdk.videos.list(limit=2)] == made[::-1]


def test_download_of_all_variants(sdk: openai.OpenAI, complete: Callable[..., None], film: bytes) -> None:
    video_id = sdk.videos.create(prompt="a").id
    complete(video_id)
    assert sdk.videos.download_content(video_id).read() == film
    assert sdk.videos.download_content(video_id, variant="thumbnail").read().startswith(b"RIFF")
    assert sdk.videos.download_content(video_id, variant="spritesheet").read().startswith(b"JFIF")


def test_delete_says_deleted(sdk: openai.OpenAI) -> None:
    video_id = sdk.videos.create(prompt="a").id
    assert sdk.videos.delete(video_id).deleted is True
    with pytest.raises(openai.NotFoundError) as refusal:
        sdk.videos.retrieve(video_id)
    assert refusal.value.code == "video_not_found"


def test_refusals_name_the_field(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        sdk.videos.create(prompt="a", model="sora-9")
    assert (refusal.value.param, refusal.value.code) == ("model", "model_not_found")
    assert refusal.value.request_id
    video_id = sdk.videos.create(prompt="a").id
    with pytest.raises(openai.NotFoundError) as missing:
        sdk.videos.download_content(video_id)
    assert missing.value.code == "content_not_ready"


def test_models_are_listed(sdk: openai.OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == ["moviegen-mini", "sora-2"]
    assert sdk.models.retrieve("sora-2").owned_by == "moviola"
