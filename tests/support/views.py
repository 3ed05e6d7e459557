"""What an admin port shows, without the program behind it."""

from __future__ import annotations

from collections.abc import Sequence

from ingressd.admin.view import State, WorkerState
from ingressd.proxy.observing.metrics import Metrics, Snapshot
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.delta import Delta
from ingressd.routing.model import (
    Backend,
    Certificate,
    Endpoint,
    Host,
    PathKind,
    Route,
    Upstream,
)
from ingressd.routing.policy import Policy, Rewrite
from ingressd.routing.table import Table

PRIVATE_KEY = b"-----BEGIN PRIVATE KEY-----marker-----END PRIVATE KEY-----"
CERTIFICATE = Certificate(
    "ab" * 32, b"chain", PRIVATE_KEY, ("shop.test",), 1_900_000_000.0, "shop/tls"
)
FINDING = Finding(
    Severity.ERROR,
    "ServiceNotFound",
    ObjectKey("Ingress", "shop", "web"),
    "spec.rules[0].http.paths[1].backend",
    "Service shop/<b>gone</b> does not exist; its paths answer 503.",
    "Create the Service.",
    "shop.yaml, document 1",
)


def shop_route(path: str, service: str, policy: Policy | None = None) -> Route:
    """A Prefix route of shop.test."""
    return Route(
        "shop.test",
        path,
        PathKind.PREFIX,
        "shop/web",
        "spec.rules[0].http.paths[0]",
        Backend("shop", service, "80"),
        policy or Policy(),
    )


def shop_table() -> Table:
    """One host with two routes, one of them with nothing behind it, and a catch-all."""
    fallback = Route("", "/", PathKind.PREFIX, "shop/any", "spec", Backend("shop", "web", "80"))
    delta = Delta(
        generation=7,
        reset=True,
        hosts=(
            Host("", fallback=fallback),
            Host(
                "shop.test",
                (
                    shop_route("/cart", "gone", Policy(rewrite=Rewrite("/"))),
                    shop_route("/", "web"),
                ),
                has_tls=True,
            ),
        ),
        upstreams=(
            Upstream("shop/web:80", (Endpoint("10.0.0.1", 8080), Endpoint("fd00::1", 8080))),
            Upstream("shop/gone:80", unavailable="Service shop/gone does not exist"),
        ),
        certificates=(CERTIFICATE,),
        bindings={"shop.test": CERTIFICATE.fingerprint},
        default_certificate=CERTIFICATE.fingerprint,
    )
    return Table.empty().apply(delta)


def some_requests() -> Snapshot:
    """Two answers of one series and a retry."""
    metrics = Metrics()
    metrics.count_request(("shop/web", "shop.test", "shop/web:80", "GET", 200), 0.002)
    metrics.count_request(("shop/web", "shop.test", "shop/web:80", "GET", 200), 99.0)
    metrics.upstream_retries["shop/web:80"] = 1
    metrics.open_connections = 3
    return metrics.snapshot()


class StillView:
    """An :class:`ingressd.admin.view.View` in which nothing happens by itself."""

    ports = Ports()

    def __init__(self) -> None:
        self.table = shop_table()
        self.findings: Sequence[Finding] = (FINDING,)
        self.state = State(
            draining=False,
            changed_at=1_800_000_000.0,
            restarts=2,
            workers=(
                WorkerState(0, 100, 7, serving=True, lag=0.001),
                WorkerState(1, 101, 7, True, lag=0.002, memory=64 << 20, memory_limit=96 << 20),
            ),
        )

    async def snapshot(self) -> Snapshot:
        return some_requests()
