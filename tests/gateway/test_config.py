import pytest

from gateway.config import check_exposure, is_loopback
from services.contract.errors import ConfigurationError
from services.settings import GatewaySettings


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_serving_others_without_keys_must_be_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="MOVIOLA_ALLOW_ANONYMOUS"):
        check_exposure(GatewaySettings(host="0.0.0.0"))
    check_exposure(GatewaySettings(host="0.0.0.0", allow_anonymous=True))
    check_exposure(GatewaySettings(host="127.0.0.1"))
