"""Lines of a watch and pages of a list: what is well formed is read, all else told apart."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.resources.metadata import ObjectKey
from ingressd.resources.service import Service
from ingressd.sources.kubernetes.envelopes import (
    Bookmark,
    Gone,
    Page,
    Put,
    Refused,
    decode_line,
    decode_page,
)
from ingressd.sources.kubernetes.errors import ApiError, StreamGarbled

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["type", "object", "metadata", "items", "name", "spec", "code", "x"])
DOCUMENTS = st.dictionaries(KEYS, PLAIN | st.dictionaries(KEYS, PLAIN), max_size=4)
TYPES = st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "", "added"])
RAW = st.binary(max_size=40) | DOCUMENTS.map(lambda value: json.dumps(value).encode())


def service(name: str, version: int) -> dict[str, object]:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"ports": [{"port": 80}]}}


def line(type_: str, changed: object) -> bytes:
    return json.dumps({"type": type_, "object": changed}).encode()


@given(NAMES, st.integers(0), st.sampled_from(["ADDED", "MODIFIED"]))
def test_what_is_well_formed_is_read(name: str, version: int, type_: str) -> None:
    key = ObjectKey("Service", "shop", name)
    put = decode_line(line(type_, service(name, version)), Service)
    assert isinstance(put, Put) and put.resource.key == key
    gone = decode_line(line("DELETED", service(name, version)), Service)
    assert gone == Gone(key, str(version))
    assert decode_line(line("BOOKMARK", service(name, version)), Service) == Bookmark(str(version))


@settings(deadline=None)
@given(RAW | st.builds(line, TYPES, PLAIN | DOCUMENTS))
def test_any_line_is_an_event_or_garbled(raw: bytes) -> None:
    try:
        event = decode_line(raw, Service)
    except (ApiError, StreamGarbled) as error:
        assert str(error)
        return
    assert isinstance(event, Put | Gone | Bookmark | Refused)
    assert not isinstance(event, Refused) or event.findings


@settings(deadline=None)
@given(RAW | st.lists(PLAIN | DOCUMENTS).map(lambda items: json.dumps({"items": items}).encode()))
def test_any_page_is_one_or_garbled(raw: bytes) -> None:
    try:
        page = decode_page(raw, Service)
    except StreamGarbled as error:
        assert str(error)
        return
    assert isinstance(page, Page)
    assert all(refused.findings for refused in page.refused)


@settings(deadline=None)
@given(st.lists(NAMES, unique=True, max_size=5), st.lists(DOCUMENTS, max_size=3), st.randoms())
def test_bad_objects_cost_no_good_ones(
    names: list[str], bad: list[dict[str, object]], random: object
) -> None:
    good = [service(name, number) for number, name in enumerate(names)]
    items = [*good, *({**each, "metadata": 5} for each in bad)]
    random.shuffle(items)  # type: ignore[attr-defined]
    page = decode_page(json.dumps({"items": items}).encode(), Service)
    assert sorted(each.key.name for each in page.objects) == sorted(names)
    assert len(page.refused) == len(bad)
