"""Users and passwords (ingress-nginx ``auth-type: basic``; RFC 7617)."""

from __future__ import annotations

from functools import partial

from ingressd.proxy.client.request import Request
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import UNAVAILABLE, Refusal, Wait
from ingressd.proxy.headers import line, without
from ingressd.proxy.passwords.checker import Overloaded, PasswordChecker
from ingressd.proxy.passwords.credentials import Credentials, read_credentials
from ingressd.routing.deciding.access import needs_no_auth
from ingressd.routing.model import Route, SecretMaterial
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import BasicAuth

_CREDENTIALS = frozenset({b"authorization"})
_COME_BACK = Refusal(503, (b"Retry-After: 1\r\n",))


def basic_auth(route: Route, environment: Environment) -> BasicAuthFilter | None:
    """For a policy that names users."""
    wanted = route.policy.access.basic_auth
    if wanted is None:
        return None
    return BasicAuthFilter(wanted, environment.current, environment.passwords)


def hide_password(route: Route, environment: Environment) -> HidePasswordFilter | None:
    """For every route that asks for a password, whether or not this request needed one."""
    if route.policy.access.basic_auth is None or needs_no_auth(route):
        return None
    return HidePasswordFilter()


class BasicAuthFilter:
    """Refuse requests without a user of the Secret and the password of that user."""

    def __init__(
        self, wanted: BasicAuth, current: CurrentTable, passwords: PasswordChecker
    ) -> None:
        self._secret = wanted.secret
        self._form = wanted.form
        self._current = current
        self._passwords = passwords
        challenge = line(b"WWW-Authenticate", b'Basic realm="%b"' % wanted.realm.encode())
        self._refusal = Refusal(401, (challenge,))

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | Wait | None:
        """Let a user pass who is known by now, else wait for the password to be checked."""
        secret = self._current.table.secrets.get(self._secret)
        if secret is None:
            return UNAVAILABLE
        who = read_credentials(request.message.raw_headers)
        if who is None:
            return self._refusal
        is_good = self._passwords.recall(self._passwords.mark(secret, self._form, who))
        if is_good is None:
            return partial(self._check, secret, who, request.remote)
        return None if is_good else self._refusal

    async def _check(self, secret: SecretMaterial, who: Credentials, client: str) -> Refusal | None:
        try:
            is_good = await self._passwords.check(secret, self._form, who, client)
        except Overloaded:
            return _COME_BACK
        return None if is_good else self._refusal


class HidePasswordFilter:
    """Take away what the client says who it is: pods need not learn passwords."""

    def __call__(self, request: Request, groups: Groups | None) -> None:
        """The pod gets no Authorization."""
        request.lines = without(request.lines, _CREDENTIALS)
