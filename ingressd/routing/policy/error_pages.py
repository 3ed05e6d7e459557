"""Which errors are answered with a page of the default backend."""

from __future__ import annotations

from msgspec import Struct


class ErrorPages(Struct, frozen=True, gc=False, omit_defaults=True):
    """Answers with one of ``statuses`` are replaced, with ``of_pods`` also those that pods give."""

    statuses: tuple[int, ...] = ()
    of_pods: bool = True
