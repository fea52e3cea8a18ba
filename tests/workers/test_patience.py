import pytest

from services.contract.errors import LedgerUnavailable, StorageUnavailable
from workers import patience
from workers.patience import insist


class Flaky:
    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise StorageUnavailable("full")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_S", 0)


def test_it_is_done_once_it_can_be() -> None:
    call, between = Flaky(3), []
    insist(call, StorageUnavailable, lambda: between.append(1))
    assert (call.calls, len(between)) == (4, 3)


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.05)
    with pytest.raises(StorageUnavailable):
        insist(Flaky(10**9), StorageUnavailable)


def test_other_trouble_is_the_callers() -> None:
    call = Flaky(1)
    with pytest.raises(StorageUnavailable):
        insist(call, LedgerUnavailable)
    assert call.calls == 1


def test_it_can_be_given_up_meanwhile() -> None:
    call = Flaky(10**9)
    with pytest.raises(KeyError):
        insist(call, StorageUnavailable, lambda: {}["stop"])
    assert call.calls == 1
