"""Going on with a source that failed, and what a person can do about it."""

from __future__ import annotations

import logging
import os
import re

from ingressd.sources.events import Source

log = logging.getLogger(__name__)

FORCE_POLLING = "WATCHFILES_FORCE_POLLING"
"""What watchfiles reads whenever it begins to watch."""

_NO_MORE_WATCHES = re.compile(r"watch limit reached|Error creating .*watcher")


def is_watch_limit(error: Exception) -> bool:
    """Whether watchfiles was refused by the kernel. It raises OSError or RuntimeError with no errno
    for that, so only the text can tell.
    """
    return _NO_MORE_WATCHES.search(str(error)) is not None


def resume(source: Source, error: Exception) -> Source:
    """``source`` itself; where the kernel has no more file watches, it polls from now on."""
    if is_watch_limit(error):
        log.error(
            "the kernel grants no more file watches (%s): files are polled from now on. Raise "
            "fs.inotify.max_user_watches or fs.inotify.max_user_instances, or set %s=1 to poll "
            "from the start",
            error,
            FORCE_POLLING,
        )
        os.environ[FORCE_POLLING] = "1"
    return source
