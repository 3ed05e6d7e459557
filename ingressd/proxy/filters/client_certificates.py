"""Only clients with the right certificate (ingress-nginx ``auth-tls-secret`` and its family)."""

from __future__ import annotations

import ssl

from ingressd.proxy.client.answer import Answer, redirect
from ingressd.proxy.client.client_certificates import (
    STRANGER,
    AskingContext,
    Demand,
    Identity,
    demand_of,
)
from ingressd.proxy.client.request import Request
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Refusal, RequestFilter, Stop
from ingressd.proxy.headers import without_alike
from ingressd.routing.model import CATCH_ALL, Host, Route, SecretMaterial
from ingressd.routing.patterns import Groups, compile_within
from ingressd.routing.policy import ClientCertificates, VerifyClient

TELLING = frozenset(
    {b"ssl-client-cert", b"ssl-client-verify", b"ssl-client-subject-dn", b"ssl-client-issuer-dn"}
)
"""Fields that tell a pod who the client is. A client that sends them itself is not believed."""

FORBIDDEN = Refusal(403)
"""The host cannot check anybody."""

MISDIRECTED = Refusal(421)
"""The connection was asked for the certificates of another host (RFC 9110 section 15.5.20)."""

_TEXT = b"text/plain; charset=utf-8"
NO_CERTIFICATE = Answer(400, _TEXT, b"400 No required SSL certificate was sent\n")
BAD_CERTIFICATE = Answer(400, _TEXT, b"400 The SSL certificate error\n")
UNAUTHORIZED = Answer(403, _TEXT, b"403 client certificate unauthorized\n")

_ERROR_PAGE_STATUS = 302


def demand_certificate(route: Route, environment: Environment) -> RequestFilter | None:
    """For every route of a host that asks clients for certificates."""
    host = environment.current.table.hosts.get(route.host)
    wanted = host.policy.client_certificates if host is not None else None
    if host is None or wanted is None:
        return None
    if not wanted.secret:
        return _forbid
    return CertificateFilter(host, wanted, environment.current)


def refuse_plain(route: Route, environment: Environment) -> PlainFilter | None:
    """For the same, where a request without TLS has not been redirected. Who asks for proof that a
    name is ours comes without, and finds a rule made for that."""
    host = environment.current.table.hosts.get(route.host)
    wanted = host.policy.client_certificates if host is not None else None
    if wanted is None or wanted.verify is VerifyClient.OFF:
        return None
    exempt = environment.current.table.global_policy.https_redirect.exempt
    return None if exempt and route.path.startswith(exempt) else PlainFilter(wanted)


def _forbid(request: Request, groups: Groups | None) -> Refusal:
    return FORBIDDEN


class Judge:
    """What is said to a client, once it is known who it is."""

    def __init__(self, wanted: ClientCertificates) -> None:
        self._wanted = wanted
        self._subject = (
            compile_within(wanted.match_cn, ignores_case=False) if wanted.match_cn else None
        )

    def judge(self, request: Request, identity: Identity) -> Answer | None:
        """The refusal; None for who may pass."""
        wanted = self._wanted
        if not identity.may_pass(wanted.verify):
            return self._refuse(request, BAD_CERTIFICATE)
        if identity.certificate is None and wanted.verify is VerifyClient.ON:
            return self._refuse(request, NO_CERTIFICATE)
        if self._subject is not None and self._subject.match(identity.subject) is None:
            return UNAUTHORIZED
        return None

    def _refuse(self, request: Request, refusal: Answer) -> Answer:
        request.keep_alive = False  # a client chooses its certificate when it connects
        page = self._wanted.error_page
        return redirect(_ERROR_PAGE_STATUS, page) if page else refusal


class PlainFilter:
    """Refuse requests without TLS as if no certificate had been sent."""

    def __init__(self, wanted: ClientCertificates) -> None:
        self._judge = Judge(wanted)

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The refusal, or None for a request that goes on."""
        if request.client.scheme == "https":
            return None
        return self._judge.judge(request, STRANGER)


class CertificateFilter:
    """Refuse clients whose certificate is not good enough, and tell pods about the others."""

    def __init__(self, host: Host, wanted: ClientCertificates, current: CurrentTable) -> None:
        self._host = host
        self._wanted = wanted
        self._current = current
        self._judge = Judge(wanted)
        self._made_of: SecretMaterial | None = None
        self._demand: Demand | None = None

    def __call__(self, request: Request, groups: Groups | None) -> Stop | None:
        """The refusal, or None for a request that goes on."""
        request.lines = without_alike(request.lines, TELLING)
        if request.client.scheme != "https":
            return None
        if self._wanted.verify is VerifyClient.OFF:
            self._tell(request, STRANGER)
            return None
        demand = self._find_demand()
        if demand is None:
            return FORBIDDEN
        identity = self._identity(request, demand)
        if isinstance(identity, Refusal):
            return identity
        refusal = self._judge.judge(request, identity)
        if refusal is None:
            self._tell(request, identity)
        return refusal

    def _find_demand(self) -> Demand | None:
        table = self._current.table
        material = table.secrets.get(self._wanted.secret)
        if material is not self._made_of:
            self._made_of = material
            self._demand = demand_of(self._host, table)
        return self._demand

    def _identity(self, request: Request, demand: Demand) -> Identity | Refusal:
        """Who it is, as far as the connection was asked for what the host demands."""
        asked = _asked(request)
        if asked is None or not demand.is_met_by(asked[0].demand):
            return self._unasked(request)
        context, connection = asked
        if context.demand != demand:
            request.keep_alive = False  # the next connection is asked for what counts now
        return context.identity(connection) if context.is_able else FORBIDDEN

    def _unasked(self, request: Request) -> Identity | Refusal:
        """Who has named no host of ours with SNI counts as who shows nothing, as with nginx: a
        certificate that came by was for somebody else. Who has named one must connect again."""
        name = request.client.server_name
        named = self._current.table.find_host(name) if name else None
        if named is None or named.name == CATCH_ALL:
            return STRANGER
        request.keep_alive = False
        return MISDIRECTED

    def _tell(self, request: Request, identity: Identity) -> None:
        told = identity.certificate_lines if self._wanted.pass_to_upstream else identity.lines
        request.lines = [*request.lines, *told]


def _asked(request: Request) -> tuple[AskingContext, ssl.SSLObject] | None:
    """The context of the connection, if that has asked for certificates, and the connection."""
    transport = request.client.transport
    connection = transport.get_extra_info("ssl_object") if transport is not None else None
    if connection is None or not isinstance(connection.context, AskingContext):
        return None
    return connection.context, connection
