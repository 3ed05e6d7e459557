"""Which scripts of other sites may use the answers (Fetch standard, section 3.3)."""

from __future__ import annotations

from msgspec import Struct

ANY_ORIGIN = "*"


class Cors(Struct, frozen=True, gc=False, omit_defaults=True):
    """What browsers are told about cross-origin requests.

    ``origins`` are ``*`` alone, or any number of ``scheme://host[:port]`` in which ``*.`` may stand
    for the first label, and ``null``. Without any nobody is told anything. ``methods``, ``headers``
    and ``expose_headers`` (none where it is "") are the values of the fields; ``max_age`` is
    seconds.
    """

    origins: tuple[str, ...] = (ANY_ORIGIN,)
    methods: str = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
    headers: str = (
        "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,"
        "Range,Authorization"
    )
    expose_headers: str = ""
    credentials: bool = True
    max_age: int = 1728000
