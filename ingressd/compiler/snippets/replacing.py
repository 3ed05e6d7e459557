"""From the text of a snippet to what it can be replaced with, directive by directive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from ingressd.compiler.annotations.rows import own
from ingressd.compiler.snippets import fields, requests
from ingressd.compiler.snippets.nginx import Directive, parse
from ingressd.compiler.snippets.replacement import (
    Left,
    Line,
    Needless,
    Part,
    Replacement,
    Setting,
)

Translation = Callable[[Directive], Iterator[Part]]
"""What stands in the place of a directive. Raises ValueError for a form that it does not know."""

_PARSERS = {row.name: row.value for row in own.ROWS}
_ADDRESSES = ("allow", "deny")
_REAL_IP = "the ConfigMap says whom to believe: proxy-real-ip-cidr with use-forwarded-headers"


def _setting(name: str) -> Translation:
    def translate(directive: Directive) -> Iterator[Part]:
        yield Setting(name, " ".join(directive.words[1:]))

    return translate


def _seconds(name: str) -> Translation:
    """A time of whole seconds or minutes: ingress-nginx takes a number alone."""

    def translate(directive: Directive) -> Iterator[Part]:
        _, text = directive.words
        factor = 60 if text.endswith("m") else 1
        yield Setting(name, str(int(text.rstrip("sm")) * factor))

    return translate


def _real_ip_from(directive: Directive) -> Iterator[Part]:
    _, network = directive.words
    yield Setting("proxy-real-ip-cidr", network, is_key=True)


def _real_ip_header(directive: Directive) -> Iterator[Part]:
    _, name = directive.words
    if name.lower() == "proxy_protocol":
        yield Setting("use-proxy-protocol", "true", is_key=True)
        return
    yield Setting("use-forwarded-headers", "true", is_key=True)
    if name.lower() != "x-forwarded-for":
        yield Setting("forwarded-for-header", name, is_key=True)


def _needless(directive: Directive) -> Iterator[Part]:
    yield Needless()


_BY_NAME: Mapping[str, Translation] = MappingProxyType(
    {
        "add_header": fields.add_header,
        "more_clear_headers": fields.more_clear_headers,
        "more_clear_input_headers": fields.more_clear_input_headers,
        "more_set_headers": fields.more_set_headers,
        "more_set_input_headers": fields.more_set_input_headers,
        "proxy_hide_header": fields.proxy_hide_header,
        "proxy_set_header": fields.proxy_set_header,
        "if": requests.if_,
        "location": requests.location,
        "return": requests.return_,
        "rewrite": requests.rewrite,
        "real_ip_header": _real_ip_header,
        "real_ip_recursive": _needless,
        "set_real_ip_from": _real_ip_from,
        "client_max_body_size": _setting("proxy-body-size"),
        "proxy_buffer_size": _setting("proxy-buffer-size"),
        "proxy_buffering": _setting("proxy-buffering"),
        "proxy_cookie_domain": _setting("proxy-cookie-domain"),
        "proxy_cookie_path": _setting("proxy-cookie-path"),
        "proxy_http_version": _needless,
        "proxy_request_buffering": _setting("proxy-request-buffering"),
        "proxy_connect_timeout": _seconds("proxy-connect-timeout"),
        "proxy_read_timeout": _seconds("proxy-read-timeout"),
        "proxy_send_timeout": _seconds("proxy-send-timeout"),
    }
)


def replacement_of(text: str) -> Replacement:
    """What a snippet can be replaced with. Raises ValueError where it is none."""
    lines: dict[str, list[str]] = {}
    settings: dict[tuple[str, bool], list[str]] = {}
    left: list[tuple[str, str]] = []
    for directives, parts in _translated(parse(text)):
        for part in parts:
            match part:
                case Line():
                    lines.setdefault(part.annotation, []).append(part.text)
                case Setting():
                    settings.setdefault((part.name, part.is_key), []).append(part.value)
                case Left():
                    left.append((" ".join(map(str, directives)), part.hint))
    return Replacement(
        {name: tuple(texts) for name, texts in lines.items()},
        tuple(Setting(name, ",".join(v), is_key) for (name, is_key), v in settings.items()),
        tuple(left),
    )


def _translated(
    directives: Iterable[Directive],
) -> Iterator[tuple[list[Directive], list[Part]]]:
    """Each directive with what stands in its place; all addresses count as one."""
    ordered = list(directives)
    rules = [each for each in ordered if each.name in _ADDRESSES]
    if rules:
        yield rules, _parts(lambda: requests.addresses(rules))
    for each in ordered:
        translation = _BY_NAME.get(each.name, _unknown)
        if each.name not in _ADDRESSES:
            yield [each], _translate(translation, each)


def _translate(translation: Translation, directive: Directive) -> list[Part]:
    return _parts(lambda: translation(directive))


def _parts(translated: Callable[[], Iterator[Part]]) -> list[Part]:
    """All parts, or that there is nothing to say it with."""
    try:
        parts = list(translated())
        for part in parts:
            if isinstance(part, Line):
                _PARSERS[part.annotation].parse(part.text)
    except ValueError:
        return [Left()]
    return parts


def _unknown(directive: Directive) -> Iterator[Part]:
    yield Left()
