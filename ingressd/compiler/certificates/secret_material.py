"""What workers get of a Secret that annotations name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from ingressd.compiler.annotations.referent import WantedSecret, content_of
from ingressd.resources.secret import Secret
from ingressd.routing.model import SecretMaterial


def compile_material(secret: Secret, wanted: Iterable[WantedSecret]) -> SecretMaterial:
    """All entries that any of those who name it want, as far as it has them."""
    content = content_of(secret) or {}
    names: set[str] = set()
    for each in wanted:
        names |= content.keys() if each.entries is None else each.entries & content.keys()
    entries = {name: content[name] for name in sorted(names)}
    return SecretMaterial(secret.key.qualified_name, _version(entries), entries)


def _version(entries: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, value in entries.items():
        for part in (name.encode(), value):
            digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()
