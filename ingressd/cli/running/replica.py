"""Which replica this is: its namespace, its name, and an identity that no other process has."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from ingressd.cli.options.cluster import ClusterFlags
from ingressd.controller.cluster.companions import ReplicaSettings
from ingressd.controller.cluster.elector import Candidate
from ingressd.resources.decoding import DEFAULT_NAMESPACE

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def replica_settings(flags: ClusterFlags, environment: Mapping[str, str]) -> ReplicaSettings:
    """What the flags and the pod we run in come to."""
    instance = environment.get("POD_NAME") or socket.gethostname()
    identity = f"{instance}_{secrets.token_hex(4)}"
    return ReplicaSettings(
        candidate=Candidate(identity, own_namespace(environment), flags.election_id),
        instance=instance,
        publish_service=flags.publish_service,
        publish_status_address=flags.publish_status_address,
        update_status_on_shutdown=flags.update_status_on_shutdown,
    )


def own_namespace(environment: Mapping[str, str], file: Path = NAMESPACE_FILE) -> str:
    """``POD_NAMESPACE`` (downward API), else that of the ServiceAccount, else ``default``."""
    named = environment.get("POD_NAMESPACE", "")
    if named:
        return named
    try:
        return file.read_text().strip() or DEFAULT_NAMESPACE
    except OSError:
        return DEFAULT_NAMESPACE
