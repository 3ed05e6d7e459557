"""Whether there is enough memory for what must not run out of it half way."""

from __future__ import annotations

import mmap
import resource

TLS_ROOM = 4 * 1024 * 1024
"""Bytes: for all handshakes that begin in one turn of the event loop."""


def require_tls_room() -> None:
    """Ask for memory and give it back, untouched: some microseconds of a handshake.

    CPython's ``ssl`` crashes, and all of the worker, where OpenSSL gets none for a connection.
    Raises MemoryError in its place, which costs one connection. Without a limit of address space
    (RLIMIT_AS, which may be set at any time) Linux gives to whoever asks.
    """
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    try:
        mmap.mmap(-1, TLS_ROOM).close()
    except OSError:
        bytes(TLS_ROOM)  # what was freed, and glibc keeps the address space of, does as well
