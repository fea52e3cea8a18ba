import base64

import pytest

from services.contract.errors import ConfigurationError
from services.webhooks.configured import check_account, read_policy
from services.webhooks.policy import LOOPBACK, Policy

SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()


def test_words_become_a_policy() -> None:
    assert read_policy("", "443,8443") == Policy()
    assert read_policy("127.0.0.0/8, ::1/128", "") == Policy(networks=LOOPBACK, ports=())


@pytest.mark.parametrize(
    ("networks", "ports"),
    [("10.0.0.1/8", ""), ("here", ""), ("", "https"), ("", "0"), ("", "70000"), ("", "²")],
)
def test_wrong_words_stop_the_start(networks: str, ports: str) -> None:
    with pytest.raises(ConfigurationError, match="MOVIOLA_WEBHOOK_"):
        read_policy(networks, ports)


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("https://hooks.example/", ()),
        ("http://hooks.example/", (SECRET,)),
        ("https://10.0.0.1/", (SECRET,)),
        (None, ("whsec_short",)),
        ("https://hooks.example/", (SECRET, "another")),
    ],
)
def test_an_account_that_could_not_be_told_stops_the_start(url: str | None, secrets: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="MOVIOLA_WEBHOOK_"):
        check_account(url, secrets, Policy())


def test_accounts_that_can_be_told() -> None:
    check_account(None, (), Policy())
    check_account(None, (SECRET,), Policy())
    check_account("https://hooks.example/", (SECRET, SECRET), Policy())
