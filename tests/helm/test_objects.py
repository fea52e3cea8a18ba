"""What is rendered are objects that Kubernetes takes, and that find each other."""

import json

import pytest
from kubernetes_validate import utils as kubernetes

from tests.helm.rendered import VARIANTS, Rendered, part, render, variant

VERSIONS = ("1.27", "1.37")


def test_every_object_is_valid_in_the_oldest_and_the_newest_kubernetes() -> None:
    found = {json.dumps(one, sort_keys=True) for name in VARIANTS for one in variant(name).objects}
    assert len(found) > 40
    for text in found:
        for version in VERSIONS:
            assert kubernetes.validate(json.loads(text), version, strict=True) == version


@pytest.mark.parametrize("name", VARIANTS)
def test_no_two_objects_have_one_name(name: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in variant(name).objects]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", VARIANTS)
def test_selectors_select_the_pods_of_their_own_component(name: str) -> None:
    rendered = variant(name)
    for one in rendered.objects:
        spec = one.get("spec", {})
        selector = spec.get("selector", {}) if one["kind"] != "PersistentVolumeClaim" else {}
        wanted = selector.get("matchLabels", selector)
        if wanted:
            assert selected(rendered, wanted) == [part(one)], one["metadata"]["name"]


@pytest.mark.parametrize("name", VARIANTS)
def test_whatever_is_named_exists_or_is_the_operators_own(name: str) -> None:
    rendered = variant(name)
    claims = {*rendered.of("PersistentVolumeClaim"), "films", "plans"}
    for pod in rendered.pods.values():
        assert pod["serviceAccountName"] in rendered.of("ServiceAccount")
        for volume in pod.get("volumes", ()):
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "films") in claims
        volumes = {volume["name"] for volume in pod.get("volumes", ())} | {"data"}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            for source in container.get("envFrom", ()):
                assert source["configMapRef"]["name"] in rendered.of("ConfigMap")


@pytest.mark.parametrize("name", VARIANTS)
def test_addresses_are_those_of_services(name: str) -> None:
    rendered = variant(name)
    services = rendered.of("Service")
    env = rendered.environment("worker")
    hosts = {"127.0.0.1": {8001}} | {
        service: {port["port"] for port in about["spec"]["ports"]} for service, about in services.items()
    }
    host, port = env["TRITON_URL"].split(":")
    assert int(port) in hosts[host]
    if isinstance(env["REDIS_URL"], str):
        host, port = env["REDIS_URL"].removesuffix("/0").rpartition("/")[2].rpartition("@")[2].split(":")
        assert int(port) in hosts[host]
    for ingress in rendered.of("Ingress").values():
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert backend["port"]["name"] in [
            port["name"] for port in services[backend["name"]]["spec"]["ports"]
        ]
    for service in services.values():
        ports = {
            port["name"]
            for container in rendered.pods[part(service)]["containers"]
            for port in container["ports"]
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_two_releases_do_not_meet() -> None:
    one, other = render({}, name="one"), render({}, name="other")
    assert not {(o["kind"], o["metadata"]["name"]) for o in one.objects} & {
        (o["kind"], o["metadata"]["name"]) for o in other.objects
    }
    for service in one.of("Service").values():
        assert selected(other, service["spec"]["selector"]) == []


def test_replicas_are_the_autoscalers_business_where_there_is_one() -> None:
    assert variant("defaults").of("Deployment")["moviola-gateway"]["spec"]["replicas"] == 2
    outside = variant("outside")
    assert "replicas" not in outside.of("Deployment")["moviola-gateway"]["spec"]
    (scaler,) = outside.of("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] in outside.of("Deployment")


def test_a_new_chart_restarts_no_pod_by_itself() -> None:
    for template in variant("defaults").templates.values():
        assert set(template["metadata"]["labels"]) == {
            f"app.kubernetes.io/{name}" for name in ("name", "instance", "component")
        }


def test_new_settings_restart_gateway_and_worker_alone() -> None:
    before, after = variant("defaults").templates, variant("settings").templates
    changed = {name for name in before if before[name]["metadata"] != after[name]["metadata"]}
    assert changed == {"gateway", "worker"}


def test_films_outlive_the_release() -> None:
    (claim,) = variant("defaults").of("PersistentVolumeClaim").values()
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert variant("own names").of("PersistentVolumeClaim") == {}


def test_images_by_tag_or_digest() -> None:
    pods = variant("own names").pods
    assert pods["gateway"]["containers"][0]["image"] == f"r.example/gateway@sha256:{'0' * 64}"
    assert pods["worker"]["containers"][0]["image"] == "moviola-worker:next"
    assert pods["triton"]["containers"][0]["image"] == "moviola-triton:0.1.0"


def selected(rendered: Rendered, labels: dict[str, str]) -> list[str]:
    """Components whose pods have ``labels``."""
    return [
        name
        for name, template in rendered.templates.items()
        if labels.items() <= template["metadata"]["labels"].items()
    ]
