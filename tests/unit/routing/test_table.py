from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.routes import certificate, host, table, upstream

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy, Limits
from ingressd.routing.model import CATCH_ALL, Certificate, Host, SecretMaterial, Upstream
from ingressd.routing.table import Table


@pytest.mark.parametrize(
    ("request_host", "serving"),
    [
        ("bar.foo.com", "*.foo.com"),
        ("baz.bar.foo.com", CATCH_ALL),
        ("foo.com", CATCH_ALL),
        ("foo.bar.com", "foo.bar.com"),
        ("exact.foo.com", "exact.foo.com"),
        ("", CATCH_ALL),
        ("localhost", CATCH_ALL),
    ],
)
def test_rows_of_the_kubernetes_wildcard_table(request_host: str, serving: str) -> None:
    names = ("*.foo.com", "exact.foo.com", "foo.bar.com", CATCH_ALL)
    hosts = table(*(host("Prefix /", name=name) for name in names))
    found = hosts.find_host(request_host)
    assert found is not None
    assert found.name == serving


def test_the_global_policy_stays_until_another_one_comes() -> None:
    policy = GlobalPolicy(Limits(keep_alive=5.0))
    changed = table(global_policy=policy)
    assert table().global_policy == DEFAULT_GLOBAL_POLICY
    assert changed.apply(Delta(2)).global_policy == policy
    assert table().apply(changed.as_delta()).global_policy == policy
    assert changed.apply(table().as_delta()).global_policy == DEFAULT_GLOBAL_POLICY
    assert Delta(2).is_empty
    assert not Delta(2, global_policy=DEFAULT_GLOBAL_POLICY).is_empty


def test_the_global_policy_travels() -> None:
    delta = Delta(2, global_policy=GlobalPolicy(Limits(keep_alive=5.0), strict_transport=None))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(delta), type=Delta) == delta


def test_no_host_without_a_catch_all() -> None:
    assert table(host(name="*.foo.com")).find_host("foo.com") is None


@pytest.mark.parametrize(
    ("name", "has_tls"),
    [
        ("own.foo.com", True),
        ("plain.foo.com", True),  # its wildcard sibling has
        ("other.foo.com", True),
        ("plain.bar.com", False),
        ("unknown.com", False),
    ],
)
def test_has_tls_by_itself_or_by_its_wildcard(name: str, has_tls: bool) -> None:
    hosts = table(
        host(name="own.foo.com", has_tls=True),
        host(name="plain.foo.com"),
        host(name="*.foo.com", has_tls=True),
        host(name="plain.bar.com"),
    )
    assert hosts.has_tls(name) is has_tls


def test_the_catch_all_is_nobodys_wildcard_sibling() -> None:
    hosts = table(host(name="localhost"), host(name=CATCH_ALL, has_tls=True))
    assert not hosts.has_tls("localhost")
    assert hosts.has_tls("unknown")


@pytest.mark.parametrize(
    ("server_name", "fingerprint"),
    [
        ("a.foo.com", "exact"),
        ("b.foo.com", "wildcard"),
        ("x.b.foo.com", "default"),
        ("gone.foo.com", "wildcard"),
        ("", "default"),
        (None, "default"),
    ],
)
def test_sni_picks_exact_then_wildcard_then_default(
    server_name: str | None, fingerprint: str
) -> None:
    bound = table(
        certificates=tuple(certificate(fingerprint=f) for f in ("exact", "wildcard", "default")),
        bindings={"a.foo.com": "exact", "*.foo.com": "wildcard", "gone.foo.com": "missing"},
        default_certificate="default",
    )
    chosen = bound.certificate_for(server_name)
    assert chosen is not None
    assert chosen.fingerprint == fingerprint


def test_no_certificate_without_a_default() -> None:
    assert Table.empty().certificate_for("a.foo.com") is None


def test_a_delta_copies_only_what_it_changes() -> None:
    before = table(host("Prefix /"), upstreams=(upstream(),))
    after = before.apply(Delta(generation=2, upstreams=(upstream("default/web:80", "10.0.0.2"),)))
    assert after.hosts is before.hosts
    assert after.bindings is before.bindings
    assert str(after.upstreams["default/web:80"].endpoints[0]) == "10.0.0.2:8080"
    assert str(before.upstreams["default/web:80"].endpoints[0]) == "10.0.0.1:8080"
    assert after.generation == 2


def test_a_reset_forgets_the_default_certificate() -> None:
    before = table(certificates=(certificate(),), default_certificate="f1")
    assert before.apply(Delta(generation=2)).default_certificate == "f1"
    assert before.apply(Delta(generation=2, reset=True)).default_certificate == ""


NAMES = st.sampled_from(["a", "b", "*.c", ""])
DELTAS = st.builds(
    Delta,
    generation=st.integers(1, 9),
    reset=st.booleans(),
    hosts=st.lists(st.builds(Host, name=NAMES, has_tls=st.booleans()), max_size=3).map(tuple),
    removed_hosts=st.lists(NAMES, max_size=2).map(tuple),
    upstreams=st.lists(
        st.builds(Upstream, key=NAMES, unavailable=st.sampled_from(["", "gone"])), max_size=3
    ).map(tuple),
    removed_upstreams=st.lists(NAMES, max_size=2).map(tuple),
    certificates=st.lists(
        NAMES.map(lambda name: certificate(name, fingerprint=name)), max_size=3
    ).map(tuple),
    removed_certificates=st.lists(NAMES, max_size=2).map(tuple),
    bindings=st.dictionaries(NAMES, NAMES, max_size=2),
    removed_bindings=st.lists(NAMES, max_size=2).map(tuple),
    default_certificate=NAMES,
)


@given(st.lists(DELTAS, max_size=6))
def test_a_table_rebuilt_from_its_own_delta_is_the_same(deltas: list[Delta]) -> None:
    current = Table.empty()
    for delta in deltas:
        current = current.apply(delta)
        rebuilt = table(host("Exact /stale")).apply(current.as_delta())
        assert rebuilt == current


@given(DELTAS, DELTAS)
def test_applying_never_changes_the_table_before(first: Delta, second: Delta) -> None:
    before = Table.empty().apply(first)
    frozen = msgspec.msgpack.encode(before)
    before.apply(second)
    assert msgspec.msgpack.encode(before) == frozen


def test_no_key_in_the_repr_of_a_table() -> None:
    assert isinstance(certificate(), Certificate)
    assert "MARKER" not in repr(table(certificates=(certificate("a"),)))


def test_secrets_come_change_and_go_by_key() -> None:
    old, new = (SecretMaterial("default/users", version, {"auth": b"x"}) for version in "ab")
    first = table().apply(Delta(2, secrets=(old,)))
    assert first.secrets == {"default/users": old}
    assert first.apply(Delta(3)).secrets is first.secrets
    changed = first.apply(Delta(3, secrets=(new,)))
    assert changed.secrets == {"default/users": new}
    assert first.secrets == {"default/users": old}
    assert Table.empty().apply(changed.as_delta()).secrets == changed.secrets
    assert changed.apply(Delta(4, removed_secrets=("default/users",))).secrets == {}
    assert not Delta(4, removed_secrets=("default/users",)).is_empty
    assert not Delta(4, secrets=(new,)).is_empty
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(new), type=SecretMaterial) == new
