from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.documents import Document, decode_text, read_documents
from ingressd.resources.finding import Severity

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment\n---\n# another\n---\n", []),
        ("a: 1\n---\nb: 2\n", [(1, 1), (2, 2)]),
        ("---\na: 1\n---\n\n---\nb: 2\n", [(1, 1), (2, 5)]),
        ("a: 1\n--- # comment\nb: 2\n", [(1, 1), (2, 2)]),
        ("a: 1\r\n---\r\nb: 2\r\n", [(1, 1), (2, 2)]),
        ("a: 1\n...\nb: 2\n", [(1, 1), (2, 3)]),
        ("%YAML 1.1\n---\na: 1\n", [(1, 2)]),
        ("a: |\n  ---\n  b\n", [(1, 1)]),
        ("a: x---\n---y: 1\n", [(1, 1)]),
        ("\ufeffa: 1\n", [(1, 1)]),
        ('{"a": 1}\n{"b":\n 2}\n\n{"c": 3}', [(1, 1), (2, 2), (3, 5)]),
        ('{"a": 1}\n---\n{"b": 2}\n', [(1, 1), (2, 3)]),
        ("{a: 1}", [(1, 1)]),
    ],
)
def test_documents_and_their_lines(text: str, expected: list[tuple[int, int]]) -> None:
    documents = read_documents(text)
    assert [(document.number, document.line) for document in documents] == expected
    assert all(not document.error for document in documents)


@pytest.mark.parametrize(
    ("text", "number", "line", "words"),
    [
        ("a: 1\n---\nb: [\n---\nc: 3\n", 2, 4, "did not find expected node content"),
        ("a: 1\n---\nx:\n\tb: 2\n", 2, 4, "cannot start any token"),
        ('{"a": 1}\n{"b":\n', 2, 3, "not JSON: Expecting value"),
        ('{"a":\n 1', 1, 2, "not JSON"),
        ('{"a": "\\ud800"}', 1, 1, "surrogate"),
        ('{"a":' * 150 + "1" + "}" * 150, 1, 1, "nested deeper than 100 levels"),
        ('{"a":' * 50_000, 1, 1, "nested too deep"),
    ],
)
def test_a_broken_document_loses_only_itself(text: str, number: int, line: int, words: str) -> None:
    documents = read_documents(text)
    (broken,) = [document for document in documents if document.error]
    assert (broken.number, broken.line) == (number, line)
    assert words in broken.error


def test_findings_say_file_document_and_line() -> None:
    decoding = decode_text(SERVICE % "a" + "---\nb: [\n---\n" + SERVICE % "c", "shop.yaml")
    assert [(str(o.resource.key), o.origin) for o in decoding.objects] == [
        ("Service default/a", "shop.yaml, document 1"),
        ("Service default/c", "shop.yaml, document 3"),
    ]
    (finding,) = decoding.findings
    assert (finding.code, finding.origin) == ("InvalidDocument", "shop.yaml, document 2")
    assert "document 2 cannot be read: line 6:" in finding.message
    assert decoding.has_unknown


def test_a_single_document_is_named_after_its_file() -> None:
    assert decode_text(SERVICE % "a", "shop.yaml").objects[0].origin == "shop.yaml"


def test_a_template_is_told_apart_from_a_mistake() -> None:
    (finding,) = decode_text("kind: Ingress\nname: {{ .Values.name }}\n", "t.yaml").findings
    assert finding.code == "UnrenderedTemplate"
    assert "helm template" in finding.remedy


def test_braces_in_a_config_map_are_no_template() -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: "{{ y }}"}\n'
    assert decode_text(text, "c.yaml").findings == ()


@pytest.mark.parametrize(
    "text",
    [
        SERVICE % "a" + "spec: {type: x}\nspec: {type: ClusterIP}\n",
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},'
        ' "spec": {}, "spec": {}}',
    ],
)
def test_a_repeated_key_is_a_warning(text: str) -> None:
    decoding = decode_text(text, "shop.yaml")
    (finding,) = decoding.findings
    assert (finding.severity, finding.code) == (Severity.WARNING, "DuplicateKey")
    assert str(finding.subject) == "Service default/a"
    assert "'spec'" in finding.message
    assert len(decoding.objects) == 1


def test_the_first_of_two_equal_names_is_used() -> None:
    text = SERVICE % "a" + "spec: {type: ClusterIP}\n---\n" + SERVICE % "a"
    decoding = decode_text(text, "shop.yaml")
    assert [located.origin for located in decoding.objects] == ["shop.yaml, document 1"]
    (finding,) = decoding.findings
    assert (finding.code, finding.origin) == ("DuplicateObject", "shop.yaml, document 2")
    assert "shop.yaml, document 1" in finding.message


def test_repr_shows_no_value() -> None:
    assert "TOPSECRET" not in repr(Document(1, 1, {"data": "TOPSECRET"}))


@given(st.text(max_size=200) | st.text(st.sampled_from('{}[]":,ab1-.\n \\u#&*|'), max_size=80))
def test_no_text_raises(text: str) -> None:
    decoding = decode_text(text, "x.yaml")
    assert all(finding.message and finding.remedy for finding in decoding.findings)


def test_objects_without_a_marker_between_them_are_an_error() -> None:
    one = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    decoding = decode_text(one + one, "a.yaml")
    told = [(finding.severity, finding.message.split("'")[1]) for finding in decoding.findings]
    assert told == [
        (Severity.ERROR, "apiVersion"),
        (Severity.ERROR, "kind"),
        (Severity.WARNING, "metadata"),
    ]
