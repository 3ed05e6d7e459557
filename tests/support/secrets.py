"""Secrets with marks in them, and where to look whether a mark has got out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from support.certificates import CertificateAuthority

KEY_MARK = "key-mark-5d1f0c"
BROKEN_MARK = "broken-mark-77aa01"
HASH_MARK = "hash-mark-e83b92"
AFFINITY_MARK = "affinity-mark-41c6d7"
TOKEN_MARK = "token-mark-0b9e35"
CLIENT_MARK = "client-mark-92ac18"

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  annotations: {annotations}
spec:
  tls: [{{hosts: [{host}], secretName: {secret}}}]
  rules:
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
"""

BASIC_AUTH = json.dumps(
    {
        "nginx.ingress.kubernetes.io/auth-type": "basic",
        "nginx.ingress.kubernetes.io/auth-secret": "users",
    }
)


class Marked(Struct, frozen=True):
    """Manifests that hold secrets, and every form in which one of them could show."""

    folder: Path
    forms: tuple[bytes, ...]

    def found_in(self, content: str | bytes) -> list[bytes]:
        """The forms that stand in some output."""
        haystack = content.encode() if isinstance(content, str) else content
        return [form for form in self.forms if form in haystack]


def marked_manifests(folder: Path) -> Marked:
    """A host with a good certificate, one with a broken key, one with users and passwords."""
    folder.mkdir()
    pair = CertificateAuthority().leaf("shop.test")
    key = f"{KEY_MARK}\n".encode() + pair.private_key
    broken = f"-----BEGIN PRIVATE KEY-----\n{BROKEN_MARK}\n-----END PRIVATE KEY-----\n".encode()
    secrets = {
        "tls": ("kubernetes.io/tls", {"tls.crt": pair.chain, "tls.key": key}),
        "broken": ("kubernetes.io/tls", {"tls.crt": pair.chain, "tls.key": broken}),
        "users": ("Opaque", {"auth": f"joe:$apr1${HASH_MARK}\n".encode()}),
    }
    for name, (kind, values) in secrets.items():
        (folder / f"{name}.json").write_text(json.dumps(_secret(name, kind, values)))
    hosts = {"shop": ("tls", "{}"), "bad": ("broken", "{}"), "auth": ("tls", BASIC_AUTH)}
    for name, (secret, extra) in hosts.items():
        text = INGRESS.format(name=name, host=f"{name}.test", secret=secret, annotations=extra)
        (folder / f"{name}.yaml").write_text(text)
    (folder / "service.yaml").write_text(SERVICE)
    forms = [form for mark in MARKS for form in _forms(mark.encode())]
    return Marked(folder, (*forms, *_key_forms(pair.private_key)))


MARKS = (KEY_MARK, BROKEN_MARK, HASH_MARK, AFFINITY_MARK, TOKEN_MARK, CLIENT_MARK)


def _secret(name: str, kind: str, values: dict[str, bytes]) -> dict[str, object]:
    encoded = {key: base64.b64encode(value).decode() for key, value in values.items()}
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    return {**head, "type": kind, "data": encoded}


def _forms(secret: bytes) -> Iterable[bytes]:
    """As it is, in hex, and in base64 wherever it stands in what is encoded."""
    yield secret
    yield secret.hex().encode()
    for padding in range(3):
        yield base64.b64encode(b"\0" * padding + secret)[4:-4]


def _key_forms(pem: bytes) -> Iterable[bytes]:
    """The key's own lines, its DER and its number, which no mark stands in."""
    key = load_pem_private_key(pem, None)
    yield from (line for line in pem.splitlines() if not line.startswith(b"-----"))
    yield key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    number = key.private_numbers().private_value  # type: ignore[union-attr]
    yield from (str(number).encode(), f"{number:x}".encode(), f"{number:X}".encode())
