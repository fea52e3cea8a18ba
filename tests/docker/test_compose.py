"""The composition for one host."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.__main__ import GRACE_S
from gateway.config import Config, check_exposure
from services.local.redis import redis_part
from services.settings import StorageSettings, TritonSettings, WorkerSettings
from tests.docker.dockerfile import DOCKER, ROOT, environment

COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
CONSUMERS = ("gateway", "worker")


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert not {"privileged", "network_mode", "pid", "ipc", "cap_add"} & set(service)


def test_the_api_alone_is_published_and_to_this_host_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:${MOVIOLA_PORT:-8000}:8000"]}


def test_redis_and_triton_cannot_call_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, one in SERVICES.items() if "outside" in one["networks"]} == set(CONSUMERS)


@pytest.mark.parametrize("name", [name for name in SERVICES if "build" in SERVICES[name]])
def test_images_are_built_from_here(name: str) -> None:
    build = SERVICES[name]["build"]
    assert (DOCKER / build["context"]).resolve() == ROOT
    assert build["dockerfile"] == f"docker/Dockerfile.{name}"
    assert SERVICES[name]["image"].startswith(f"moviola-{name}:")


def test_redis_is_as_safe_as_the_embedded_one(tmp_path: Path) -> None:
    words = list(redis_part(6379, tmp_path).argv[1:])
    embedded = dict(zip(words[::2], words[1::2], strict=True))
    own = SERVICES["redis"]["command"][1:]
    composed = dict(zip(own[::2], own[1::2], strict=True))
    for name in ("--appendonly", "--appendfsync", "--save", "--maxmemory-policy"):
        assert composed[name] == embedded[name]


def test_volumes_and_networks_are_declared() -> None:
    for service in SERVICES.values():
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", ())) <= set(SERVICES)


def test_worker_and_triton_share_memory() -> None:
    assert COMPOSE["volumes"]["shm"]["driver_opts"]["type"] == "tmpfs"
    for name in ("worker", "triton"):
        assert "shm:/dev/shm" in SERVICES[name]["volumes"]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts the environment of a service, and of its image, in place of this process's."""

    def become(name: str) -> None:
        for variable, value in (environment(name) | SERVICES[name]["environment"]).items():
            if variable != "PATH":
                monkeypatch.setenv(variable, value)

    return become


def test_the_gateway_starts(process: Any) -> None:
    process("gateway")
    config = Config.from_environment()
    check_exposure(config.gateway)
    assert (config.gateway.host, config.gateway.port) == ("0.0.0.0", 8000)
    assert config.redis.url == "redis://redis:6379/0"
    assert f"{config.storage.data_dir}" in [volume.split(":")[1] for volume in SERVICES["gateway"]["volumes"]]


def test_the_worker_finds_the_others_and_writes_to_volumes_alone(process: Any) -> None:
    process("worker")
    assert TritonSettings().url == "triton:8001"
    assert TritonSettings().shared_memory
    assert str(StorageSettings().data_dir) == "/data"
    assert str(WorkerSettings().scratch_dir).startswith("/tmp/")
    assert environment("worker")["MOVIOLA_READY_FILE"].startswith("/tmp/")
    assert SERVICES["worker"]["tmpfs"] == ["/tmp"]


def test_containers_are_killed_after_they_have_drained(process: Any) -> None:
    process("worker")
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > WorkerSettings().grace_s + 5
    assert seconds(SERVICES["gateway"]["stop_grace_period"]) > GRACE_S + 5


@pytest.mark.parametrize("name", CONSUMERS)
def test_more_settings_come_from_one_file(name: str) -> None:
    assert SERVICES[name]["env_file"] == [{"path": "moviola.env", "required": False}]


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found
    return int(found[1])
