import pytest

from gateway.data_url import decode_data_url
from services.contract.errors import InvalidRequest


def test_gives_bytes_and_type() -> None:
    file, kind = decode_data_url("data:IMAGE/PNG;base64,aGVsbG8=", "p")
    assert (file.read(), kind) == (b"hello", "image/png")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/secret.png", "unsupported_url"),
        ("https://example.org/a.png", "unsupported_url"),
        ("file:///etc/passwd", "unsupported_url"),
        ("", "unsupported_url"),
        ("data:image/png,plain", "invalid_value"),
        ("data:text/plain;base64,aGVsbG8=", "invalid_value"),
        ("data:image/png;base64,not base64!", "invalid_value"),
        ("data:image/png;base64,aGVsbG8", "invalid_value"),
        ("data:image/png;base64,é", "invalid_value"),
    ],
)
def test_refuses_other_urls(url: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        decode_data_url(url, "input_reference.image_url")
    assert (refusal.value.param, refusal.value.code) == ("input_reference.image_url", code)
