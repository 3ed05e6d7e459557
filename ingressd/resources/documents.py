"""The documents of a file, read one by one, so that a broken one loses only itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from ingressd.resources.decoding import Decoding, Located, decode_document
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.yaml_values import MAX_DEPTH, PlainValue, YamlError, read_yaml

_SEPARATOR = re.compile(r"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.[ \t]*\r?(?:\n|\Z))", re.MULTILINE)
_CONTENT = re.compile(r"^(?!---[ \t]*(?:#.*)?\r?$)[ \t]*[^\s#%]", re.MULTILINE)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_SPACE = re.compile(r"\S")
_BYTE_ORDER_MARK = "\ufeff"


class Document(Struct, frozen=True):
    """One document: its value or, where it cannot be read, an ``error``.

    ``line`` (from 1, within the file) is where the document starts or, with an error, where that
    is. ``repeated`` are keys that were written twice, each with its line.
    """

    number: int
    line: int
    value: PlainValue = None
    repeated: tuple[tuple[str, int], ...] = ()
    error: str = ""
    is_template: bool = False

    def __repr__(self) -> str:
        """Without the value: it may be a Secret."""
        return f"Document({self.number}, line={self.line}, error={self.error!r})"


def read_documents(text: str) -> tuple[Document, ...]:
    """Every document of YAML or JSON text; empty ones are neither returned nor counted."""
    documents: list[Document] = []
    for line, chunk in _chunks(text.removeprefix(_BYTE_ORDER_MARK)):
        for document in _read_chunk(chunk, line):
            number = len(documents) + 1
            documents.append(msgspec.structs.replace(document, number=number))
    return tuple(documents)


def decode_text(text: str, file: str) -> Decoding:
    """Everything a file holds, decoded; nothing is raised, whatever the text."""
    documents = read_documents(text)
    decodings = [
        _decode(document, file, f"{file}, document {document.number}" if documents[1:] else file)
        for document in documents
    ]
    return merge(decodings)


def merge(decodings: list[Decoding]) -> Decoding:
    """Several decodings as one; of an object that occurs twice the first one stays."""
    first: dict[ObjectKey, Located] = {}
    findings: list[Finding] = []
    for decoding in decodings:
        findings.extend(decoding.findings)
        for located in decoding.objects:
            winner = first.setdefault(located.resource.key, located)
            if winner is not located:
                findings.append(duplicate_object(located, winner))
    return Decoding(
        objects=tuple(first.values()),
        findings=tuple(findings),
        refused=frozenset().union(*(decoding.refused for decoding in decodings)),
        has_unknown=any(decoding.has_unknown for decoding in decodings),
    )


def duplicate_object(loser: Located, winner: Located) -> Finding:
    """An object that is not used because another place defines it as well."""
    return Finding(
        Severity.ERROR,
        "DuplicateObject",
        loser.resource.key,
        "",
        f"is defined in {winner.origin} too; that one is used and this one is not",
        "remove one of the two",
        loser.origin,
    )


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Text between document markers, each with its first line; a marker starts the next chunk."""
    start, line = 0, 1
    for match in _SEPARATOR.finditer(text):
        is_end_marker = match[0].startswith("...")
        cut = match.end() if is_end_marker else match.start()
        chunk = text[start:cut]
        yield line, chunk[: match.start() - start]
        start, line = cut, line + chunk.count("\n")
    yield line, text[start:]


def _read_chunk(chunk: str, line: int) -> list[Document]:
    if not _CONTENT.search(chunk):
        return []
    body = chunk.removeprefix("---").lstrip()
    if body.startswith("{"):
        return _read_json(body, chunk, line)
    return [_read_yaml(chunk, line)]


def _read_yaml(chunk: str, line: int) -> Document:
    try:
        read = read_yaml(chunk)
    except YamlError as error:
        return _broken(error.reason, line + error.line - 1, chunk)
    repeated = tuple((key, line + at - 1) for key, at in read.repeated)
    return Document(0, line, read.value, repeated)


def _read_json(body: str, chunk: str, first_line: int) -> list[Document]:
    """JSON values one after the other; text that only looks like JSON is flow-style YAML."""
    first_line += chunk[: len(chunk) - len(body)].count("\n")
    documents: list[Document] = []
    position, line = 0, first_line
    while position < len(body):
        try:
            document, end = _next_json(body, position, line)
        except json.JSONDecodeError as error:
            broken = _broken(f"not JSON: {error.msg}", first_line + error.lineno - 1, chunk)
            return [*documents, broken if documents else _flow_style(body, first_line, broken)]
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            return [*documents, _broken(f"not JSON: {reason}", line, chunk)]
        documents.append(document)
        line += body.count("\n", position, end)
        position = end
    return documents


def _flow_style(text: str, line: int, broken: Document) -> Document:
    read = _read_yaml(text, line)
    return broken if read.error else read


def _next_json(body: str, position: int, line: int) -> tuple[Document, int]:
    """The value at ``position`` and where the next starts; raises ValueError, RecursionError."""
    repeated: list[tuple[str, int]] = []

    def mapping(pairs: list[tuple[str, PlainValue]]) -> dict[str, PlainValue]:
        values = dict(pairs)
        if len(values) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.extend((name, line) for name, count in counts.items() if count > 1)
        return values

    value, end = json.JSONDecoder(object_pairs_hook=mapping).raw_decode(body, position)
    _check_json(value, body[position:end])
    after = _NOT_SPACE.search(body, end)
    return Document(0, line, value, tuple(repeated)), after.start() if after else len(body)


def _check_json(value: PlainValue, text: str) -> None:
    """Refuse what the standard decoder lets through: half a surrogate pair, any depth."""
    if _SURROGATE.search(text):
        try:
            msgspec.json.encode(value)
        except UnicodeEncodeError:
            raise ValueError("a \\u escape is half of a surrogate pair") from None
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def _children(value: PlainValue) -> list[PlainValue]:
    children = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(children, list):
        return []
    return [child for child in children if isinstance(child, dict | list)]


def _broken(reason: str, line: int, text: str) -> Document:
    return Document(0, line, error=reason, is_template="{{" in text)


def _decode(document: Document, file: str, origin: str) -> Decoding:
    if document.error:
        finding = _template(document, file) if document.is_template else _unread(document, file)
        return Decoding(
            findings=(msgspec.structs.replace(finding, origin=origin),), has_unknown=True
        )
    decoding = decode_document(document.value, file, origin)
    if not document.repeated:
        return decoding
    subject = decoding.objects[0].resource.key if decoding.objects else ObjectKey("File", "", file)
    repeated = tuple(_repeated_key(subject, key, line, origin) for key, line in document.repeated)
    return msgspec.structs.replace(decoding, findings=(*decoding.findings, *repeated))


def _unread(document: Document, file: str) -> Finding:
    return Finding(
        Severity.ERROR,
        "InvalidDocument",
        ObjectKey("File", "", file),
        "",
        f"document {document.number} cannot be read: line {document.line}: {document.error}; "
        "an object it held when it could be read stays in use",
        f"repair line {document.line}, or what precedes it",
    )


def _template(document: Document, file: str) -> Finding:
    return Finding(
        Severity.ERROR,
        "UnrenderedTemplate",
        ObjectKey("File", "", file),
        "",
        f"document {document.number} holds template expressions ({{{{ }}}}) and is no manifest yet",
        "render it first, for example `helm template CHART | ingressd run --manifests -`",
    )


def _repeated_key(subject: ObjectKey, key: str, line: int, origin: str) -> Finding:
    """Files put together without a marker repeat what every object starts with: all but one go."""
    is_object_lost = key in ("apiVersion", "kind")
    return Finding(
        Severity.ERROR if is_object_lost else Severity.WARNING,
        "DuplicateKey",
        subject,
        "",
        f"line {line} repeats the key {key!r} in one mapping; the last value is used",
        "write --- between two objects" if is_object_lost else "keep one of them",
        origin,
    )
