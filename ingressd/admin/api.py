"""The JSON API, version 1: routes, explain, findings. Read-only, and private keys never leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from ingressd.admin.listing import RouteRow, list_routes
from ingressd.admin.queries import BadQuery, explain_request, read_outcomes
from ingressd.admin.remembering import LastResult
from ingressd.admin.view import View
from ingressd.resources.finding import Finding
from ingressd.routing.table import Table


class RoutesAnswer(msgspec.Struct, frozen=True):
    """``/api/v1/routes``."""

    generation: int
    routes: tuple[RouteRow, ...]


class FindingsAnswer(msgspec.Struct, frozen=True):
    """``/api/v1/findings``."""

    findings: tuple[Finding, ...]


class Api:
    """The handlers of ``/api/v1``. What may be megabytes is encoded once for each change of it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._routes_body = LastResult(_routes_body)
        self._findings_body = LastResult(_findings_body)

    def routes(self) -> list[web.RouteDef]:
        """Where the handlers stand."""
        return [
            web.get("/api/v1/routes", self._list_routes),
            web.get("/api/v1/explain", self._explain),
            web.get("/api/v1/findings", self._list_findings),
        ]

    async def _list_routes(self, request: web.Request) -> web.Response:
        return _answer(self._routes_body.of(self._view.table))

    async def _list_findings(self, request: web.Request) -> web.Response:
        """All of them, or those with one of the verdicts that are asked for (``?verdict=invalid``,
        repeatable)."""
        try:
            asked = read_outcomes(request.query.getall("verdict", []))
        except BadQuery as error:
            return _json({"error": str(error)}, status=400)
        findings = self._view.findings
        if not asked:
            return _answer(self._findings_body.of(findings))
        return _answer(_findings_body([each for each in findings if each.verdict in asked]))

    async def _explain(self, request: web.Request) -> web.Response:
        asked = request.query
        try:
            answer = explain_request(
                self._view,
                asked.get("url", ""),
                asked.get("method", "GET"),
                asked.getall("header", []),
            )
        except BadQuery as error:
            return _json({"error": str(error)}, status=400)
        return _json(answer)


def _json(answer: Any, status: int = 200) -> web.Response:
    return _answer(msgspec.json.encode(answer), status)


def _answer(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _routes_body(table: Table) -> bytes:
    return msgspec.json.encode(RoutesAnswer(table.generation, list_routes(table)))


def _findings_body(findings: Sequence[Finding]) -> bytes:
    return msgspec.json.encode(FindingsAnswer(tuple(findings)))
