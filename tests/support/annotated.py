"""Ingresses with annotations, served by a real ``ingressd run --manifests``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from support.certificates import KeyPair
from support.objects import PREFIX
from support.processes import Served, serving

Manifest = dict[str, object]


def named_with_dashes(texts: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """Keyword arguments as annotations or keys are written."""
    return {f"{prefix}{name.replace('_', '-')}": text for name, text in texts.items()}


def ingress(
    name: str, host: str, paths: Sequence[str] = ("/",), *, tls: bool = False, **annotations: str
) -> Manifest:
    """An Ingress of the Service ``web``; paths that stand in an expression are given as such."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    entries = [
        {"path": path, "pathType": "ImplementationSpecific", "backend": backend} for path in paths
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "annotations": named_with_dashes(annotations, f"{PREFIX}/"),
        },
        "spec": {
            "rules": [{"host": host, "http": {"paths": entries}}],
            **({"tls": [{"hosts": [host]}]} if tls else {}),
        },
    }


def own(manifest: Manifest, **texts: str) -> Manifest:
    """The Ingress with annotations of ingressd's own."""
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    annotations = {**metadata["annotations"], **named_with_dashes(texts, "ingressd.dev/")}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def certified(manifest: Manifest, secret: str, *hosts: str) -> Manifest:
    """The Ingress with a certificate for these hosts."""
    entry = {"hosts": list(hosts), "secretName": secret}
    return {**manifest, "spec": {**manifest["spec"], "tls": [entry]}}  # type: ignore[dict-item]


def tls_secret(name: str, pair: KeyPair) -> Manifest:
    """A Secret with a certificate."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()},
    }


def write(folder: Path, *objects: Manifest) -> None:
    """Put objects into one file of a folder."""
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    (folder / "objects.json").write_text(json.dumps(listed))


def configmap(**keys: str) -> Manifest:
    """The ConfigMap that ``served`` names."""
    metadata = {"name": "settings", "namespace": "default"}
    data = named_with_dashes(keys)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@asynccontextmanager
async def served(
    folder: Path, port: int, *objects: Manifest, flags: Sequence[str] = ()
) -> AsyncIterator[Served]:
    """The program with these objects, whose Service ``web`` leads to a port of this machine."""
    write(folder, *objects)
    backend = ["--configmap", "default/settings", "--backend", f"web=127.0.0.1:{port}"]
    async with serving(["--manifests", str(folder), *backend, *flags]) as running:
        yield running
