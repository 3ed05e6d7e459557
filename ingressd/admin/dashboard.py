"""The page behind ``/``: state, routes, findings and the explain form, self-contained."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ingressd import __version__
from ingressd.admin.involved import Explained
from ingressd.admin.listing import list_routes
from ingressd.admin.queries import BadQuery, explain_request
from ingressd.admin.remembering import LastResult
from ingressd.admin.view import View
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.routing.explaining.policy_words import canary_words, policy_words
from ingressd.templating import template_folders

ROWS_SHOWN = 500
"""Rows of a table on the page; the JSON API has them all."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"


class Dashboard:
    """Renders ``dashboard.html.j2``; ``templates`` is a folder that wins over ours, or ""."""

    def __init__(self, view: View, templates: str = "") -> None:
        self._view = view
        self._rows = LastResult(list_routes)
        environment = Environment(
            loader=FileSystemLoader(template_folders(templates)),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["day"] = _day
        environment.filters["policies"] = policy_words
        environment.filters["canary"] = canary_words
        self._template = environment.get_template("dashboard.html.j2")

    def routes(self) -> list[web.RouteDef]:
        """Where the page stands."""
        return [web.get("/", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        url = request.query.get("url", "")
        method = request.query.get("method", "GET")
        explanation, complaint = self._explain(url, method)
        page = self._template.render(
            version=__version__,
            table=self._view.table,
            state=self._view.state,
            rows=self._rows.of(self._view.table),
            findings=self._view.findings,
            requests=_total(await self._view.snapshot()),
            now=time.time(),
            shown=ROWS_SHOWN,
            url=url,
            method=method,
            explanation=explanation,
            complaint=complaint,
        )
        headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
        return web.Response(text=page, content_type="text/html", headers=headers)

    def _explain(self, url: str, method: str) -> tuple[Explained | None, str]:
        if not url:
            return None, ""
        try:
            return explain_request(self._view, url, method), ""
        except BadQuery as error:
            return None, str(error)


def _total(snapshot: Snapshot) -> int:
    return sum(count for _, count in snapshot.requests)


def _day(seconds: float) -> str:
    """``2026-07-01`` of seconds since the epoch, UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
