import base64
import time

import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from services.webhooks.signing import key, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()


def secret(size_bytes: int) -> str:
    return "whsec_" + base64.b64encode(bytes(size_bytes)).decode()


def test_the_vector_that_implementations_of_the_standard_share() -> None:
    body = b'{"test": 2432232314}'
    assert signed("msg_p5jXN8AQM9LWM0D4loKWxJek", body, [key(SECRET)], 1614265330) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("body", [b"{}", b"", '{"a": "\N{GRINNING FACE}"}'.encode(), b"a.b.c\n"])
def test_the_sdk_takes_a_signature(body: bytes) -> None:
    with OpenAI(api_key="x") as client:
        headers = signed("evt_1", body, [key(SECRET)], int(time.time()))
        client.webhooks.verify_signature(body, headers, secret=SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(int(time.time()) + 60)},
        {"webhook-signature": "v1,AAAA"},
    ],
)
def test_the_sdk_refuses_what_was_changed(change: dict[str, str]) -> None:
    with OpenAI(api_key="x") as client:
        headers = signed("evt_1", b"{}", [key(SECRET)], int(time.time())) | change
        with pytest.raises(InvalidWebhookSignatureError):
            client.webhooks.verify_signature(b"{}", headers, secret=SECRET)


def test_while_a_secret_is_changed_both_verify() -> None:
    with OpenAI(api_key="x") as client:
        headers = signed("evt_1", b"{}", [key(SECRET), key(OTHER)], int(time.time()))
        for one in (SECRET, OTHER):
            client.webhooks.verify_signature(b"{}", headers, secret=one)
        with pytest.raises(InvalidWebhookSignatureError):
            client.webhooks.verify_signature(b"{}", headers, secret=secret(24))


@pytest.mark.parametrize("size_bytes", [24, 64])
def test_keys_have_the_lengths_of_the_standard(size_bytes: int) -> None:
    assert key(secret(size_bytes)) == bytes(size_bytes)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        SECRET.upper(),
        SECRET + "!",
        SECRET[:-1],
        "whsec_\N{LATIN SMALL LETTER E WITH ACUTE}" + SECRET[7:],
        secret(23),
        secret(65),
    ],
)
def test_other_secrets_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        key(bad)
