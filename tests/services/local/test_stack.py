import pytest

from services.local.stack import _webhooks

NAME = "MOVIOLA_WEBHOOK_NETWORKS"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (NAME, "MOVIOLA_ALLOW_ANONYMOUS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_stack_of_this_machine_alone_may_call_it(host: str) -> None:
    assert _webhooks(host) == {NAME: "127.0.0.0/8,::1/128"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1"])
def test_a_stack_that_others_reach_may_not(host: str) -> None:
    assert _webhooks(host) == {}


def test_nor_one_behind_a_proxy_for_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIOLA_ALLOW_ANONYMOUS", "1")
    assert _webhooks("127.0.0.1") == {}


def test_what_the_operator_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    assert _webhooks("127.0.0.1") == {NAME: ""}
