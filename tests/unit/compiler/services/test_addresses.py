from __future__ import annotations

import pytest

from ingressd.compiler.services.addresses import address_fault


@pytest.mark.parametrize("address", ["10.0.0.1", "192.0.2.1", "fd00::1", "2001:db8::1"])
def test_ordinary_addresses_are_taken(address: str) -> None:
    assert address_fault(address, allow_local=False) == ""


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
    ],
)
def test_local_addresses_are_taken_only_where_allowed(address: str, fault: str) -> None:
    assert fault in address_fault(address, allow_local=False)
    assert address_fault(address, allow_local=True) == ""


@pytest.mark.parametrize("allow_local", [True, False])
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "pod.local", "1.2.3"])
def test_others_never(address: str, allow_local: bool) -> None:
    assert address_fault(address, allow_local=allow_local) != ""
