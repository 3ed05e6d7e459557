"""The hash of ``htpasswd -m``, against what ``openssl passwd -apr1`` writes."""

from __future__ import annotations

import pytest

from ingressd.proxy.passwords.apr1 import apr1

SALTED = b"$apr1$12345678$zbBEMgfXu4mAHPrplrtNt."


@pytest.mark.parametrize(
    ("password", "hashed"),
    [
        (b"", b"$apr1$r31$VhYBNuSclDwcMVhdpOx.I0"),
        (b"a", b"$apr1$r31$3yx1/QhEau/qnQLE.jxLH."),
        (b"fifteen-letters", b"$apr1$r31$A6.WZGJX//Cvv1hSIKhmf/"),
        (b"sixteen-letters-", b"$apr1$r31$GtHZbc93GYyBohF1Z5maI0"),
        (b"a-password-that-is-longer-than-32-letters", b"$apr1$r31$vwPZCJ3DypqCfNfXv/BKV."),
        (b"x", b"$apr1$$jYtXyIcDHukcQfHjblNhq/"),
    ],
)
def test_as_openssl_makes_it(password: bytes, hashed: bytes) -> None:
    assert apr1(password, hashed) == hashed


@pytest.mark.parametrize("hashed", [b"$apr1$12345678$", b"$apr1$123456789$x", b"$apr1$12345678"])
def test_of_a_salt_eight_bytes_count(hashed: bytes) -> None:
    assert apr1(b"x", hashed) == SALTED
