from gateway.readiness import Readiness
from services.contract.errors import StorageUnavailable


def test_says_which_part_does_not_work() -> None:
    def broken() -> None:
        raise StorageUnavailable("disk full")

    assert Readiness({"redis": lambda: None, "storage": broken}).parts() == {
        "redis": None,
        "storage": "StorageUnavailable",
    }


def test_asks_once_within_the_time_to_live() -> None:
    asked: list[int] = []
    readiness = Readiness({"redis": lambda: asked.append(1)}, ttl_s=60)
    readiness.parts()
    readiness.parts()
    assert len(asked) == 1


def test_asks_again_afterwards() -> None:
    asked: list[int] = []
    readiness = Readiness({"redis": lambda: asked.append(1)}, ttl_s=0)
    readiness.parts()
    readiness.parts()
    assert len(asked) == 2
