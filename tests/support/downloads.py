"""Downloads that last for as long as a test wants."""

from __future__ import annotations

import asyncio

from support.clients import Response, fetch
from support.pods import Visit, signed
from support.waiting import until
from support.websockets import SWITCH, shout


class Downloads:
    """Answers of which a half has come; ``finish`` lets the pod send the other one."""

    def __init__(self) -> None:
        self.begun = 0
        self.finish = asyncio.Event()
        self._asked: list[asyncio.Task[Response]] = []

    async def script(self, visit: Visit) -> None:
        """A pod whose answers to ``/slow`` wait. To all else it answers as ``signing`` does, but
        agrees to an upgrade, and shouts then.
        """
        while received := await visit.request():
            if received.value(b"upgrade"):
                await visit.send(SWITCH)
                await shout(visit)
                return
            if b"/slow" not in received.line:
                await visit.send(signed(b"web", received))
                continue
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            self.begun += 1
            await self.finish.wait()
            await visit.send(b"half")

    async def begin(self, port: int, count: int) -> None:
        """Ask for some, and wait until a half of each has come."""
        self._asked = [asyncio.create_task(fetch(port, b"/slow")) for _ in range(count)]
        await until(lambda: self.begun == count)

    async def outcome(self) -> list[bool]:
        """Of each whether it came whole, now that the pod goes on."""
        self.finish.set()
        responses = await asyncio.gather(*self._asked, return_exceptions=True)
        return [isinstance(each, Response) and each.body == b"halfhalf" for each in responses]
