"""Rows that name objects, put into the annotation table for as long as a test needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from msgspec import structs

from ingressd.compiler.annotations import table
from ingressd.compiler.annotations.referent import CONFIG_MAP, Referent, always_to
from ingressd.compiler.annotations.row import Row, Support
from ingressd.compiler.annotations.values import object_name


def _honoured(name: str, **fields: object) -> Row:
    row = structs.replace(
        table.BY_NAME[name], support=Support.HONOURED, remedy="", value=object_name()
    )
    return structs.replace(row, **fields)


def _fault(content: Mapping[str, str]) -> str:
    return "" if "ciphers" in content else "has no key ciphers"


CIPHERS = Referent[str](
    kind=CONFIG_MAP,
    fault=_fault,
    remedy="write some",
    value=lambda _, content: content["ciphers"],
)
PROTECTIVE = table.BY_NAME["auth-tls-secret"]
"""Names a Secret with ca.crt; without it nothing may be served."""

HARMLESS = _honoured("ssl-ciphers", field="host.ciphers", refers=always_to(CIPHERS))
"""Names a ConfigMap with a key ``ciphers``, of which that becomes the setting of the host."""


@contextmanager
def referring_rows() -> Iterator[None]:
    """Both of them, in place of what the table has under these names."""
    rows = {**table.BY_NAME, PROTECTIVE.name: PROTECTIVE, HARMLESS.name: HARMLESS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "BY_NAME", rows)
        yield
