"""Which endpoint of a Service gets a request."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import LoadBalance, UpstreamPolicy


def upstream(**fields: object) -> Directives:
    return Directives(upstream=UpstreamPolicy(**fields))  # type: ignore[arg-type]


KEY = "$request_uri"

EXAMPLES = {
    "load-balance": [
        ("ewma", upstream(load_balance=LoadBalance.EWMA)),
        ("round_robin", Directives()),
        ("chash", Directives()),
    ],
    "upstream-hash-by": [
        (KEY, upstream(hash_by=KEY)),
        ("$http_x_shard-${arg_id}_1", upstream(hash_by="$http_x_shard-${arg_id}_1")),
    ],
    "upstream-hash-by-subset": [
        ("true", upstream(hash_by=KEY, hash_by_subset=True)),
        ("false", upstream(hash_by=KEY)),
    ],
    "upstream-hash-by-subset-size": [
        ("2", upstream(hash_by_subset_size=2)),
        ("3", Directives()),
    ],
}
INVALID = [
    *(("load-balance", text) for text in ("", "least_conn", "EWMA")),
    *(("upstream-hash-by", text) for text in ("", "$uri$", "$none", "$1", "a b", "$uri;")),
    ("upstream-hash-by-subset", "on"),
    *(("upstream-hash-by-subset-size", text) for text in ("0", "-1", "many")),
]
