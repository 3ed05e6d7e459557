from __future__ import annotations

import pytest

from ingressd.routing.model import Backend, parse_upstream_key


@pytest.mark.parametrize("made", [Backend("ops", "errors", ""), Backend("shop", "web", "http")])
def test_the_key_of_an_upstream_names_its_backend(made: Backend) -> None:
    assert parse_upstream_key(made.upstream) == made
