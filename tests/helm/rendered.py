"""The chart as Helm renders it, for many sets of values."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

CHART = Path(__file__).parents[2] / "helm" / "moviola"
ALLOWED: dict[str, Any] = {"gateway": {"allowAnonymous": True}}
SECRET = {"name": "mine"}

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "sidecar": {"triton": {"mode": "sidecar"}},
    "gpu": {
        "triton": {
            "modelConfigName": "tensorrt",
            "modelRepository": {"existingClaim": "plans"},
            "resources": {"limits": {"nvidia.com/gpu": 1}},
            "scheduling": {"runtimeClassName": "nvidia", "nodeSelector": {"gpu": "yes"}},
        }
    },
    "gpu sidecar": {
        "triton": {
            "mode": "sidecar",
            "modelConfigName": "tensorrt",
            "modelRepository": {"existingClaim": "plans"},
        }
    },
    "redis elsewhere": {
        "redis": {"enabled": False, "urlSecret": SECRET},
        "networkPolicy": {"redisTo": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "redisPort": 6380},
    },
    "secrets": {"redis": {"passwordSecret": SECRET}, "webhooks": {"secret": SECRET}},
    "outside": {
        "gateway": {
            "ingress": {"enabled": True, "host": "films.example", "tlsSecret": "tls", "className": "nginx"},
            "autoscaling": {"enabled": True},
            "service": {"type": "NodePort", "port": 8080},
        },
        "networkPolicy": {
            "gatewayFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        },
    },
    "sidecar with metrics": {
        "triton": {"mode": "sidecar"},
        "networkPolicy": {"metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]},
    },
    "no policies": {"networkPolicy": {"enabled": False}},
    "nobody": {"networkPolicy": {"gatewayFrom": [], "webhooks": False}},
    "own names": {
        "fullnameOverride": "films",
        "imagePullSecrets": [{"name": "registry"}],
        "storage": {"existingClaim": "films", "accessMode": "ReadWriteOnce"},
        "gateway": {"image": {"repository": "r.example/gateway", "digest": f"sha256:{'0' * 64}"}},
        "worker": {"image": {"tag": "next"}, "graceSeconds": 40.5, "replicas": 0},
    },
    "settings": {
        "settings": {
            "MOVIOLA_ALIASES": "sora-2,other",
            "MOVIOLA_BATCH_SHARE": 0.25,
            "MOVIOLA_MAX_BODY_BYTES": 104857600,
            "MOVIOLA_MIN_FREE_BYTES": 10737418240,
            "MOVIOLA_SNAPSHOT_EVERY_S": 0,
            "MOVIOLA_WEBHOOK_NETWORKS": "10.0.0.0/8, fd00::/8",
            "MOVIOLA_WEBHOOK_PORTS": "443, 9443",
            "MOVIOLA_WEIGHTS": {"acme": 3},
        }
    },
}


@dataclass(frozen=True)
class Rendered:
    """Objects of one rendering."""

    objects: tuple[dict[str, Any], ...]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Objects of a kind by name."""
        return {one["metadata"]["name"]: one for one in self.objects if one["kind"] == kind}

    @property
    def templates(self) -> dict[str, dict[str, Any]]:
        """Pod templates by component."""
        owners = [one for one in self.objects if "template" in one.get("spec", {})]
        return {part(one["spec"]["template"]): one["spec"]["template"] for one in owners}

    @property
    def pods(self) -> dict[str, dict[str, Any]]:
        """Pod specs by component."""
        return {name: template["spec"] for name, template in self.templates.items()}

    def environment(self, component: str) -> dict[str, Any]:
        """Of the first container, what the process reads: values, or where they come from."""
        container = self.pods[component]["containers"][0]
        found: dict[str, Any] = {}
        for source in container.get("envFrom", ()):
            found |= self.of("ConfigMap")[source["configMapRef"]["name"]].get("data") or {}
        return found | {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def part(owner: dict[str, Any]) -> str:
    """The component that labels name."""
    name: str = owner["metadata"]["labels"]["app.kubernetes.io/component"]
    return name


def render(values: dict[str, Any], *, name: str = "moviola", allowed: bool = True) -> Rendered:
    """Objects for ``values``, which may be served without keys if ``allowed``. Raises HelmError."""
    merged = {**values, "gateway": {**(ALLOWED["gateway"] if allowed else {}), **values.get("gateway", {})}}
    with Chart.load(CHART) as chart:
        files = chart.render(merged, name=name, namespace="films")
    texts = [text for path, text in sorted(files.items()) if not path.endswith("NOTES.txt")]
    objects = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return Rendered(tuple(objects))


@cache
def variant(name: str) -> Rendered:
    """One of ``VARIANTS``."""
    return render(VARIANTS[name])
