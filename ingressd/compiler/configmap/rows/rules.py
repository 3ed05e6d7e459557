"""What Ingresses may say."""

from __future__ import annotations

from ingressd.compiler.annotations.denied_words import words
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import boolean
from ingressd.compiler.configmap.row import Row, no_op

_NO_SNIPPETS = "snippets are never run"

ROWS = (
    Row(
        name="allow-snippet-annotations",
        default="false",
        summary="Run the nginx directives in *-snippet annotations.",
        support=Support.NEVER,
        instead=_NO_SNIPPETS,
        remedy="ingressd check names each snippet, and what stands in its place",
        usual="false",
    ),
    no_op("annotations-risk-level", "Which annotations are too risky.", "High", _NO_SNIPPETS),
    Row(
        name="allow-cross-namespace-resources",
        default="false",
        field="directives.may_cross_namespaces",
        value=boolean(),
        summary="Let annotations name Secrets and ConfigMaps of other namespaces.",
    ),
    Row(
        name="annotation-value-word-blocklist",
        field="directives.denied_words",
        value=words(),
        summary="Words, separated by commas: an Ingress with one of them in an annotation is not "
        "served.",
    ),
    Row(
        name="strict-validate-path-type",
        default="false",
        summary="Refuse Exact and Prefix paths with characters of patterns in them.",
        support=Support.NOT_YET,
        instead="they are taken literally, with a finding",
        remedy="remove it",
        usual="false",
    ),
)
