"""Readiness probes as the kubelet runs them (Pod spec.containers[].readinessProbe)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from support.cluster.api import Object

PERIOD_ANNOTATION = "kubelet.test/probe-period"


@dataclass(frozen=True)
class Probe:
    """One probe; times in seconds, thresholds in probes in a row."""

    action: Object
    port: int
    delay: float
    period: float
    timeout: float
    successes: int
    failures: int

    async def passes(self, client: aiohttp.ClientSession, address: str) -> bool:
        """Whether the pod answers; an exec probe has nothing to run here and passes."""
        try:
            async with asyncio.timeout(self.timeout):
                if "httpGet" in self.action:
                    return await self._get(client, address)
                if "tcpSocket" in self.action:
                    _, writer = await asyncio.open_connection(address, self.port)
                    writer.close()
        except (OSError, TimeoutError, aiohttp.ClientError):
            return False
        return True

    async def _get(self, client: aiohttp.ClientSession, address: str) -> bool:
        get = self.action["httpGet"]
        headers = {item["name"]: item["value"] for item in get.get("httpHeaders", ())}
        url = f"http://{address}:{self.port}{get.get('path') or '/'}"
        async with client.get(url, headers=headers, allow_redirects=False) as response:
            return 200 <= response.status < 400


def readiness_probe(pod: Object) -> Probe | None:
    """The probe of the pod's first container; its period may be below a second by annotation."""
    container = pod["spec"]["containers"][0]
    action = container.get("readinessProbe")
    if action is None:
        return None
    annotations = pod["metadata"].get("annotations") or {}
    return Probe(
        action=action,
        port=_port(action, container),
        delay=float(action.get("initialDelaySeconds", 0)),
        period=float(annotations.get(PERIOD_ANNOTATION, action.get("periodSeconds", 10))),
        timeout=float(action.get("timeoutSeconds", 1)),
        successes=action.get("successThreshold", 1),
        failures=action.get("failureThreshold", 3),
    )


def _port(action: Object, container: Object) -> int:
    """The number, or the number behind the name of a container port; 0 where none is wanted."""
    wanted: Any = (action.get("httpGet") or action.get("tcpSocket") or {}).get("port", 0)
    if isinstance(wanted, int):
        return wanted
    return next(port["containerPort"] for port in container["ports"] if port["name"] == wanted)
