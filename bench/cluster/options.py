"""The size of a cluster on a command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from msgspec.structs import fields

from bench.cluster.shape import Shape
from bench.options import natural, positive

NEEDED = ("paths", "services")
"""Counts of which a cluster has at least one."""


def add_shape(parser: ArgumentParser) -> None:
    """An option for each count of a cluster."""
    for field in fields(Shape):
        type_ = positive if field.name in NEEDED else natural
        parser.add_argument(f"--{field.name}", type=type_, default=field.default)


def take_shape(options: dict[str, Any]) -> Shape:
    """The shape that was asked for, which is taken out of the options."""
    return Shape(**{field.name: options.pop(field.name) for field in fields(Shape)})
