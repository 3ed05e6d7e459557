"""Standard input, output and error, which whoever starts us may have closed."""

from __future__ import annotations

import os
import sys

_OUTPUT, _ERROR = 1, 2


def open_standard_streams() -> None:
    """Lead those that are closed to /dev/null, for us and for workers.

    Else a socket would get the number of one: what is logged would go there, and libuv aborts.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _ERROR:  # the lowest that is free
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(_OUTPUT, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_ERROR, "w", closefd=False)
