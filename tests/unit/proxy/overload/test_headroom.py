"""What is asked for before a handshake begins."""

from __future__ import annotations

import mmap
import resource
from collections.abc import Iterator

import pytest

from ingressd.proxy.overload import headroom
from ingressd.proxy.overload.headroom import require_tls_room


@pytest.fixture
def limited() -> Iterator[None]:
    """A limit of address space that is far away."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 46, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def full(*_: object) -> None:
    raise OSError(12, "Cannot allocate memory")


def test_without_a_limit_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "TLS_ROOM", 1 << 60)
    require_tls_room()


@pytest.mark.usefixtures("limited")
def test_as_a_rule_there_is_room() -> None:
    require_tls_room()


@pytest.mark.usefixtures("limited")
def test_what_was_freed_is_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "mmap", full)
    require_tls_room()


@pytest.mark.usefixtures("limited")
def test_without_room_there_is_an_error_that_can_be_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(headroom, "TLS_ROOM", 1 << 60)
    with pytest.raises(MemoryError):
        require_tls_room()
