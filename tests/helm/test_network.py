"""Who may talk to whom, worked out from the policies as Kubernetes does."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from services.webhooks.configured import read_policy
from services.webhooks.policy import is_public
from tests.helm.rendered import VARIANTS, Rendered, variant

PORTS = (53, 443, 6379, 6380, 8000, 8001, 8002)
GATEWAY_DNS = {("gateway", "dns", 53), ("worker", "dns", 53)}
BOTH_REDIS = {("gateway", "redis", 6379), ("worker", "redis", 6379)}
NEIGHBOUR = {("neighbour", "gateway", 8000)}
OUTSIDERS = {
    "neighbour": ({"app": "other"}, {"kubernetes.io/metadata.name": "films"}),
    "stranger": ({"app": "other"}, {"kubernetes.io/metadata.name": "elsewhere"}),
    "ingress": ({}, {"name": "ingress"}),
    "monitoring": ({}, {"name": "monitoring"}),
    "dns": ({"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}),
}
"""Labels of the pod, labels of its namespace."""

EXPECTED: dict[str, set[tuple[str, str, int]]] = {
    "defaults": GATEWAY_DNS | BOTH_REDIS | NEIGHBOUR | {("worker", "triton", 8001)},
    "gpu": GATEWAY_DNS | BOTH_REDIS | NEIGHBOUR | {("worker", "triton", 8001)},
    "sidecar": GATEWAY_DNS | BOTH_REDIS | NEIGHBOUR,
    "sidecar with metrics": GATEWAY_DNS | BOTH_REDIS | NEIGHBOUR | {("monitoring", "worker", 8002)},
    "redis elsewhere": GATEWAY_DNS | NEIGHBOUR | {("worker", "triton", 8001)},
    "outside": GATEWAY_DNS
    | BOTH_REDIS
    | {("worker", "triton", 8001), ("ingress", "gateway", 8000), ("monitoring", "triton", 8002)},
    "nobody": GATEWAY_DNS | BOTH_REDIS | {("worker", "triton", 8001)},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_nobody_talks_to_anybody_else(name: str) -> None:
    rendered = variant(name)
    # The other ends are as open as they can be: what counts is what the release's own policies say.
    ends = [*rendered.pods, *OUTSIDERS]
    found = {
        (one, other, port)
        for one in ends
        for other in ends
        for port in PORTS
        if one != other and {one, other} & set(rendered.pods) and may(rendered, one, other, port)
    }
    assert found == EXPECTED[name]


def test_without_policies_none_is_rendered() -> None:
    assert variant("no policies").of("NetworkPolicy") == {}


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "no policies"])
def test_what_no_policy_allows_is_denied_to_every_pod(name: str) -> None:
    rendered = variant(name)
    (deny,) = [policy for title, policy in rendered.of("NetworkPolicy").items() if title.endswith("-deny")]
    assert set(deny["spec"]) == {"podSelector", "policyTypes"}
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for template in rendered.templates.values():
        assert selects(deny["spec"]["podSelector"], template["metadata"]["labels"])


ADDRESSES = (
    "8.8.8.8", "93.184.215.14", "168.63.129.16", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1",
    "169.254.169.254", "172.16.0.1", "172.32.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "2606:4700::1111", "2001:4860:4860::8888", "::1", "fe80::1", "fd00::1", "64:ff9b::808:808", "2001::1",
    "2001:db8::1", "2002:808:808::1", "3fff::1", "ff02::1", "4000::1",
)  # fmt: skip


@pytest.mark.parametrize("name", ["defaults", "settings", "sidecar"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_workers_call_whom_the_webhooks_policy_lets_them(name: str, address: str) -> None:
    rendered = variant(name)
    env = rendered.environment("worker")
    policy = read_policy(
        env.get("MOVIOLA_WEBHOOK_NETWORKS", ""), env.get("MOVIOLA_WEBHOOK_PORTS", "443,8443")
    )
    own = any(ip_address(address) in network for network in policy.networks)
    for port in (80, 443, 8443, 9443, 6379):
        allowed = own or (is_public(ip_address(address)) and port in policy.ports)
        assert calls(rendered, "worker", address, port) == allowed, port
        assert not calls(rendered, "gateway", address, port)
        assert not calls(rendered, "redis", address, port)


def test_no_webhooks_no_calls() -> None:
    assert not calls(variant("nobody"), "worker", "8.8.8.8", 443)


def test_a_redis_elsewhere_is_the_only_address() -> None:
    rendered = variant("redis elsewhere")
    for part in ("gateway", "worker"):
        assert calls(rendered, part, "10.1.2.3", 6380)
        assert not calls(rendered, part, "10.1.2.3", 6379)
        assert not calls(rendered, part, "10.1.2.4", 6380)


def may(rendered: Rendered, one: str, other: str, port: int) -> bool:
    """Whether pods of ``one`` reach ``port`` of pods of ``other``."""
    return allowed(rendered, one, "egress", other, port) and allowed(rendered, other, "ingress", one, port)


def allowed(rendered: Rendered, one: str, direction: str, other: str, port: int) -> bool:
    if one in OUTSIDERS:
        return True
    rules = [rule for policy in policies(rendered, one) for rule in policy["spec"].get(direction, ())]
    labels, namespace = whereabouts(rendered, other)
    return any(
        open_port(rule, port) and any(meets(peer, labels, namespace) for peer in rule[key(direction)])
        for rule in rules
    )


def calls(rendered: Rendered, one: str, address: str, port: int) -> bool:
    """Whether pods of ``one`` reach an address outside of the cluster."""
    rules = [rule for policy in policies(rendered, one) for rule in policy["spec"].get("egress", ())]
    blocks = [
        peer["ipBlock"] for rule in rules if open_port(rule, port) for peer in rule["to"] if "ipBlock" in peer
    ]
    there = ip_address(address)
    return any(
        there in ip_network(block["cidr"])
        and not any(there in ip_network(hole) for hole in block.get("except", ()))
        for block in blocks
    )


def policies(rendered: Rendered, component: str) -> list[dict[str, Any]]:
    labels, _ = whereabouts(rendered, component)
    found = [
        policy
        for policy in rendered.of("NetworkPolicy").values()
        if selects(policy["spec"]["podSelector"], labels)
    ]
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in found)
    return found


def whereabouts(rendered: Rendered, component: str) -> tuple[dict[str, str], dict[str, str]]:
    if component in OUTSIDERS:
        return OUTSIDERS[component]
    return rendered.templates[component]["metadata"]["labels"], {"kubernetes.io/metadata.name": "films"}


def meets(peer: dict[str, Any], labels: dict[str, str], namespace: dict[str, str]) -> bool:
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        near = selects(peer["namespaceSelector"], namespace)
    else:
        near = namespace.get("kubernetes.io/metadata.name") == "films"
    return near and selects(peer.get("podSelector", {}), labels)


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def open_port(rule: dict[str, Any], port: int) -> bool:
    return "ports" not in rule or port in [one["port"] for one in rule["ports"]]


def key(direction: str) -> str:
    return {"ingress": "from", "egress": "to"}[direction]
