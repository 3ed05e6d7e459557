"""The network namespace in which the cluster, its pods and the tests of tests/e2e live.

The API refuses loopback addresses in Endpoints, so pods need others. In a namespace of their own
they can have any, every port is free, and nothing gets in or out. Addresses of ``POD_RANGE`` all
belong to ``lo``: a pod listens on its own without it being added first, and where none listens a
connection is refused. Addresses of ``SERVICE_RANGE`` lead nowhere: there is no kube-proxy.

A namespace belongs to a thread, not to a process: pytest's main thread goes in and out of it, so
that the tests of other folders, in the same session, keep the machine's network.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

NODE_ADDRESS = "10.240.0.1"
POD_RANGE = "10.244.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"

_LINKS = f"""
link set lo up
address add {NODE_ADDRESS}/32 dev lo
route add local {POD_RANGE} dev lo src {NODE_ADDRESS}
"""
_CLONE_NEWNET = 0x40000000  # sched.h; os.unshare and os.setns come with Python 3.12
_LIBC = ctypes.CDLL(None, use_errno=True)


class Network:
    """A namespace that a thread can be in for a while; what it starts there stays there.

    Raises PermissionError where the process may not make one.
    """

    def __init__(self) -> None:
        self._outside = _this_namespace()
        _checked(_LIBC.unshare(_CLONE_NEWNET))
        self._inside = _this_namespace()
        try:
            subprocess.run(["ip", "-batch", "-"], input=_LINKS, text=True, check=True)
        finally:
            _move_to(self._outside)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is inside for as long as the block lasts, and what it starts for good."""
        _move_to(self._inside)
        try:
            yield
        finally:
            _move_to(self._outside)


def _this_namespace() -> int:
    """A descriptor of the one that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _move_to(namespace: int) -> None:
    _checked(_LIBC.setns(namespace, _CLONE_NEWNET))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
