"""The path of a request as routes are compared with it, and back to what is sent to a pod.

Matching happens on the normalised path (percent-decoded, slashes merged, dot segments resolved), as
nginx does; what is forwarded is the path as it came, unless a rewrite replaces it.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

_MALFORMED_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNESCAPED = "/:@!$&'()*+,;=~[]"  # beside letters, digits and "-._", as in nginx since 1.21.1


def normalise_path(path: str) -> str | None:
    """The path (without query) to match on, or None for one that must be answered with 400.

    Refused are paths that do not start with "/", malformed escapes, NUL, and ".." above the root.
    A trailing slash is kept; the empty path of ``http://host`` is "/" (RFC 9110 section 4.2.3).
    Bytes that are not UTF-8 survive as surrogate escapes.
    """
    if path[:1] != "/":
        return None if path else "/"
    if "%" in path:
        decoded = _percent_decoded(path)
        if decoded is None:
            return None
        path = decoded
    if "\0" in path:
        return None
    if "//" in path or "/." in path:
        return _resolved(path)
    return path


def encode_path(path: str) -> str:
    """A decoded path in the form it takes on the wire, escaping what nginx escapes."""
    return quote(path, safe=_UNESCAPED, encoding="utf-8", errors="surrogateescape")


def readable_path(path: str) -> str:
    """A decoded path as it can be shown: what is not printable, or not UTF-8, stays as %XX."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else encode_path(c) for c in path)


def _percent_decoded(path: str) -> str | None:
    if _MALFORMED_ESCAPE.search(path):
        return None
    octets = unquote_to_bytes(path.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "surrogateescape")


def _resolved(path: str) -> str | None:
    """Merge slashes and resolve dot segments (RFC 3986 section 5.2.4, but "/.." is refused)."""
    elements: list[str] = []
    *parents, last = path.split("/")[1:]
    for element in parents:
        if not _descend(elements, element):
            return None
    if not _descend(elements, last):
        return None
    is_folder = last in {"", ".", ".."}
    return "/" + "/".join(elements) + ("/" if is_folder and elements else "")


def _descend(elements: list[str], element: str) -> bool:
    """Follow one element; False when it leads above the root."""
    if element == "..":
        if not elements:
            return False
        elements.pop()
    elif element not in {"", "."}:
        elements.append(element)
    return True
