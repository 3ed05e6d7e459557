from __future__ import annotations

from support.objects import meta

from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.compiler.certificates.secret_material import compile_material
from ingressd.resources.secret import Secret

KEY = "default/users"
SECRET = Secret(
    metadata=meta("users"),
    data={"auth": b"jane:$2y$...", "other": b"not for workers"},
    string_data={"auth": "joe:$2y$..."},
)


def want(*names: str) -> WantedSecret:
    return WantedSecret(KEY, frozenset(names))


def test_only_what_is_asked_for_travels() -> None:
    material = compile_material(SECRET, [want("auth"), want("auth", "absent")])
    assert (material.key, material.entries) == (KEY, {"auth": b"joe:$2y$..."})


def test_all_of_it_where_somebody_asks_for_all() -> None:
    everything = WantedSecret(KEY, None)
    material = compile_material(SECRET, [want("auth"), everything])
    assert material.entries.keys() == {"auth", "other"}


def test_version_tells_entries_apart() -> None:
    def version(**data: bytes) -> str:
        secret = Secret(metadata=meta("users"), data=data)
        return compile_material(secret, [WantedSecret(KEY, None)]).version

    assert version(a=b"1", b=b"2") == version(b=b"2", a=b"1")
    assert len({version(), version(a=b"1"), version(a=b"1b", b=b""), version(a=b"1", b=b"b")}) == 4


def test_what_it_holds_is_not_shown() -> None:
    material = compile_material(SECRET, [want("auth")])
    assert repr(material) == str(material) == "SecretMaterial('default/users')"
    assert material.__rich_repr__() == [("key", KEY)]
