"""Who may come, by address and by password."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class UserForm(Enum):
    """How a Secret names users: one file of ``htpasswd``, or a key for each of them."""

    FILE = "auth-file"
    MAP = "auth-map"


class BasicAuth(Struct, frozen=True, gc=False, omit_defaults=True):
    """A user and a password are asked for (RFC 7617). ``secret`` is the key of the
    :class:`ingressd.routing.model.SecretMaterial` with the users; where it is "", or there is no
    such Secret, nobody is let in.
    """

    secret: str = ""
    form: UserForm = UserForm.FILE
    realm: str = ""


class Access(Struct, frozen=True, omit_defaults=True):
    """Networks are in CIDR notation. Clients in ``deny`` are refused, and if ``allow`` names any,
    so are those that are not in it. ``any_suffices``: an address in ``allow`` needs no password,
    and who has one needs no address.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    any_suffices: bool = False
    basic_auth: BasicAuth | None = None
