from __future__ import annotations

import pytest

from ingressd.compiler.host_names import read_host


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("foo.example.com", "foo.example.com"),
        ("Foo.Example.COM.", "foo.example.com"),
        ("*.foo.com", "*.foo.com"),
        ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_names_are_put_in_canonical_form(text: str, name: str) -> None:
    assert read_host(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*", "first label"),
        ("foo.*.com", "first label"),
        ("**.foo.com", "first label"),
        ("10.0.0.1", "address"),
        ("foo.com:80", "port"),
        ("http://x.com", r"starts with a scheme \(http://\)"),
        ("::1", "address"),
        ("bücher.example", "xn--"),
        ("foo..com", "not a DNS name"),
        ("-foo.com", "not a DNS name"),
        ("foo_bar.com", "not a DNS name"),
        ("foo.com\n", "not a DNS name"),
        ("a." * 130 + "com", "longer"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("*", ".")):
        read_host(text)
