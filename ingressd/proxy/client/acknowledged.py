"""How much of what was written a client has taken, however slowly it reads."""

from __future__ import annotations

import asyncio
import socket
import struct

_BYTES_ACKED = 120
"""Where ``tcpi_bytes_acked`` stands in ``struct tcp_info`` (linux/tcp.h)."""

_NUMBER = struct.Struct("=Q")


def acknowledged_bytes(transport: asyncio.BaseTransport | None) -> int:
    """Bytes that the client's system has acknowledged since the connection began (tcp(7),
    TCP_INFO); 0 where nobody can tell, because the connection is gone.

    It acknowledges what fits into its buffers, and so in the end nothing for a client that does not
    read.
    """
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return 0
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + _NUMBER.size)
    return int(_NUMBER.unpack_from(told, _BYTES_ACKED)[0])
