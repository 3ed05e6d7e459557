"""Files that are nowhere."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority

from ingressd.proxy.memory_file import memory_file


def test_it_can_be_read_by_its_path_until_it_is_let_go_of() -> None:
    with memory_file(b"content") as path:
        assert Path(path).read_bytes() == b"content"
        assert "memfd" in os.readlink(path)
    with pytest.raises(OSError, match="No such file"):
        Path(path).read_bytes()


def test_openssl_reads_it_twice() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with memory_file(CertificateAuthority().pem) as path:
        context.load_verify_locations(path)
        context.load_verify_locations(path)
    assert context.cert_store_stats()["x509_ca"] == 1


def test_nothing_is_left_open_where_something_fails() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ZeroDivisionError), memory_file(b"x"):
        raise ZeroDivisionError
    assert len(os.listdir("/proc/self/fd")) == before
