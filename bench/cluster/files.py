"""Clusters as files: manifests by namespace, or lists by kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.cluster.objects import Object, cluster_objects
from bench.cluster.shape import Shape
from bench.cluster.stored import FIRST_VERSION, list_of, stored_items


def write_manifests(shape: Shape, folder: Path) -> None:
    """One YAML file for each namespace, and one for what belongs to none."""
    texts: dict[str, list[str]] = defaultdict(list)
    for found in cluster_objects(shape).values():
        for each in found:
            texts[each["metadata"].get("namespace", "cluster")].append(to_yaml(each))
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in texts.items():
        (folder / f"{name}.yaml").write_text("---\n".join(documents))


def write_lists(shape: Shape, folder: Path) -> None:
    """One JSON file for each kind, as an API server answers when it is asked for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for plural, items in stored_items(cluster_objects(shape)).items():
        (folder / f"{plural}.json").write_bytes(list_of(plural, items, FIRST_VERSION))


def to_yaml(found: Object) -> str:
    """One document. Far quicker than a YAML library, which would take minutes."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(value: object) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, inner in value.items():
                yield from _entry(f"{json.dumps(key) if '/' in key else key}:", inner)
        case list() if value:
            for inner in value:
                first, *rest = _lines(inner)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
        case _:
            yield json.dumps(value)


def _entry(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield key
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{key} {json.dumps(value)}"
