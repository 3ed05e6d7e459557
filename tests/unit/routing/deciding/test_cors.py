from __future__ import annotations

import pytest

from ingressd.routing.deciding.cors import origin_check
from ingressd.routing.policy import Cors

SEVERAL = ("http://*.origin.com:8080", "https://b.test", "null")


@pytest.mark.parametrize(
    ("origins", "origin", "admits"),
    [
        (("*",), b"https://anybody.test", True),
        (("*",), b"", True),
        (SEVERAL, b"https://b.test", True),
        (SEVERAL, b"HTTPS://B.test", True),
        (SEVERAL, b"http://b.test", False),
        (SEVERAL, b"https://b.test:443", False),
        (SEVERAL, b"https://a.b.test", False),
        (SEVERAL, b"https://bxtest", False),
        (SEVERAL, b"https://b.test\n", False),
        (SEVERAL, b"evil://https://b.test", False),
        (SEVERAL, b"http://bar-foo.origin.com:8080", True),
        (SEVERAL, b"http://origin.com:8080", False),
        (SEVERAL, b"http://a.b.origin.com:8080", False),
        (SEVERAL, b"http://a.origin.com", False),
        (SEVERAL, b"null", True),
        (SEVERAL, b"", False),
    ],
)
def test_which_origins_are_let_in(origins: tuple[str, ...], origin: bytes, admits: bool) -> None:
    assert bool(origin_check(Cors(origins=origins))(origin)) is admits
