from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.paths import encode_path, normalise_path, readable_path


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("/", "/"),
        ("", "/"),
        ("/foo", "/foo"),
        ("/foo/", "/foo/"),
        ("//foo///bar//", "/foo/bar/"),
        ("/./foo/.", "/foo/"),
        ("/a/b/../c", "/a/c"),
        ("/a/..", "/"),
        ("/a/../", "/"),
        ("/a//../b", "/b"),
        ("/..a/.b/c..", "/..a/.b/c.."),
        ("/.well-known/acme-challenge/x", "/.well-known/acme-challenge/x"),
        ("/f%6Fo", "/foo"),
        ("/a%2Fb", "/a/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/100%25", "/100%"),
        ("/%252e%252e/x", "/%2e%2e/x"),
        ("/a%3Fb%23c", "/a?b#c"),
        ("/caf%C3%A9", "/café"),
        ("/%ff", "/\udcff"),
        ("/a+b", "/a+b"),
    ],
)
def test_normalises_as_nginx_does(raw: str, normalised: str) -> None:
    assert normalise_path(raw) == normalised


@pytest.mark.parametrize(
    "raw",
    ["/..", "/../x", "/a/../../b", "/%2e%2e/etc", "/%zz", "/%2", "/a%", "/%00", "/\0", "*", "foo"],
)
def test_refuses(raw: str) -> None:
    assert normalise_path(raw) is None


@pytest.mark.parametrize(
    ("decoded", "encoded"),
    [
        ("/plain/path-1.2_3~", "/plain/path-1.2_3~"),
        ("/a b", "/a%20b"),
        ("/100%", "/100%25"),
        ("/a?b#c", "/a%3Fb%23c"),
        ("/café", "/caf%C3%A9"),
        ("/\udcff", "/%FF"),
        ("/a\r\nb", "/a%0D%0Ab"),
    ],
)
def test_encodes_for_the_wire(decoded: str, encoded: str) -> None:
    assert encode_path(decoded) == encoded


@pytest.mark.parametrize(
    ("decoded", "readable"),
    [("/café x", "/café x"), ("/\udcff", "/%FF"), ("/a\x1b[2J\n", "/a%1B[2J%0A")],
)
def test_readable(decoded: str, readable: str) -> None:
    assert readable_path(decoded) == readable


PATHS = st.lists(
    st.sampled_from(["/", "//", ".", "..", "a", "%2e", "%2F", "%25", "%41", "é", "%C3%A9", "%ff"]),
    max_size=12,
).map(lambda parts: "/" + "".join(parts))


@given(PATHS)
def test_is_idempotent_over_the_wire(raw: str) -> None:
    once = normalise_path(raw)
    if once is not None:
        assert normalise_path(encode_path(once)) == once


@given(PATHS)
def test_leaves_nothing_to_resolve(raw: str) -> None:
    path = normalise_path(raw)
    if path is not None:
        assert path.startswith("/")
        assert "//" not in path
        assert not {".", ".."} & set(path.split("/"))


@given(st.text(alphabet="abc/", max_size=12).map("/".__add__))
def test_a_path_without_specials_only_loses_slashes(raw: str) -> None:
    path = normalise_path(raw)
    assert path is not None
    assert path.replace("/", "") == unquote(raw).replace("/", "")
