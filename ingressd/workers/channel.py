"""The channel between the supervisor and one worker: length-prefixed msgpack over a socket pair.

A frame is a 4-byte big-endian length and one message. The end of the stream means that the other
side is gone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Generic, TypeVar

import msgspec

from ingressd.workers.messages import Command, Report

MAX_FRAME = 256 * 1024 * 1024
"""Bytes. Some ten times the whole table of 10,000 Ingresses; more is a broken stream."""

_LENGTH = struct.Struct("!I")
_ENCODER = msgspec.msgpack.Encoder()

Received = TypeVar("Received")


class BrokenChannel(Exception):
    """What arrived is no message: both sides must be of the same version."""


def encode_frame(message: Command | Report) -> bytes:
    """One message as it travels. Raises ValueError where it is larger than MAX_FRAME."""
    body = _ENCODER.encode(message)
    if len(body) > MAX_FRAME:
        raise ValueError(f"a message of {len(body)} bytes does not fit a frame of {MAX_FRAME}")
    return _LENGTH.pack(len(body)) + body


class Channel(Generic[Received]):
    """One end of the channel; use :func:`open_channel`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: msgspec.msgpack.Decoder[Received],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder

    async def receive(self) -> Received | None:
        """The next message, or None once the other side is gone. Raises BrokenChannel."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            if length > MAX_FRAME:
                raise BrokenChannel(f"a frame of {length} bytes")
            body = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BrokenChannel(str(error)) from error

    def post(self, message: Command | Report) -> None:
        """Send a small message without waiting for room.

        It is lost where the other side is gone, which :meth:`receive` tells.
        """
        if not self._writer.is_closing():
            self._writer.write(encode_frame(message))

    async def send_frame(self, frame: bytes) -> None:
        """Send what :func:`encode_frame` made and wait for room. Raises ConnectionError."""
        if self._writer.is_closing():  # uvloop would raise RuntimeError
            raise ConnectionResetError("the other side is gone")
        self._writer.write(frame)
        await self._writer.drain()

    async def send(self, message: Command | Report) -> None:
        """Send a message and wait for room. Raises ConnectionError once the other side is gone."""
        await self.send_frame(encode_frame(message))

    async def close(self) -> None:
        """Send what is buffered and close; the other side sees the end of the stream."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the other side went first: closed all the same


async def open_channel(end: socket.socket, received: type[Received]) -> Channel[Received]:
    """A channel over one end of a socket pair; ``received`` is the union of what may arrive."""
    reader, writer = await asyncio.open_unix_connection(sock=end)
    return Channel(reader, writer, msgspec.msgpack.Decoder(received))
