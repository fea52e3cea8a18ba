import base64
import dataclasses
import json
from collections.abc import Callable, Iterator

import pytest
import redis
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from gateway.services import Services
from gateway.webhooks import Webhooks
from services.contract.errors import ConfigurationError
from services.contract.job import Target
from services.contract.spec import VideoRequest
from services.jobs.outbox import Outbox
from services.settings import RedisSettings, WebhookSettings

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
URL = "https://hooks.example/hook"
ACCOUNT = "https://account.example/"


@pytest.fixture
def with_account(config: Config) -> Iterator[TestClient]:
    """A gateway whose account has a webhook."""
    changed = dataclasses.replace(config, webhooks=WebhookSettings(url=ACCOUNT, secret=SECRET))
    with TestClient(create_app(changed), raise_server_exceptions=False) as client:
        yield client


def targets(services: Services) -> tuple[Target, ...]:
    (job,) = services.ledger.page("default", after=None, limit=5, descending=True).jobs
    return job.webhooks


FORMS: list[Callable[[TestClient, dict[str, str]], int]] = [
    lambda client, fields: client.post("/v1/videos", json=fields).status_code,
    lambda client, fields: client.post("/v1/videos", data=fields).status_code,
    lambda client, fields: (
        client.post("/v1/videos", files={name: (None, value) for name, value in fields.items()}).status_code
    ),
]


@pytest.mark.parametrize("send", FORMS, ids=["JSON", "form", "multipart"])
def test_an_order_brings_its_webhook(
    client: TestClient, services: Services, send: Callable[[TestClient, dict[str, str]], int]
) -> None:
    assert send(client, {"prompt": "a", "webhook_url": URL, "webhook_secret": SECRET}) == 200
    assert targets(services) == (Target(of="job", url=URL, secret=SECRET),)


def test_the_owner_sees_how_far_it_is_and_never_the_secret(
    client: TestClient, services: Services, make: Callable[..., str], complete: Callable[..., None]
) -> None:
    video_id = make(webhook_url=URL, webhook_secret=SECRET)
    complete(video_id)
    answers = [
        client.get(f"/v1/videos/{video_id}").text,
        client.get("/v1/videos").text,
        client.get(f"/v1/videos/{video_id}/events").text,
    ]
    assert not any(SECRET in answer for answer in answers)
    video = json.loads(answers[0])
    assert (video["webhook_url"], video["webhook_status"]) == (URL, "pending")


def test_a_completed_video_is_in_the_outbox(
    make: Callable[..., str], complete: Callable[..., None], config: Config
) -> None:
    video_id = make(webhook_url=URL, webhook_secret=SECRET)
    with redis.Redis.from_url(config.redis.url) as client:
        outbox = Outbox(client)
        assert outbox.waiting() == 0
        complete(video_id)
        delivery = outbox.take()
    assert delivery is not None
    assert (delivery.job_id, delivery.url, delivery.secret) == (video_id, URL, SECRET)


def test_an_account_is_told_of_every_job(with_account: TestClient, services: Services) -> None:
    answer = with_account.post("/v1/videos", json={"prompt": "a"})
    assert targets(services) == (Target(of="account", url=ACCOUNT),)
    assert (answer.json()["webhook_url"], answer.json()["webhook_status"]) == (None, None)
    assert ACCOUNT not in answer.text


def test_an_order_without_a_secret_is_signed_by_the_accounts(
    with_account: TestClient, services: Services
) -> None:
    assert with_account.post("/v1/videos", json={"prompt": "a", "webhook_url": URL}).status_code == 200
    assert targets(services) == (Target(of="job", url=URL), Target(of="account", url=ACCOUNT))


def test_one_url_is_told_once(with_account: TestClient, services: Services) -> None:
    with_account.post("/v1/videos", json={"prompt": "a", "webhook_url": ACCOUNT})
    assert targets(services) == (Target(of="job", url=ACCOUNT),)


REFUSED = [
    ({"webhook_url": "http://hooks.example/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://10.0.0.1/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://169.254.169.254/latest/meta-data/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "http://127.0.0.1:6379/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://localhost/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://u:p@hooks.example/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://hooks.example:22/", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "hooks", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "\ud800", "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": "https://hooks.example/" + "a" * 2048, "webhook_secret": SECRET}, "webhook_url"),
    ({"webhook_url": ["https://hooks.example/"]}, "webhook_url"),
    ({"webhook_url": URL}, "webhook_secret"),
    ({"webhook_url": URL, "webhook_secret": ""}, "webhook_secret"),
    ({"webhook_url": URL, "webhook_secret": "mine"}, "webhook_secret"),
    ({"webhook_url": URL, "webhook_secret": "whsec_\ud800"}, "webhook_secret"),
    ({"webhook_url": URL, "webhook_secret": 5}, "webhook_secret"),
    ({"webhook_secret": SECRET}, "webhook_secret"),
]


@pytest.mark.parametrize(("fields", "param"), REFUSED)
def test_what_could_never_be_told_is_refused(
    client: TestClient, services: Services, fields: dict[str, object], param: str
) -> None:
    answer = client.post("/v1/videos", content=json.dumps({"prompt": "a", **fields}), headers=JSON)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert SECRET not in answer.text
    assert services.ledger.counts().queued == 0


JSON = {"content-type": "application/json"}


def test_a_wrong_account_stops_the_start(config: Config) -> None:
    changed = dataclasses.replace(config, webhooks=WebhookSettings(url="http://x.example", secret=SECRET))
    with pytest.raises(ConfigurationError, match="MOVIOLA_WEBHOOK_URL"):
        create_app(changed)


def test_a_stack_of_this_machine_alone_may_call_it() -> None:
    local = Webhooks.of(WebhookSettings(networks="127.0.0.0/8,::1/128"))
    order = VideoRequest(prompt="a", webhook_url="http://localhost:9000/", webhook_secret=SECRET)
    assert local.targets(order) == (Target(of="job", url="http://localhost:9000/", secret=SECRET),)


def test_the_environment_is_read_by_its_own_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("URL", URL),
        ("SECRET", f"{SECRET}, {SECRET}"),
        ("NETWORKS", "10.0.0.0/8"),
        ("PORTS", ""),
    ):
        monkeypatch.setenv(f"MOVIOLA_WEBHOOK_{name}", value)
    settings = WebhookSettings()
    assert (settings.url, settings.secrets) == (URL, (SECRET, SECRET))
    assert (settings.networks, settings.ports) == ("10.0.0.0/8", "")
    assert SECRET not in repr(settings)
    assert RedisSettings().url != URL
