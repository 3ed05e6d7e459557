"""The shape of one row of the annotation table."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from ingressd.compiler.annotations.elsewhere import Elsewhere, default_used
from ingressd.compiler.annotations.protection import Protects, nothing
from ingressd.compiler.annotations.referent import Refers, Unusable
from ingressd.compiler.annotations.values import Parser, is_same
from ingressd.routing.policy import (
    DEFAULT_HOST_POLICY,
    DEFAULT_POLICY,
    DEFAULT_UPSTREAM_POLICY,
    CanaryPolicy,
    ExternalAuth,
    HostPolicy,
    Policy,
    UpstreamPolicy,
)


class Scope(Enum):
    """What an annotation applies to: the paths of its Ingress one by one, all of them together, a
    whole host, or a Service port."""

    PATH = "path"
    INGRESS = "ingress"
    HOST = "host"
    UPSTREAM = "service port"


class Tier(Enum):
    """How often it is met: nearly everywhere, sometimes, rarely."""

    COMMON = 1
    EXPECTED = 2
    RARE = 3


class Support(Enum):
    """What ingressd makes of an annotation that is written well.

    NO_OP is accepted and changes nothing, because nothing in ingressd depends on it. NEVER is left
    out on purpose.
    """

    HONOURED = "honoured"
    NO_OP = "no-op"
    NOT_YET = "not yet"
    NEVER = "never"


class Directives(Struct, frozen=True):
    """All that the annotations of one Ingress say: the policy of its routes, and what steers the
    compiler itself. What they say nothing of is as the ConfigMap has it.

    ``policy.tls_redirect`` follows from ``ssl_redirect`` and ``force_ssl_redirect``, and
    ``policy.timeouts`` from ``read_timeout`` (seconds, None where nobody says it), and
    ``policy.external_auth`` is ``external_auth``, or else ``global_auth``, unless
    ``uses_global_auth`` is false. ``lacking`` are the keys with which the ConfigMap asks for a
    protection of all routes that cannot be given, and ``denied_words`` are texts that no annotation
    may hold. ``blocked`` are the networks that it blocks for routes without a list of their own.
    What ``host`` and ``upstream`` say counts where no older Ingress of the same host, or of the
    same Service port, says otherwise. ``default_backend`` is the name of a Service, "" for none.
    ``is_half_canary``: annotations say which requests a canary gets, and none that this is one.
    ``may_pass_through``: annotations may leave TLS to the pods. ``may_cross_namespaces``: they may
    name objects of other namespaces. ``shares_pod_tls``: ``policy.pod_tls`` is for the other
    Ingresses of the host and namespace, too. ``may_ignore_protection``: what nothing here can ever
    give is done without. ``allowed_response_headers``, in lower case, are those that
    ``custom-headers`` may set. ``cookies_for_host``: a cookie of ``policy.affinity`` without a path
    is for the whole host, not for the path of the rule.
    """

    policy: Policy = DEFAULT_POLICY
    host: HostPolicy = DEFAULT_HOST_POLICY
    upstream: UpstreamPolicy = DEFAULT_UPSTREAM_POLICY
    default_backend: str = ""
    may_cross_namespaces: bool = False
    may_pass_through: bool = False
    may_ignore_protection: bool = False
    allowed_response_headers: tuple[str, ...] = ()
    shares_pod_tls: bool = True
    ssl_redirect: bool = True
    force_ssl_redirect: bool = False
    read_timeout: float | None = None
    lacking: tuple[str, ...] = ()
    denied_words: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    use_regex: bool = False
    canary: CanaryPolicy | None = None
    is_half_canary: bool = False
    external_auth: ExternalAuth | None = None
    global_auth: ExternalAuth = ExternalAuth()
    uses_global_auth: bool = True
    cookies_for_host: bool = False


class Modified(NamedTuple):
    """What an annotation modifies, and whether it is there, given all that the Ingress and the
    ConfigMap say. In ``words`` backticks mark what is written so in a manifest."""

    words: str
    is_there: Callable[[Directives], object]

    @property
    def plain_words(self) -> str:
        """Without the marks, as findings write it."""
        return self.words.replace("`", "")


class Idle(NamedTuple):
    """Why a text that is written well does nothing, and what to do about it. ``is_suspect``: its
    writer will hardly expect that."""

    why: str
    remedy: str
    is_suspect: bool = False


Idles: TypeAlias = Callable[[str, Directives, Directives], Idle | None]
"""Tells it of a text, given what holds without annotations, and with all of them."""


class Setting(NamedTuple):
    """A field of :class:`Directives`, dotted, and the annotation that set it, with its prefix."""

    field: str
    annotation: str


def nothing_forbidden(value: object, directives: Directives) -> Unusable | None:
    """Every value may be used."""
    return None


def never_idle(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Whatever it says, it does something."""
    return None


def nothing_lacking(text: str) -> str:
    """All that it asks for is given."""
    return ""


class TextRow(Struct, frozen=True, kw_only=True):
    """What is known of a text that an annotation, or a key of the ConfigMap, may have. ``summary``
    is one line of documentation.

    ``protects`` tells for a text whether serving without it would open what it closes: then what it
    concerns answers 503. Where it is honoured, ``field`` is where its value goes, dotted.

    Where it is not, ``instead`` says what happens (for a no-op: why nothing is lost), ``remedy``
    what to do, and ``usual`` is the text that asks for what happens anyway, and so is honoured. A
    value is applied all the same if there is a field for it, and else only tells whether the text
    can be read.
    """

    name: str
    summary: str
    protects: Protects = nothing
    field: str = ""
    support: Support = Support.HONOURED
    instead: str = "it counts as not written"
    remedy: str = ""
    usual: str = ""

    @property
    def is_protective(self) -> bool:
        """Whether it can be that nothing may be served without it."""
        return self.protects is not nothing

    def is_usual(self, text: str) -> bool:
        """Whether it asks for what happens anyway."""
        return bool(self.usual) and is_same(text, self.usual)


class Row(TextRow, frozen=True, kw_only=True):
    """One annotation, without its prefix; its ``field`` is one of :class:`Directives`, and
    ``value`` reads its text.

    ``aliases`` are other names; the first name wins. ``requires`` names an annotation without which
    this one does nothing, ``needs`` one without which it cannot do what it says. ``modifies`` is
    what it changes, whoever says that; without it, it does nothing either. ``idles`` tells of texts
    that do nothing for another reason. Of two rows with the same field the later one wins.
    ``refers`` is for a value that names a Secret or a ConfigMap: what comes of that goes into the
    field. ``forbids`` tells why a value may not be used, given what was said before. ``lacks`` says
    what a text asks for in vain, beside what is honoured. ``closed`` is the value that refuses
    everybody: it goes into the field, if others share that, where what protects cannot be given.

    ``takes_lines``: its text may have several lines, or end one. In ingress-nginx that is so of
    lists, of snippets, and of the few words for nginx that it looks at without the blanks around
    them.

    ``of_canaries``: it is read of a canary as well; so is what concerns Service ports.

    ``elsewhere`` tells for an invalid text what ingress-nginx does beside using the default, and
    ``is_read_alone`` that it does so even where what the row requires is not there.

    ``advises`` makes a remedy of a text and the prefix of its annotation.
    """

    tier: Tier
    value: Parser
    scope: Scope = Scope.PATH
    aliases: tuple[str, ...] = ()
    requires: str = ""
    needs: str = ""
    modifies: Modified | None = None
    idles: Idles = never_idle
    refers: Refers | None = None
    forbids: Callable[[object, Directives], Unusable | None] = nothing_forbidden
    lacks: Callable[[str], str] = nothing_lacking
    closed: object = None
    advises: Callable[[str, str], str] | None = None
    of_canaries: bool = False
    elsewhere: Elsewhere = default_used
    is_read_alone: bool = False
    takes_lines: bool = False

    def read(self, text: str) -> object:
        """The value of a text, None where nothing is to be set. Raises ValueError, as for a line
        break where the row takes none: ingress-nginx does not do what such a text says."""
        if not self.takes_lines and ("\n" in text or "\r" in text):
            raise ValueError("more than one line")
        return self.value.parse(text)

    @property
    def counts_for_canaries(self) -> bool:
        """Whether it has an effect in an Ingress that has no paths of its own."""
        return self.of_canaries or self.scope is Scope.UPSTREAM
