"""Secret and ConfigMap (v1)."""

from __future__ import annotations

from typing import Any

from ingressd.resources.metadata import Resource

TLS_SECRET_TYPE = "kubernetes.io/tls"
TLS_CERTIFICATE_KEY = "tls.crt"
TLS_PRIVATE_KEY_KEY = "tls.key"


class Secret(Resource, frozen=True, kw_only=True, rename="camel"):
    """Values that must not be shown: ``repr`` gives the keys only.

    ``data`` is base64 in JSON and YAML and bytes here. ``string_data`` (files only: the API server
    never returns it) wins over ``data``, as it does when the API server merges the two.
    """

    type: str = "Opaque"
    data: dict[str, bytes] = {}
    string_data: dict[str, str] = {}

    def value(self, name: str) -> bytes | None:
        """The bytes under ``name``, or None."""
        text = self.string_data.get(name)
        return text.encode() if text is not None else self.data.get(name)

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            ("name", f"{self.metadata.namespace}/{self.metadata.name}"),
            ("type", self.type),
            ("keys", sorted({*self.data, *self.string_data})),
        ]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Secret({fields})"


class ConfigMap(Resource, frozen=True, kw_only=True, rename="camel"):
    """Settings as text."""

    data: dict[str, str] = {}
