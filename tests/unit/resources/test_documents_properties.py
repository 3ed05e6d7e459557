"""One object says the same in JSON, in YAML of several styles, and from the API server."""

from __future__ import annotations

import json
import re

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.resources.decoding import decode_json
from ingressd.resources.documents import decode_text
from ingressd.resources.ingress import Ingress

LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True).filter(
    lambda label: label not in ("y", "n")  # which PyYAML takes for text, and Kubernetes does not
)
# What PyYAML writes without quotes, and Kubernetes reads as a truth value or a number.
AMBIGUOUS = re.compile(r"[yn]|[-+]?[0-9._]+e[-+]?[0-9]+", re.IGNORECASE)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).filter(
    lambda text: not AMBIGUOUS.fullmatch(text)
)
BACKENDS = st.builds(
    lambda name, port: {"service": {"name": name, "port": port}},
    LABEL,
    st.integers(1, 65535).map(lambda number: {"number": number})
    | LABEL.map(lambda name: {"name": name}),
)
PATHS = st.builds(
    lambda path, kind, backend: {"path": f"/{path}", "pathType": kind, "backend": backend},
    TEXT,
    st.sampled_from(["Exact", "Prefix", "ImplementationSpecific"]),
    BACKENDS,
)
RULES = st.builds(
    lambda host, paths: {"host": host, "http": {"paths": paths}},
    LABEL,
    st.lists(PATHS, min_size=1, max_size=3),
)
INGRESSES = st.builds(
    lambda name, annotations, rules: {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop", "annotations": annotations},
        "spec": {"rules": rules},
    },
    LABEL,
    st.dictionaries(LABEL, TEXT, max_size=3),
    st.lists(RULES, min_size=1, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(INGRESSES, st.sampled_from([True, False, None]), st.sampled_from([None, "'", '"', "|"]))
def test_the_syntax_does_not_matter(
    value: dict[str, object], flow: bool | None, quotes: str | None
) -> None:
    expected = decode_json(json.dumps(value).encode(), Ingress)
    plain = yaml.safe_dump(value, default_flow_style=flow, default_style=quotes, allow_unicode=True)
    if quotes is not None:
        plain = yaml.safe_dump(value, default_flow_style=flow)
    for text in (plain, json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        decoding = decode_text(text, "x.yaml")
        assert decoding.findings == ()
        assert [located.resource for located in decoding.objects] == [expected]


@settings(max_examples=60, deadline=None)
@given(st.lists(INGRESSES, max_size=4, unique_by=lambda value: value["metadata"]["name"]))
def test_documents_and_lists_hold_the_same(values: list[dict[str, object]]) -> None:
    documents = decode_text(yaml.safe_dump_all(values, explicit_start=True), "x.yaml")
    listed = decode_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": values}), "x.yaml"
    )
    found = [located.resource for located in documents.objects]
    assert found == [located.resource for located in listed.objects]
    assert [each.key.name for each in found] == [each["metadata"]["name"] for each in values]
    assert documents.findings == listed.findings == ()
