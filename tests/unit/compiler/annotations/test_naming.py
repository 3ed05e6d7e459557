from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.objects import PREFIX
from support.rows import HARMLESS, PROTECTIVE, referring_rows

from ingressd.compiler.annotations.naming import objects_named
from ingressd.compiler.annotations.reading import NOTHING, Surroundings, read_annotations
from ingressd.resources.metadata import ObjectKey


@pytest.fixture(autouse=True)
def _referring() -> Iterator[None]:
    with referring_rows():
        yield


def named(**annotations: str) -> set[str]:
    texts = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return {str(key) for key in objects_named(texts, PREFIX, "shop")}


def test_secrets_and_configmaps_are_named_by_their_rows() -> None:
    assert named(auth_tls_secret="ca", ssl_ciphers=" other/settings ", server_alias="x") == {
        "Secret shop/ca",
        "ConfigMap other/settings",
    }


@pytest.mark.parametrize("text", ["", "a/b/c", "ca,type!=x", "Ca"])
def test_what_can_be_no_object_becomes_no_selector(text: str) -> None:
    assert named(auth_tls_secret=text) == set()


def test_another_prefix_names_nothing() -> None:
    annotations = {f"{PREFIX}/{row.name}": "x" for row in (PROTECTIVE, HARMLESS)}
    assert objects_named(annotations, "example.com", "shop") == frozenset()
    assert len(objects_named(annotations, PREFIX, "shop")) == 2


def test_what_is_looked_up_is_what_was_named() -> None:
    annotations = {f"{PREFIX}/{row.name}": "other/x" for row in (PROTECTIVE, HARMLESS)}
    asked: list[ObjectKey] = []
    around = Surroundings("shop", asked.append)
    reading = read_annotations(annotations, PREFIX, NOTHING.directives, around)
    assert set(reading.named) == objects_named(annotations, PREFIX, "shop")
    assert asked == []  # it is of another namespace, and that is not allowed
