"""How texts about header fields are read, from annotations, ConfigMap keys and ConfigMaps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ingressd.compiler.annotations.auth_values import fault_of_template, is_ours
from ingressd.compiler.annotations.values import Parser, parse_text, template
from ingressd.routing.policy import FieldAction, FieldEdit, Substitution
from ingressd.routing.variables import parse_template

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.1
_VALUE = r"[\t\x20-\x7e\x80-\uffff]*"  # section 5.5, without line breaks
_FIELD_NAME = re.compile(_NAME)
_FIELD_VALUE = re.compile(_VALUE)
_PUT = re.compile(rf"(set|add)[ \t]+({_NAME}):[ \t]*({_VALUE})")
_REMOVE = re.compile(rf"remove[ \t]+({_NAME})")
_MOST_EDITS = 100
_SUBSTITUTION = re.compile(r"([!#-:<-Z^-z|]+)[ \t]+([!#-:<-z|]+)")  # nothing that ends it in nginx
_URL_START = re.compile(r"[!#-:<-Z^-z|][!#-:<-z|]*")
_OF_THE_CONNECTION = frozenset(
    {
        *("connection", "content-length", "http2-settings", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"),
        "upgrade",
    }
)
"""Fields of answers that clients get as ingressd says, or not at all."""

IsManaged = Callable[[str], bool]
"""Whether ingressd alone decides what a field says."""


def is_managed_in_answers(name: str) -> bool:
    """Whether ingressd alone decides what a field of an answer says."""
    return name.lower() in _OF_THE_CONNECTION


def is_managed_towards_pods(name: str) -> bool:
    """Whether ingressd alone decides what a field of a request says to a pod."""
    return is_ours(name)


def field_edits(is_managed: IsManaged) -> Parser:
    """Lines that set, add and remove fields."""

    def parse(text: str) -> tuple[FieldEdit, ...]:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines or len(lines) > _MOST_EDITS:
            raise ValueError("no line, or too many")
        return tuple(_edit(line, is_managed) for line in lines)

    return Parser(
        'lines such as "set X-Frame-Options: DENY", "add Vary: Accept" or "remove Server", and no '
        "field that ingressd writes itself",
        parse,
    )


def removes_something(text: str) -> bool:
    """Whether there is a line that takes a field away, which may be there to be believed."""
    return any(line.split()[:1] == ["remove"] for line in text.splitlines())


def fault_of_literal_fields(content: Mapping[str, str]) -> str:
    """What is wrong with fields by name, whose values stand for themselves; "" for nothing."""
    for name, value in content.items():
        if not _FIELD_NAME.fullmatch(name):
            return f"has the key {name[:80]!r}, which is not the name of a header"
        if not _FIELD_VALUE.fullmatch(value):
            return f"has a line break or a control character in the value of {name}"
    return ""


def fault_of_fields(content: Mapping[str, str]) -> str:
    """The same where values are texts with variables."""
    if fault := fault_of_literal_fields(content):
        return fault
    for name, value in content.items():
        if fault := fault_of_template(value):
            return f"has {fault} in the value of {name}"
    return ""


def doubt_about_fields(content: Mapping[str, str], is_managed: IsManaged) -> str:
    """Which of the fields cannot be used, though the others can; "" for none."""
    managed = ", ".join(filter(is_managed, sorted(content)))[:80]
    return f"has {managed}, which ingressd writes itself" if managed else ""


def field_names() -> Parser:
    """Names of fields, separated by commas."""

    def parse(text: str) -> tuple[str, ...]:
        names = [name for part in text.split(",") if (name := part.strip())]
        if not all(map(_FIELD_NAME.fullmatch, names)):
            raise ValueError("not the name of a header")
        return tuple(dict.fromkeys(name.lower() for name in names))

    return Parser("names of headers, separated by commas", parse)


def substitution(*, ignores_dots: bool = False) -> Parser:
    """``FROM TO``, both with variables. ``ignores_dots``: at the start of a domain a dot says
    nothing. "off" leaves the field as it is."""

    def parse(text: str) -> Substitution | None:
        value = parse_text(text)
        if value == "off":
            return None
        found = _SUBSTITUTION.fullmatch(value)
        if found is None:
            raise ValueError("not two words")
        old, new = found.groups()
        for each in (old, new):
            parse_template(each)
        if ignores_dots:
            old, new = old.removeprefix("."), new.removeprefix(".")
        return Substitution(old, new)

    return Parser('off, or what is replaced and what by, such as "one.example two.example"', parse)


def path_prefix() -> Parser:
    """A path in which groups of the rule's expression may stand."""
    return template(
        "/?[-._~a-zA-Z0-9/:$]*", "a path such as /app, in which $1 to $9 may stand", groups=True
    )


def url_start(*words: str) -> Parser:
    """The start of a URL, in which variables may stand; one of ``words`` is none."""

    def parse(text: str) -> str:
        value = parse_text(text)
        if value in words:
            return ""
        if not _URL_START.fullmatch(value):
            raise ValueError("not the start of a URL")
        parse_template(value)
        return value

    return Parser(f"{', '.join(words)} or the start of a URL", parse)


def _edit(line: str, is_managed: IsManaged) -> FieldEdit:
    if removal := _REMOVE.fullmatch(line):
        edit = FieldEdit(FieldAction.REMOVE, removal[1])
    elif put := _PUT.fullmatch(line):
        edit = FieldEdit(FieldAction(put[1]), put[2], put[3])
        parse_template(edit.value)
    else:
        raise ValueError("neither set, add nor remove")
    if is_managed(edit.name):
        raise ValueError("written by ingressd itself")
    return edit
