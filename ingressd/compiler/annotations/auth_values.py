"""How texts about external authentication are read, from annotations and from ConfigMap keys."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ingressd.compiler.annotations.values import Parser, duration, parse_text
from ingressd.routing.policy import DEFAULT_REMEMBERED, Remembered
from ingressd.routing.variables import parse_template

_TEXT_WITH_VARIABLES = re.compile(r"[-._~a-zA-Z0-9/:?&=$]+")
_ANY_URL = re.compile(r"[!-~]+")
_CACHE_KEY = re.compile(r"[-A-Za-z0-9_${}]+")
_PORT = re.compile(r"(:[0-9]+)(?=\$(?:request_)?uri\b)")
_HEADER_NAME = re.compile(r"[-A-Za-z0-9_]+")
_STATUS = re.compile(r"[1-5][0-9][0-9]")
_TIME = re.compile(r"[0-9]{1,9}(?:ms|[smhdwMy])")
_LONG_UNITS = {"M": 30, "y": 365}  # days
_WITHOUT_STATUS = (200, 301, 302)
_OURS = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy", "te"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer"),
        *("forwarded", "http2-settings", "transfer-encoding", "upgrade"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"),
        *("x-forwarded-scheme", "x-original-forwarded-for", "x-original-forwarded-host"),
        *("x-real-ip", "x-request-id", "x-scheme"),
    }
)
"""Fields of requests that pods get as ingressd says, or not at all."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def service_url(*, from_annotation: bool, may_lack_slash: bool = False) -> Parser:
    """The URL of a service that is asked, with variables behind its scheme. ``may_lack_slash``: one
    that is a path may stand right behind the port."""
    allowed = _TEXT_WITH_VARIABLES if from_annotation else _ANY_URL

    def parse(text: str) -> str:
        value = _templated(text, allowed)
        parts = urlsplit(_PORT.sub(r"\1/", value, count=1) if may_lack_slash else value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("neither http:// nor https:// and a host")
        if parts.port is None and parts.netloc.endswith(":"):
            raise ValueError("no port behind the colon")
        if ".." in parts.netloc:
            raise ValueError("an empty label in the host")
        return value

    return Parser(
        "a URL such as http://auth.example.com/verify, in which variables such as $host may stand",
        parse,
    )


def allowed_in_url(text: str) -> bool:
    """Whether an annotation may hold it as a URL, as far as its characters go."""
    return _TEXT_WITH_VARIABLES.fullmatch(text.replace(" ", "")) is not None


def text_with_variables(*, from_annotation: bool) -> Parser:
    """A URL or a path with variables."""
    allowed = _TEXT_WITH_VARIABLES if from_annotation else _ANY_URL
    return Parser(
        "a URL or path, in which variables such as $host may stand",
        lambda text: _templated(text, allowed),
    )


def cache_key() -> Parser:
    """Text of variables by which decisions are remembered."""
    return Parser(
        "variables such as $cookie_session, and letters, digits, - and _ between them",
        lambda text: _templated(text, _CACHE_KEY),
    )


def method() -> Parser:
    """What a question can be asked with."""
    return Parser(f"one of {', '.join(_METHODS)}, in capitals", _read_method)


def header_names() -> Parser:
    """Names separated by commas; those that ingressd writes itself are left out."""
    return Parser("names of headers, separated by commas", _read_header_names)


def lacking_headers(text: str) -> str:
    """What is said of names that are left out."""
    left_out = [name for name in _names(text) if is_ours(name)]
    shown = ", ".join(left_out)[:80]
    return f"{shown} is written by ingressd itself, and not taken from the service" if shown else ""


def remembered() -> Parser:
    """``200 202 401 5m, 403 30s``: statuses, or "any", and how long."""
    return Parser('statuses and a time such as "200 202 401 5m", separated by commas', _remembered)


def fault_of_template(text: str) -> str:
    """What is wrong with the variables of a text, "" for nothing."""
    try:
        parse_template(text)
    except ValueError as error:
        return str(error)
    return ""


def _templated(text: str, allowed: re.Pattern[str]) -> str:
    value = parse_text(text)
    if not allowed.fullmatch(value):
        raise ValueError("characters outside the allowed set")
    parse_template(value)
    return value


def _read_method(text: str) -> str:
    value = parse_text(text)
    if value not in _METHODS:
        raise ValueError("not such a method")
    return value


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def is_ours(name: str) -> bool:
    """Whether a field of requests is one of those that pods get as ingressd says, or not at all."""
    return name.lower().replace("_", "-") in _OURS


def _read_header_names(text: str) -> tuple[str, ...]:
    names = _names(text)
    if not all(map(_HEADER_NAME.fullmatch, names)):
        raise ValueError("not a name of a header")
    return tuple(dict.fromkeys(name for name in names if not is_ours(name)))


def _remembered(text: str) -> tuple[Remembered, ...]:
    entries = [entry for part in text.split(",") if (entry := part.split())]
    return tuple(map(_entry, entries)) or DEFAULT_REMEMBERED


def _entry(words: list[str]) -> Remembered:
    """Statuses first, and then at least one time. Raises ValueError."""
    times = [word for word in words if _TIME.fullmatch(word)]
    statuses = words[: len(words) - len(times)]
    if not times or words[len(statuses) :] != times:
        raise ValueError("no time at the end")
    seconds = sum(map(_seconds, times))
    if statuses == ["any"]:
        return Remembered((), seconds)
    if not all(map(_STATUS.fullmatch, statuses)):
        raise ValueError("not a status")
    return Remembered(tuple(map(int, statuses)) or _WITHOUT_STATUS, seconds)


def _seconds(text: str) -> float:
    days = _LONG_UNITS.get(text[-1])
    value = float(text[:-1]) * 86400 * days if days else duration().parse(text)
    assert isinstance(value, float)
    return value
