"""Which objects the annotations of an Ingress name: what must be read before they can be judged."""

from __future__ import annotations

from collections.abc import Mapping

from ingressd.compiler.annotations.reading import stripped
from ingressd.compiler.annotations.referent import read_name
from ingressd.compiler.annotations.table import rows_for
from ingressd.resources.metadata import ObjectKey


def objects_named(
    annotations: Mapping[str, str], prefix: str, namespace: str
) -> frozenset[ObjectKey]:
    """Secrets and ConfigMaps, whether or not the Ingress, of ``namespace``, may use them."""
    texts = stripped(annotations, prefix)
    named = set()
    for row in rows_for(texts):
        if row.refers is None or not row.field:
            continue
        text = next(texts[name] for name in (row.name, *row.aliases) if name in texts)
        try:
            named.add(read_name(text.strip(), row.refers(texts).kind, namespace))
        except ValueError:  # the finding about the annotation says so
            continue
    return frozenset(named)
