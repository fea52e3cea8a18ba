"""Values that cannot work are refused before anything is installed."""

from typing import Any

import pytest
import yaml
from helm_python import HelmRenderError, HelmValuesError, lint

from tests.helm.rendered import CHART, render

WRONG: dict[str, dict[str, Any]] = {
    "a name that is none": {"replicas": 2},
    "a nested name that is none": {"worker": {"replica": 2}},
    "words for a number": {"gateway": {"replicas": "two"}},
    "less than none": {"worker": {"replicas": -1}},
    "half a worker": {"worker": {"replicas": 0.5}},
    "no grace": {"worker": {"graceSeconds": 0}},
    "a mode that is none": {"triton": {"mode": "daemonset"}},
    "models that are none": {"triton": {"modelConfigName": "h100"}},
    "a size without a unit that is known": {"storage": {"size": "100 GB"}},
    "an access that does not do": {"storage": {"accessMode": "ReadOnlyMany"}},
    "eviction by size": {"redis": {"maxMemory": "50%"}},
    "a digest that is none": {"gateway": {"image": {"digest": "latest"}}},
    "a secret by value": {"webhooks": {"secret": "whsec_x"}},
    "a setting that is none": {"settings": {"MOVIOLA_NONSENSE": 1}},
    "a setting of the chart's": {"settings": {"MOVIOLA_DATA_DIR": "/elsewhere"}},
    "a secret among the settings": {"settings": {"MOVIOLA_WEBHOOK_SECRET": "whsec_x"}},
    "a share of all": {"settings": {"MOVIOLA_BATCH_SHARE": 1}},
    "ports that are none": {"settings": {"MOVIOLA_WEBHOOK_PORTS": "https"}},
    "a weight of nothing": {"settings": {"MOVIOLA_WEIGHTS": {"acme": 0}}},
    "a peer that is none": {"networkPolicy": {"gatewayFrom": [{"pods": {}}]}},
    "a peer that is all": {"networkPolicy": {"gatewayFrom": [{}]}},
    "a service that is none": {"gateway": {"service": {"type": "ExternalName"}}},
    "a pod's part through scheduling": {"worker": {"scheduling": {"hostNetwork": True}}},
}

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "another redis without its address": (
        {"redis": {"enabled": False}, "networkPolicy": {"enabled": False}},
        "redis.urlSecret.name",
    ),
    "another redis that policies do not know": (
        {"redis": {"enabled": False, "urlSecret": {"name": "mine"}}},
        "networkPolicy.redisTo",
    ),
    "plans without a volume": ({"triton": {"modelConfigName": "tensorrt"}}, "modelRepository.existingClaim"),
    "an ingress without a host": ({"gateway": {"ingress": {"enabled": True}}}, "gateway.ingress.host"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_schema_refuses(name: str) -> None:
    with pytest.raises(HelmValuesError):
        render(WRONG[name])


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_the_templates_refuse(name: str) -> None:
    values, reason = IMPOSSIBLE[name]
    with pytest.raises(HelmRenderError, match=reason):
        render(values)


def test_nothing_is_installed_for_everybody_by_accident() -> None:
    with pytest.raises(HelmRenderError, match=r"gateway\.allowAnonymous=true"):
        render({}, allowed=False)


def test_defaults_are_complete_and_within_the_schema() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert (
        render(defaults | {"gateway": {**defaults["gateway"], "allowAnonymous": True}}).objects
        == render({}).objects
    )


def test_helm_finds_nothing_to_complain_about() -> None:
    found = lint(CHART, values={"gateway": {"allowAnonymous": True}})
    messages = found["messages"] if isinstance(found, dict) else found
    assert [one for one in messages if "icon is recommended" not in str(one)] == []


@pytest.mark.parametrize("name", ["x" * 53, "moviola", "films"])
def test_names_of_releases_give_names_of_objects(name: str) -> None:
    for one in render({}, name=name).objects:
        assert len(one["metadata"]["name"]) <= 63
