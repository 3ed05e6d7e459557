"""What systemd is told, where it is who started us (sd_notify(3)): that we serve, and who we are
once another process has taken over. Else it would take the end of the old one for ours.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


def notify(environment: Mapping[str, str], state: str) -> None:
    """Send an assignment, such as ``READY=1``, if anybody wants to know."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name that is in no file system (unix(7))
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.setblocking(False)
            sender.sendto(state.encode(), address)
        except OSError as error:
            log.warning("%s cannot be told to systemd: %s", state, error)
