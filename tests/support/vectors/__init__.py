"""Byte streams that clients may send, and what has to come of each.

One module for each kind; ``ALL`` is every vector of every kind.
"""

from __future__ import annotations

from support.vectors import chunks, fields, framing, limits, lines, pipelines
from support.vectors.model import Vector

ALL: tuple[Vector, ...] = (
    *framing.BOTH,
    *framing.LENGTH,
    *framing.CODING,
    *chunks.SIZES,
    *chunks.DATA_ENDS,
    *chunks.EXTENSIONS,
    *chunks.TRAILERS,
    *fields.SYNTAX,
    *fields.LINE_ENDS,
    *fields.HOSTS,
    *fields.HOP_BY_HOP,
    *fields.FORWARDED,
    *lines.METHODS,
    *lines.VERSIONS,
    *lines.SPACES,
    *lines.FORMS,
    *lines.PATHS,
    *limits.SIZES,
    *pipelines.PIPELINES,
    *pipelines.UPGRADES,
    *pipelines.EXPECTATIONS,
)
