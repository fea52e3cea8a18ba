"""Every environment variable of the chart is one that the code reads, and is read as it was meant."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from gateway.config import Config, check_exposure
from services import settings
from services.settings import StorageSettings, TritonSettings, WorkerSettings
from tests.helm.rendered import CHART, VARIANTS, variant

OURS = {
    "MOVIOLA_ALLOW_ANONYMOUS",
    "MOVIOLA_DATA_DIR",
    "MOVIOLA_GRACE_S",
    "MOVIOLA_HOST",
    "MOVIOLA_MANIFESTS",
    "MOVIOLA_PORT",
    "MOVIOLA_REDIS_URL",
    "MOVIOLA_SCRATCH_DIR",
    "MOVIOLA_TRITON_SHARED_MEMORY",
    "MOVIOLA_TRITON_URL",
    "MOVIOLA_WEBHOOK_SECRET",
    "REDIS_URL",
    "TRITON_URL",
}
"""What the chart decides by itself or takes from secrets: not to be set among ``settings``."""
BESIDE = {"MOVIOLA_READY_FILE": "workers/__main__.py", "MOVIOLA_THREADS": "services/engines/serve.py"}
"""Variables that are read outside of the settings, and where."""
FOR_OTHERS = {"REDIS_PASSWORD"}
"""Parts of other variables."""


def names() -> Iterator[str]:
    """Variables that the settings read."""
    for group in vars(settings).values():
        if (
            isinstance(group, type)
            and issubclass(group, BaseSettings)
            and group.__module__ == settings.__name__
        ):
            for field, about in group.model_fields.items():
                alias = about.validation_alias
                if alias is None:
                    yield f"{group.model_config['env_prefix']}{field}".upper()
                else:
                    yield from map(str, alias.choices if isinstance(alias, AliasChoices) else [alias])


def schema() -> dict[str, Any]:
    values: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return values


def test_settings_are_those_of_the_code() -> None:
    """A new one belongs in ``values.schema.json``, or, if the chart is to decide it, in ``OURS``."""
    offered = set(schema()["properties"]["settings"]["properties"])
    assert offered | OURS == set(names())
    assert not offered & OURS


@pytest.mark.parametrize("name", VARIANTS)
def test_the_code_reads_every_variable(name: str) -> None:
    for pod in variant(name).pods.values():
        for container in pod["containers"]:
            given = {one["name"] for one in container.get("env", ())}
            if container["name"] in ("gateway", "worker"):
                assert given <= {*names(), *BESIDE} | FOR_OTHERS
            if container["name"] == "triton":
                assert given <= {*BESIDE, "MODEL_REPOSITORY"}


@pytest.mark.parametrize(("variable", "file"), BESIDE.items())
def test_what_is_read_elsewhere_is_read(variable: str, file: str) -> None:
    assert f'"{variable}"' in (CHART.parents[1] / file).read_text()


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts the environment of a component in place of this process's."""

    def become(name: str, component: str) -> None:
        for variable in {*names(), *BESIDE}:
            monkeypatch.delenv(variable, raising=False)
        for variable, value in variant(name).environment(component).items():
            monkeypatch.setenv(variable, value if isinstance(value, str) else "redis://somewhere:6379/0")

    return become


@pytest.mark.parametrize("name", VARIANTS)
def test_the_gateway_starts_on_it(name: str, process: Any) -> None:
    process(name, "gateway")
    config = Config.from_environment()
    check_exposure(config.gateway)
    assert (config.gateway.host, config.gateway.port) == ("0.0.0.0", 8000)
    probe = variant(name).pods["gateway"]["containers"][0]
    assert probe["ports"] == [{"name": "http", "containerPort": config.gateway.port}]


@pytest.mark.parametrize("name", VARIANTS)
def test_gateway_and_worker_share_storage_and_redis(name: str, process: Any) -> None:
    process(name, "gateway")
    config = Config.from_environment()
    process(name, "worker")
    assert StorageSettings() == config.storage
    pods = variant(name).pods
    for part in ("gateway", "worker"):
        mounts = pods[part]["containers"][0]["volumeMounts"]
        assert {"name": "storage", "mountPath": str(config.storage.data_dir)} in mounts
    volumes = [
        [one for one in pods[part]["volumes"] if one["name"] == "storage"] for part in ("gateway", "worker")
    ]
    assert volumes[0] == volumes[1]
    envs = [variant(name).environment(part)["REDIS_URL"] for part in ("gateway", "worker")]
    assert envs[0] == envs[1]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_worker_writes_to_volumes_alone(name: str, process: Any) -> None:
    process(name, "worker")
    worker = variant(name).pods["worker"]["containers"][0]
    writable = [mount["mountPath"] for mount in worker["volumeMounts"]]
    scratch = WorkerSettings().scratch_dir
    assert scratch is not None
    ready = variant(name).environment("worker")["MOVIOLA_READY_FILE"]
    for path in (str(scratch), ready):
        assert path.startswith("/tmp/")
        assert "/tmp" in writable
    assert worker["readinessProbe"]["exec"]["command"] == ["test", "-e", ready]
    assert TritonSettings().shared_memory is ("/dev/shm" in writable)


def test_values_arrive_as_they_were_given(process: Any) -> None:
    process("settings", "worker")
    config = Config.from_environment()
    assert config.gateway.max_body_bytes == 104857600
    assert config.casts.aliases == ("sora-2", "other")
    assert config.queue.batch_share == 0.25
    assert config.queue.weights == {"acme": 3}
    assert config.webhooks.networks == "10.0.0.0/8, fd00::/8"
    assert WorkerSettings().min_free_bytes == 10737418240
    assert WorkerSettings().snapshot_every_s == 0


def test_the_grace_of_the_worker_is_that_of_its_pod(process: Any) -> None:
    process("own names", "worker")
    assert WorkerSettings().grace_s == 40.5
