"""Every pod of every rendering keeps to the restricted Pod Security Standard, and to more than that."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.__main__ import GRACE_S
from services.local.redis import redis_part
from tests.helm.rendered import VARIANTS, variant

Pod = dict[str, Any]
ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected", "downwardAPI"}


def containers(pod: Pod) -> list[dict[str, Any]]:
    return [*pod["containers"], *pod.get("initContainers", ())]


POD_RULES: dict[str, Callable[[Pod], bool]] = {
    "not root": lambda pod: (
        pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 10000
    ),
    "seccomp": lambda pod: pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"},
    "no token": lambda pod: pod["automountServiceAccountToken"] is False,
    "no service links": lambda pod: pod["enableServiceLinks"] is False,
    "nothing of the host": lambda pod: (
        not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"))
    ),
    "plain volumes": lambda pod: all(
        set(volume) - {"name"} <= ALLOWED_VOLUMES for volume in pod.get("volumes", ())
    ),
    "bounded scratch": lambda pod: all(
        "sizeLimit" in volume["emptyDir"] for volume in pod.get("volumes", ()) if "emptyDir" in volume
    ),
}
CONTAINER_RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "no escalation": lambda one: one["securityContext"]["allowPrivilegeEscalation"] is False,
    "read-only root": lambda one: one["securityContext"]["readOnlyRootFilesystem"] is True,
    "no capabilities": lambda one: one["securityContext"]["capabilities"] == {"drop": ["ALL"]},
    "not privileged": lambda one: "privileged" not in one["securityContext"],
    "user of the pod": lambda one: not {"runAsUser", "runAsNonRoot"} & set(one["securityContext"]),
    "no ports of the host": lambda one: all("hostPort" not in port for port in one["ports"]),
    "ready by a probe": lambda one: "readinessProbe" in one,
    "a place for temporary files": lambda one: any(
        mount["mountPath"] in ("/tmp", "/data") for mount in one["volumeMounts"]
    ),
}


@pytest.mark.parametrize("rule", POD_RULES)
@pytest.mark.parametrize("name", VARIANTS)
def test_pods(name: str, rule: str) -> None:
    pods = variant(name).pods
    assert {"gateway", "worker"} <= set(pods)
    assert [part for part, pod in pods.items() if not POD_RULES[rule](pod)] == []


@pytest.mark.parametrize("rule", CONTAINER_RULES)
@pytest.mark.parametrize("name", VARIANTS)
def test_containers(name: str, rule: str) -> None:
    found = [one for pod in variant(name).pods.values() for one in containers(pod)]
    # A worker listens to nobody.
    found = [{"ports": [], **one} for one in found]
    assert [one["name"] for one in found if not CONTAINER_RULES[rule](one)] == []


@pytest.mark.parametrize("name", VARIANTS)
def test_defaults_bound_the_memory_of_all_containers(name: str) -> None:
    for pod in variant(name).pods.values():
        for one in containers(pod):
            assert "memory" in one["resources"]["limits"], one["name"]


@pytest.mark.parametrize("name", VARIANTS)
def test_pods_are_killed_after_they_have_drained(name: str) -> None:
    rendered = variant(name)
    worker, gateway = rendered.pods["worker"], rendered.pods["gateway"]
    grace_s = float(rendered.environment("worker")["MOVIOLA_GRACE_S"])
    assert grace_s + 5 <= worker["terminationGracePeriodSeconds"] < grace_s + 15
    (_, pause_s) = gateway["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert gateway["terminationGracePeriodSeconds"] >= int(pause_s) + GRACE_S + 5


@pytest.mark.parametrize("name", ["sidecar", "gpu sidecar", "sidecar with metrics"])
def test_a_sidecar_shares_memory_with_its_worker_and_no_port_with_others(name: str) -> None:
    rendered = variant(name)
    assert set(rendered.pods) == {"gateway", "worker", "redis"}
    assert rendered.environment("worker")["MOVIOLA_TRITON_SHARED_MEMORY"] == "true"
    worker, triton = rendered.pods["worker"]["containers"]
    shared = {"name": "shm", "mountPath": "/dev/shm"}
    assert shared in worker["volumeMounts"]
    assert shared in triton["volumeMounts"]
    assert "--grpc-address=127.0.0.1" in triton["args"]
    assert [port["name"] for port in triton["ports"]] == ["metrics"]


def test_a_triton_apart_gets_frames_by_grpc() -> None:
    rendered = variant("defaults")
    assert rendered.environment("worker")["MOVIOLA_TRITON_SHARED_MEMORY"] == "false"
    assert [mount["mountPath"] for mount in rendered.pods["worker"]["containers"][0]["volumeMounts"]] == [
        "/data",
        "/tmp",
    ]


@pytest.mark.parametrize("name", [name for name in VARIANTS if "redis" not in name])
def test_tritons_shared_memory_is_memory(name: str) -> None:
    pods = variant(name).pods
    pod = pods.get("triton", pods["worker"])
    (shm,) = [volume for volume in pod["volumes"] if volume["name"] == "shm"]
    assert shm["emptyDir"]["medium"] == "Memory"


@pytest.mark.parametrize("name", ["gpu", "gpu sidecar"])
def test_plans_come_from_a_volume_that_nobody_writes_to(name: str) -> None:
    pods = variant(name).pods
    pod = pods.get("triton", pods["worker"])
    triton = pod["containers"][-1]
    assert "--model-config-name=tensorrt" in triton["args"]
    assert {"name": "models", "mountPath": "/models", "readOnly": True} in triton["volumeMounts"]
    assert {"name": "MODEL_REPOSITORY", "value": "/models"} in triton["env"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "models"]
    assert volume["persistentVolumeClaim"] == {"claimName": "plans", "readOnly": True}


def test_a_gpu_is_a_resource_of_triton_alone() -> None:
    pods = variant("gpu").pods
    wanted = [part for part, pod in pods.items() if "nvidia.com/gpu" in str(pod["containers"])]
    assert wanted == ["triton"]
    assert pods["triton"]["runtimeClassName"] == "nvidia"
    assert "--model-config-name" not in str(variant("defaults").pods["triton"])


def test_redis_is_as_safe_as_the_embedded_one(tmp_path: Any) -> None:
    embedded = options(list(redis_part(6379, tmp_path).argv[1:]))
    chart = options(variant("defaults").pods["redis"]["containers"][0]["args"])
    for name in ("appendonly", "appendfsync", "save", "maxmemory-policy"):
        assert chart[name] == embedded[name]
    assert chart["appendfsync"] == "always"


def test_redis_with_a_password_takes_nobody_without_it() -> None:
    rendered = variant("secrets")
    redis = rendered.pods["redis"]["containers"][0]
    assert options(redis["args"])["requirepass"] == "$(REDISCLI_AUTH)"
    assert redis["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "mine"
    assert "protected-mode" not in options(redis["args"])
    for part in ("gateway", "worker"):
        names = list(rendered.environment(part))
        assert rendered.environment(part)["REDIS_URL"] == "redis://:$(REDIS_PASSWORD)@moviola-redis:6379/0"
        assert names.index("REDIS_PASSWORD") < names.index("REDIS_URL")


def options(words: list[str]) -> dict[str, str]:
    """``--name value`` pairs."""
    assert all(word.startswith("--") for word in words[::2])
    return {name[2:]: value for name, value in zip(words[::2], words[1::2], strict=True)}
