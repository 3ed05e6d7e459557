"""``ingressd convert``: legacy Ingresses as networking.k8s.io/v1, everything else untouched."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
import yaml

from ingressd.cli.options.sources import UnusableSource
from ingressd.resources.documents import Document, read_documents
from ingressd.resources.legacy import is_legacy_ingress, to_v1_document
from ingressd.sources.manifest_listing import STDIN_NAME, Listing, check_paths, list_manifests
from ingressd.sources.manifests import UnusableInput

_DOCUMENT_START = re.compile(r"^---(?=[ \t\r\n]|\Z)[ \t]*\r?\n?", re.MULTILINE)


@click.command("convert")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
    """Print the manifests in PATH... with legacy Ingresses rewritten as networking.k8s.io/v1.

    Legacy are extensions/v1beta1 and networking.k8s.io/v1beta1. Every other document is printed as
    it is, comments included. Exit code 1 when a document cannot be read; it is printed as it is.
    """
    is_complete = True
    is_first = True
    for name, text in _texts(paths):
        for chunk in _DOCUMENT_START.split(text):
            if not chunk.strip():
                continue
            click.echo("" if is_first else "---\n", nl=False)
            click.echo(converted(chunk).rstrip("\n"))
            is_complete &= _report_broken(name, read_documents(chunk))
            is_first = False
    sys.exit(0 if is_complete else 1)


def converted(text: str) -> str:
    """One YAML document, or several JSON ones, with what is legacy in it rewritten."""
    documents = read_documents(text)
    if not any(_holds_legacy(document.value) for document in documents):
        return text
    return yaml.safe_dump_all(
        [_rewritten(document.value) for document in documents],
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=1000,
    )


def _texts(paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and text of every file behind the paths. Raises UnusableSource."""
    try:
        check_paths(paths)
        listing = list_manifests(paths)
        _refuse_unlisted(listing)
        for name in listing.files:
            yield name, _read(name)
    except (UnusableInput, OSError, UnicodeDecodeError) as error:
        raise UnusableSource(str(error)) from error


def _refuse_unlisted(listing: Listing) -> None:
    """Raise UnusableInput where something is not among the files, and nobody would notice."""
    missing = [
        f"{path}: {finding.message}"
        for path in listing.unlisted
        for finding in listing.findings[path]
    ]
    if missing:
        raise UnusableInput("; ".join(missing))


def _read(name: str) -> str:
    if name == STDIN_NAME:
        return sys.stdin.read()
    with open(name, encoding="utf-8-sig") as file:
        return file.read()


def _report_broken(name: str, documents: tuple[Document, ...]) -> bool:
    """Tell which documents cannot be read; True when all can."""
    broken = [document for document in documents if document.error]
    for document in broken:
        click.echo(f"{name}: printed as it is: {document.error}", err=True)
    return not broken


def _items(document: Mapping[str, Any]) -> list[Any]:
    items = document.get("items")
    is_list = str(document.get("kind", "")).endswith("List")
    return items if is_list and isinstance(items, list) else []


def _holds_legacy(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return is_legacy_ingress(value) or any(map(_holds_legacy, _items(value)))


def _rewritten(value: Any) -> Any:
    if not _holds_legacy(value):
        return value
    if is_legacy_ingress(value):
        return to_v1_document(value)
    return {**value, "items": [_rewritten(item) for item in _items(value)]}
