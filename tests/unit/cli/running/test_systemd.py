from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ingressd.cli.running.systemd import notify


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_is_told_where_it_listens(tmp_path: Path, is_abstract: bool) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(("\0" if is_abstract else "") + address)
        notify({"NOTIFY_SOCKET": ("@" if is_abstract else "") + address}, "MAINPID=7")

        assert systemd.recv(100) == b"MAINPID=7"


def test_who_was_started_by_somebody_else_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    notify({}, "READY=1")

    assert caplog.text == ""


def test_a_systemd_that_does_not_listen_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notify({"NOTIFY_SOCKET": str(tmp_path / "gone")}, "READY=1")

    assert "READY=1 cannot be told to systemd: [Errno 2]" in caplog.text
