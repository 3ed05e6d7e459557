from __future__ import annotations

import resource

import pytest

from ingressd.proxy.client.listener import affordable_connections


@pytest.mark.parametrize(
    ("wanted", "descriptors", "expected"),
    [
        (16384, 1_048_576, 16384),
        (16384, resource.RLIM_INFINITY, 16384),
        (16384, 1024, 224),
        (100, 1024, 100),
        (16384, 64, 1),
    ],
)
def test_every_connection_can_have_an_upstream_one_and_files(
    monkeypatch: pytest.MonkeyPatch, wanted: int, descriptors: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert affordable_connections(wanted) == expected
