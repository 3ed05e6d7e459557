"""How well the API server can be reached: what is stale, since when, and what to tell about it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Event, KindState, Reported
from ingressd.sources.kubernetes.errors import ApiError, ApiSilent, KubernetesError
from ingressd.sources.kubernetes.kinds import WatchedKind
from ingressd.sources.kubernetes.pace import is_refused

FAILURES_BEFORE_FINDING = 2
"""One connection that breaks and comes back at once is not worth telling; silence always is."""

_log = logging.getLogger(__name__)


class _Contact(Struct):
    """With one collection. ``lost_at`` is a monotonic time, None while a watch is open;
    ``outage_since`` is seconds since the epoch, None while there is nothing to tell."""

    kind: str
    lost_at: float | None
    is_optional: bool = True
    lists: int = 0
    streams: int = 0
    failures: int = 0
    outage_since: float | None = None
    reason: str = ""
    refusal: Finding | None = None

    @property
    def obstacle(self) -> str:
        """Why the first table has to wait."""
        if self.refusal is None or self.is_optional or self.lists:
            return ""
        return self.refusal.message


class Contacts:
    """Owner of the state of our contact with the API server, by collection."""

    def __init__(
        self,
        url: str,
        report: Callable[[Iterable[Event]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._subject = ObjectKey("ApiServer", "", url)
        self._report = report
        self._clock = clock
        self._wall_clock = wall_clock
        self._contacts: dict[str, _Contact] = {}
        self._recovered = asyncio.Event()
        self._told: tuple[Finding, ...] = ()

    @property
    def states(self) -> tuple[KindState, ...]:
        """Every kind; where several collections hold one, the worst of them and all they did."""
        by_kind: dict[str, KindState] = {}
        for contact in self._contacts.values():
            known = by_kind.get(contact.kind, KindState(contact.kind, 0.0, 0, 0))
            lost_for = 0.0 if contact.lost_at is None else self._clock() - contact.lost_at
            by_kind[contact.kind] = KindState(
                contact.kind,
                max(known.stale, lost_for),
                known.relists + max(0, contact.lists - 1),
                known.restarts + max(0, contact.streams - 1),
                known.obstacle or contact.obstacle,
            )
        return tuple(by_kind.values())

    def listed(self, kind: WatchedKind) -> None:
        """Its list is complete; until a watch is open changes may be missed."""
        contact = self._of(kind)
        contact.lists += 1
        contact.lost_at = self._clock()

    def opened(self, kind: WatchedKind) -> None:
        """A watch is open: nothing is missed."""
        contact = self._of(kind)
        contact.streams += 1
        contact.failures = 0
        contact.lost_at = contact.outage_since = contact.refusal = None
        if self._tell():
            self._recovered.set()
            self._recovered = asyncio.Event()

    def ended(self, kind: WatchedKind, last_heard: float) -> None:
        """The watch is over, and nothing has been heard since ``last_heard``."""
        self._of(kind).lost_at = last_heard

    def failed(self, kind: WatchedKind, verb: str, error: KubernetesError) -> None:
        """It could not be listed, or its watch not be opened or continued."""
        contact = self._of(kind)
        if isinstance(error, ApiError) and is_refused(error):
            contact.refusal = refusal_finding(self._subject, kind, verb, error)
            contact.failures, contact.outage_since = 0, None  # it is an answer
        else:
            contact.failures += 1
            is_lasting = contact.failures >= FAILURES_BEFORE_FINDING or isinstance(error, ApiSilent)
            if is_lasting and contact.outage_since is None:
                contact.outage_since, contact.reason = self._wall_clock(), str(error)
        self._tell()

    def forget(self, kind: WatchedKind) -> None:
        """It is no longer watched. What is counted of its kind does not shrink."""
        gone = self._contacts.pop(kind.address, None)
        if gone is None:
            return
        if gone.lists:
            fresh = _Contact(kind.name, None, lists=1, streams=1)
            past = self._contacts.setdefault(kind.name, fresh)
            past.lists += max(0, gone.lists - 1)
            past.streams += max(0, gone.streams - 1)
        if gone.outage_since is not None or gone.refusal is not None:
            self._tell()

    async def pause(self, seconds: float, *, to_the_end: bool) -> None:
        """Wait; unless it must be ``to_the_end``, only until the server answers another kind."""
        if to_the_end:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._recovered.wait()

    def _of(self, kind: WatchedKind) -> _Contact:
        fresh = _Contact(kind.name, self._clock(), kind.is_optional)
        return self._contacts.setdefault(kind.address, fresh)

    def _tell(self) -> bool:
        """Report what is wrong now; returns whether that has changed."""
        findings = tuple(dict.fromkeys(self._findings()))
        if findings == self._told:
            return False
        for finding in findings:
            if finding not in self._told:
                _log.warning("%s; %s", finding.message, finding.remedy)
        if not findings:
            _log.info("the API server at %s is in use again", self._subject.name)
        self._told = findings
        self._report([Reported("API server", findings)])
        return True

    def _findings(self) -> Iterator[Finding]:
        contacts = self._contacts.values()
        lost = [contact for contact in contacts if contact.outage_since is not None]
        if lost:
            first = min(lost, key=lambda contact: contact.outage_since or 0.0)
            kinds = sorted({contact.kind for contact in lost})
            since = datetime.fromtimestamp(first.outage_since or 0.0, UTC)
            yield outage_finding(self._subject, kinds, f"{since:%Y-%m-%d %H:%M:%S}", first.reason)
        yield from (contact.refusal for contact in contacts if contact.refusal is not None)


def outage_finding(subject: ObjectKey, kinds: Iterable[str], since: str, reason: str) -> Finding:
    """``since`` is a time in UTC, as people write it."""
    return Finding(
        Severity.ERROR,
        "ApiUnreachable",
        subject,
        "",
        f"the API server cannot be used since {since} UTC ({reason}); {', '.join(kinds)} stay as "
        "they were then",
        "see whether it is up, and whether we may connect to it; we go on trying",
    )


def refusal_finding(subject: ObjectKey, kind: WatchedKind, verb: str, error: ApiError) -> Finding:
    """Of one kind: we may not ``verb`` it (403), or the server does not have it (404)."""
    is_forbidden = error.status == 403
    message, remedy = (_FORBIDDEN, _GRANT) if is_forbidden else (_MISSING, _UPGRADE)
    words = {
        "verb": verb,
        "resource": kind.resource,
        "path": kind.path,
        "plural": kind.plural,
        "group": kind.group,
    }
    effect = _DONE_WITHOUT if kind.is_optional else _WAITED_FOR
    return Finding(
        Severity.ERROR,
        "ApiForbidden" if is_forbidden else "ApiMissing",
        subject,
        "",
        f"{message.format(**words)}; {kind.name} objects stay as they were, {effect}",
        remedy.format(**words),
    )


_DONE_WITHOUT = "and where none was read, everything else is served without"
_WAITED_FOR = "and a replica that has not read any is not ready"
_FORBIDDEN = "the API server forbids to {verb} {resource} ({path})"
_GRANT = (
    'grant ingressd\'s ServiceAccount apiGroups ["{group}"], resources ["{plural}"], verbs '
    '["list", "watch"]: see whether its ClusterRole has this rule, and whether a '
    "ClusterRoleBinding or RoleBinding still names both; "
    "`kubectl auth can-i {verb} {resource} --as ...` tells"
)
_MISSING = "the API server has no {resource} ({path})"
_UPGRADE = "upgrade the cluster to a Kubernetes that serves {path}"
