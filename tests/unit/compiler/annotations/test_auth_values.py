from __future__ import annotations

import pytest

from ingressd.compiler.annotations.auth_values import (
    fault_of_template,
    header_names,
    lacking_headers,
    service_url,
    text_with_variables,
)
from ingressd.proxy.headers import REQUEST_MANAGED


@pytest.mark.parametrize("name", sorted(REQUEST_MANAGED))
def test_what_the_data_plane_writes_itself_is_not_taken_from_a_service(name: bytes) -> None:
    written = f"X-User,{name.decode().title()}"
    assert header_names().parse(written) == ("X-User",)
    assert lacking_headers(written).startswith(f"{name.decode().title()} is written by ingressd")
    underscored = name.decode().replace("-", "_")
    assert header_names().parse(underscored) == ()


def test_all_other_names_are() -> None:
    assert lacking_headers("Authorization, X-Forwarded-User,X-Auth-Request-Email") == ""


@pytest.mark.parametrize("text", ["http://a.test/%20;x?{y}", "http://a.test/#x", "/a,b"])
def test_the_configmap_may_say_more_than_an_annotation(text: str) -> None:
    assert text_with_variables(from_annotation=False).parse(text) == text
    with pytest.raises(ValueError, match="outside the allowed set"):
        text_with_variables(from_annotation=True).parse(text)


@pytest.mark.parametrize(
    "text", ["a b", "http://a.test/\tx", "http://a.test/\x7f", "http://u@a.test/", "ftp://a.test/"]
)
def test_but_not_everything(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        service_url(from_annotation=False).parse(text)


def test_the_fault_of_a_text_is_told() -> None:
    assert fault_of_template("a $host b") == ""
    assert fault_of_template("$hots") == "unknown variable $hots"
