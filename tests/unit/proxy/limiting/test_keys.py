from __future__ import annotations

from ingressd.proxy.limiting.keys import KeyMaker

SECRET = b"0123456789abcdef"


def test_a_client_has_one_key_for_an_ingress_and_others_for_others() -> None:
    key = KeyMaker("default/web", SECRET)("192.0.2.1")
    assert key == KeyMaker("default/web", SECRET)("192.0.2.1")
    assert key.fingerprint
    others = {
        KeyMaker("default/web", SECRET)("192.0.2.2"),
        KeyMaker("default/shop", SECRET)("192.0.2.1"),
        KeyMaker("default/web", b"another secret")("192.0.2.1"),
    }
    assert len(others | {key}) == 4


def test_where_a_name_ends_and_an_address_begins_is_never_in_doubt() -> None:
    assert KeyMaker("default/web1", SECRET)("0.0.0.1") != KeyMaker("default/web", SECRET)(
        "10.0.0.1"
    )


def test_any_secret_will_do() -> None:
    KeyMaker("default/web", b"")("192.0.2.1")
    KeyMaker("default/web", b"k" * 100)("192.0.2.1")
