"""What is taken from one side before the other side is ready for it."""

from __future__ import annotations

from msgspec import Struct

ONE_READ = 64 * 1024
"""Bytes: less memory than this would not spare any."""


class Buffering(Struct, frozen=True, omit_defaults=True):
    """Whether bodies wait here, and where. Sizes in bytes.

    ``requests``: a request's body is read whole before a pod is asked, up to ``request_memory`` of
    it into memory, and else into a temporary file. ``answers``: what a client is too slow for is
    taken from the pod all the same: ``buffers`` of ``buffer_size`` into memory, and then up to
    ``answer_file`` into a temporary file.
    """

    requests: bool = True
    request_memory: int = 128 * 1024
    answers: bool = False
    buffers: int = 4
    buffer_size: int = 4096
    answer_file: int = 1024 * 1024 * 1024

    @property
    def answer_memory(self) -> int:
        """Bytes of an answer that may wait in memory."""
        return max(self.buffers * self.buffer_size, ONE_READ)
