"""Objects that most tests of tests/e2e need, as dicts for ``Namespace.apply``."""

from __future__ import annotations

from support.cluster.api import Object
from support.cluster.pod_run import DEFAULT_PORT
from support.cluster.probes import PERIOD_ANNOTATION

IMAGE = "kubia:v1"
PROBE_SECONDS = 0.05


def deployment(
    name: str,
    replicas: int = 1,
    *,
    env: dict[str, object] | None = None,
    pre_stop: float = 0,
    probe_period: float = PROBE_SECONDS,
) -> Object:
    """Pods labelled ``app=NAME`` with container ``app``, port ``http`` and a readiness probe.

    ``env`` is what support/cluster/pod_app.py lists; ``pre_stop`` seconds pass between a pod's
    deletion and its listener being closed; ``probe_period`` is in seconds.
    """
    container: Object = {
        "name": "app",
        "image": IMAGE,
        "ports": [{"name": "http", "containerPort": DEFAULT_PORT}],
        "env": [{"name": key, "value": str(value)} for key, value in (env or {}).items()],
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": "http"},
            "failureThreshold": 1,
        },
    }
    if pre_stop:
        container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", str(pre_stop)]}}}
    metadata = {
        "labels": {"app": name},
        "annotations": {PERIOD_ANNOTATION: str(probe_period)},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": metadata, "spec": {"containers": [container]}},
        },
    }


def service(name: str, port: int = 80, **spec: object) -> Object:
    """A Service for the pods labelled ``app=NAME``, by the name of their port."""
    ports = [{"name": "http", "port": port, "targetPort": "http"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }
