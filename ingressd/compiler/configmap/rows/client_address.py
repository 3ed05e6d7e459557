"""How the address of a client is learnt."""

from __future__ import annotations

from ingressd.compiler.annotations.values import boolean, matching, networks
from ingressd.compiler.configmap.row import Row, no_op

ROWS = (
    Row(
        name="use-forwarded-headers",
        field="global_policy.client_address.forwarded_headers",
        value=boolean(),
        default="false",
        summary="Believe X-Forwarded-For, -Proto, -Host and -Port of proxies in "
        "proxy-real-ip-cidr.",
    ),
    Row(
        name="compute-full-forwarded-for",
        field="global_policy.client_address.append",
        value=boolean(),
        default="false",
        summary="Append the peer to X-Forwarded-For instead of replacing the field.",
    ),
    Row(
        name="forwarded-for-header",
        field="global_policy.client_address.header",
        value=matching(r"[-A-Za-z0-9]{1,64}", "the name of a request field"),
        default="X-Forwarded-For",
        summary="Field that names the client.",
    ),
    Row(
        name="proxy-real-ip-cidr",
        field="global_policy.client_address.trusted",
        value=networks(may_have_gaps=True),
        summary="Networks, separated by commas, of the proxies that are believed; none by default, "
        "where ingress-nginx believes everybody.",
    ),
    Row(
        name="use-proxy-protocol",
        field="global_policy.client_address.proxy_protocol",
        value=boolean(),
        default="false",
        summary="Every connection begins with a PROXY header, of version 1 or 2.",
    ),
    no_op(
        "proxy-protocol-header-timeout",
        "Time for the PROXY header.",
        "5s",
        "the PROXY header has the time of client-header-timeout",
    ),
    Row(
        name="enable-real-ip",
        field="global_policy.client_address.real_ip",
        value=boolean(),
        default="false",
        summary="Take the client's address, and nothing else, from forwarded-for-header of proxies "
        "in proxy-real-ip-cidr; with use-proxy-protocol, from the PROXY header.",
    ),
)
