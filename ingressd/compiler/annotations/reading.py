"""The annotations of one Ingress, read: directives for its routes, and a verdict on each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from ingressd.compiler.annotations import judgement
from ingressd.compiler.annotations.foreign import LEGACY_PREFIX
from ingressd.compiler.annotations.passthrough import settle_passthrough
from ingressd.compiler.annotations.plain_pods import tell_of_plain_pods
from ingressd.compiler.annotations.protection import if_true
from ingressd.compiler.annotations.referent import (
    SECRET,
    Find,
    Referred,
    Unusable,
    WantedSecret,
    look_up,
    read_name,
)
from ingressd.compiler.annotations.row import Directives, Row, Setting, Support
from ingressd.compiler.annotations.table import (
    BY_NAME,
    OWN,
    OWN_BY_NAME,
    own_rows_for,
    rows_for,
)
from ingressd.compiler.annotations.vain_protection import closes
from ingressd.compiler.annotations.verdict import Verdict
from ingressd.compiler.annotations.without_effect import Said, tell_of_idle
from ingressd.compiler.closing import closed_policy
from ingressd.compiler.replacing import put
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import Timeouts, TlsRedirect

_OF_CANARY = "canary-"
_SHARED = ("host.", "upstream.", "default_backend")


class Surroundings(Struct, frozen=True):
    """What the annotations of an Ingress can refer to: objects of its namespace, and others."""

    namespace: str
    find: Find


NOWHERE = Surroundings("", lambda _: None)


class Reading(Struct, frozen=True):
    """What the annotations of one Ingress say.

    ``settings`` tell which annotation said what others have a say in. ``named`` are the objects
    that were looked up, found or not; ``wanted`` what workers need of the Secrets among them.
    """

    directives: Directives = Directives()
    verdicts: tuple[Verdict, ...] = ()
    settings: tuple[Setting, ...] = ()
    named: tuple[ObjectKey, ...] = ()
    wanted: tuple[WantedSecret, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a protection was asked for that cannot be given: its routes must answer 503."""
        return closes(self.directives) or any(verdict.is_blocking for verdict in self.verdicts)


NOTHING = Reading()


def read_annotations(
    annotations: Mapping[str, str],
    prefix: str,
    base: Directives = NOTHING.directives,
    surroundings: Surroundings = NOWHERE,
) -> Reading:
    """Read what stands under ``prefix``, under ingressd's own and the legacy one; all else belongs
    to others.

    ``base`` is what holds without annotations.
    """
    texts = stripped(annotations, prefix)
    own = stripped(annotations, OWN.prefix)
    legacy = stripped(annotations, LEGACY_PREFIX)
    if not texts and not own and not legacy:
        return NOTHING if base is NOTHING.directives else _closed_if_blocked(Reading(base))
    reader = _Reader(base, surroundings, is_canary=if_true(texts.get("canary", "")))
    reader.apply_rows(rows_for(texts), texts, prefix)
    reader.apply_rows(own_rows_for(own), own, OWN.prefix)
    verdicts = reader.verdicts
    if prefix != OWN.prefix:
        verdicts += [judgement.unknown(name, prefix) for name in texts if name not in BY_NAME]
    strange = own.keys() - OWN_BY_NAME.keys() - (BY_NAME.keys() if prefix == OWN.prefix else set())
    verdicts += map(judgement.unknown_own, strange)
    if prefix != LEGACY_PREFIX:
        verdicts += [judgement.legacy(name, prefix) for name in legacy]
    return reader.result()


def stripped(annotations: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The texts under a prefix, by name."""
    start = f"{prefix}/"
    return {
        name.removeprefix(start): text
        for name, text in annotations.items()
        if name.startswith(start)
    }


def settled(directives: Directives) -> Directives:
    """With what follows from several settings, each with its own default: when to redirect to
    https, whom to ask about requests, whether others share how pods are spoken to, how long they
    may take, and which path a cookie is for."""
    redirect = TlsRedirect.WITH_TLS if directives.ssl_redirect else TlsRedirect.OFF
    if directives.force_ssl_redirect:
        redirect = TlsRedirect.ALWAYS
    policy, auth = directives.policy, directives.external_auth
    if auth is None and directives.uses_global_auth and directives.global_auth.url:
        auth = directives.global_auth
    pod_tls = policy.pod_tls
    if pod_tls is not None and not directives.shares_pod_tls:
        pod_tls = structs.replace(pod_tls, is_shared=False)
    affinity = policy.affinity
    if affinity is not None and affinity.path is None and directives.cookies_for_host:
        affinity = structs.replace(affinity, path="/")
    timeouts = _timeouts(directives)
    if (
        policy.tls_redirect is redirect
        and policy.affinity is affinity
        and policy.external_auth is auth
        and policy.pod_tls is pod_tls
        and policy.timeouts is timeouts
    ):
        return directives
    policy = structs.replace(
        policy,
        tls_redirect=redirect,
        affinity=affinity,
        external_auth=auth,
        pod_tls=pod_tls,
        timeouts=timeouts,
    )
    return structs.replace(directives, policy=policy)


def _timeouts(directives: Directives) -> Timeouts:
    """With the one for reads, which bounds idle WebSockets as well, as in nginx, if it is written.
    Nobody means 60 s for them who has not written so."""
    timeouts, read = directives.policy.timeouts, directives.read_timeout
    if read is None or timeouts.read == timeouts.tunnel == read:
        return timeouts
    return structs.replace(timeouts, read=read, tunnel=read)


def closed(directives: Directives) -> Directives:
    """With nothing that would be answered in the place of 503."""
    return structs.replace(directives, policy=closed_policy(directives.policy))


def _closed_if_blocked(reading: Reading) -> Reading:
    if not reading.is_blocked:
        return reading
    return structs.replace(reading, directives=closed(reading.directives))


def _names(row: Row, texts: Mapping[str, str]) -> list[str]:
    """Those under which a row is written, the one that counts first: as in ingress-nginx, an empty
    text leaves it to another name."""
    written = [name for name in (row.name, *row.aliases) if name in texts]
    return sorted(written, key=lambda name: not texts[name])


class _Reader:
    """Applies the rows that are written, in table order. ``_in_force`` are those so far that are
    not without effect, ``_places`` the places of the verdicts on what was set, by field."""

    def __init__(self, base: Directives, surroundings: Surroundings, *, is_canary: bool) -> None:
        self.verdicts: list[Verdict] = []
        self._texts: Mapping[str, str] = {}
        self._said: dict[str, Said] = {}
        self._base = base
        self._directives = base
        self._surroundings = surroundings
        self._is_canary = is_canary
        self._in_force: set[str] = set()
        self._places: dict[str, int] = {}
        self._settings: list[Setting] = []
        self._named: list[ObjectKey] = []
        self._wanted: list[WantedSecret] = []

    def apply_rows(self, rows: Iterable[Row], texts: Mapping[str, str], prefix: str) -> None:
        self._texts = texts
        for row in rows:
            name, *shadowed = _names(row, texts)
            annotation = f"{prefix}/{name}"
            before = self._directives
            verdict = self._judged(row, annotation, texts[name])
            self._said[annotation] = Said(row, texts[name], self._directives == before)
            if verdict.is_blocking and row.field and row.closed is not None:
                self._put(row, annotation, row.closed)
            self.verdicts.append(verdict)
            self.verdicts += [judgement.shadowed(f"{prefix}/{alias}", name) for alias in shadowed]

    def result(self) -> Reading:
        directives = settled(self._directives)
        verdicts = tell_of_plain_pods(directives, self.verdicts)
        verdicts = tell_of_idle(verdicts, self._said, self._base, directives)
        directives, verdicts = settle_passthrough(directives, verdicts)
        return _closed_if_blocked(
            Reading(
                directives,
                tuple(sorted(verdicts, key=lambda verdict: verdict.annotation)),
                tuple(self._settings),
                tuple(self._named),
                tuple(self._wanted),
            )
        )

    def _judged(self, row: Row, annotation: str, text: str) -> Verdict:
        """Apply it, and say what became of it."""
        if (vain := self._in_vain(row, annotation)) is not None:
            return self._vain(row, annotation, text, vain)
        verdict = self._apply(row, annotation, text)
        may_ignore = self._directives.may_ignore_protection and row.support is Support.NEVER
        if verdict.is_blocking and may_ignore:
            return judgement.unheeded(row, annotation, text)
        return verdict

    def _apply(self, row: Row, annotation: str, text: str) -> Verdict:
        try:
            value = row.read(text)
        except ValueError:
            return judgement.invalid(row, annotation, text)
        if row.needs and value and row.needs not in self._texts:
            return judgement.incomplete(row, annotation, text)
        doubt = ""
        if row.refers is not None and row.field:
            try:
                referred = self._referred(row, str(value))
            except ValueError:
                return judgement.invalid(row, annotation, text)
            if isinstance(referred, Unusable):
                return judgement.unusable(row, annotation, text, referred)
            value, doubt = referred
        if value is not None and (forbidden := row.forbids(value, self._directives)):
            return judgement.unusable(row, annotation, text, forbidden)
        self._take(row, annotation, value)
        return judgement.judge(row, annotation, text, doubt)

    def _take(self, row: Row, annotation: str, value: object) -> None:
        if value is None:
            return
        self._in_force.add(row.name)
        if row.field:
            self._outdo_earlier(row)
            self._put(row, annotation, value)

    def _vain(self, row: Row, annotation: str, text: str, vain: Verdict) -> Verdict:
        """Of one that has no effect whatever it says, and may be unreadable as well."""
        try:
            value = row.read(text)
            if row.refers is not None:
                read_name(str(value), SECRET, self._surroundings.namespace)
        except ValueError:
            is_read = row.is_read_alone or not row.requires or row.requires in self._texts
            return judgement.invalid_in_vain(row, annotation, text, vain, is_read=is_read)
        return vain

    def _in_vain(self, row: Row, annotation: str) -> Verdict | None:
        """Of one that has no effect in this Ingress, whatever it says."""
        if self._is_canary and not row.counts_for_canaries:
            return judgement.of_canary(annotation)
        if not row.requires or row.requires in self._in_force:
            return None
        if self._is_canary or not row.name.startswith(_OF_CANARY):
            return judgement.without_switch(row, annotation)
        self._directives = structs.replace(self._directives, is_half_canary=True)
        return judgement.half_canary(annotation)

    def _put(self, row: Row, annotation: str, value: object) -> None:
        self._directives = put(self._directives, row.field, value)
        if row.field.startswith(_SHARED):
            self._settings.append(Setting(row.field, annotation))

    def _outdo_earlier(self, row: Row) -> None:
        """What this row replaces has been set in vain."""
        for field, place in list(self._places.items()):
            if field == row.field or field.startswith(f"{row.field}."):
                lost = self.verdicts[place]
                self.verdicts[place] = judgement.outdone(lost.annotation, row.name)
                del self._places[field]
        self._places[row.field] = len(self.verdicts)

    def _referred(self, row: Row, text: str) -> Referred | Unusable:
        """What comes of the object that a row names. Raises ValueError for what names none."""
        assert row.refers is not None
        referent, around = row.refers(self._texts), self._surroundings
        key = read_name(text, referent.kind, around.namespace)
        self._named.append(key)
        may_cross = self._directives.may_cross_namespaces
        content = look_up(referent, key, around.namespace, around.find, may_cross=may_cross)
        if isinstance(content, Unusable):
            return content
        if referent.kind == SECRET and referent.entries != frozenset():
            self._wanted.append(WantedSecret(key.qualified_name, referent.entries))
        doubt = referent.doubt(content)
        value = referent.value(key.qualified_name, content)
        return Referred(value, f"{key} {doubt}" if doubt else "")
