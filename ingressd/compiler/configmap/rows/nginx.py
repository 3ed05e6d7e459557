"""What only a process of nginx has."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import Protects, if_it_denies, if_true, nothing
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.configmap.row import Row, no_op

_NO_NGINX = "there is no nginx"
_NO_STREAMS = "there are no TCP and UDP services"
_NO_TABLES = "tables grow as they need"


def _snippet_row(name: str, place: str, protects: Protects = if_it_denies) -> Row:
    return Row(
        name=name,
        summary=f"nginx directives for {place}.",
        protects=protects,
        support=Support.NEVER,
        instead="its directives are not run",
        remedy="say it with other keys or annotations, then remove this one",
    )


def _firewall_row(name: str, summary: str) -> Row:
    return Row(
        name=name,
        default="false",
        summary=summary,
        protects=if_true,
        support=Support.NEVER,
        remedy="filter in front of ingressd, then remove the key",
        usual="false",
    )


def _flag_row(name: str, summary: str, flag: str) -> Row:
    return Row(
        name=name,
        summary=summary,
        support=Support.NEVER,
        instead=f"{flag} says it",
        remedy=f"give {flag}, then remove the key",
    )


ROWS = (
    _snippet_row("main-snippet", "the whole process", nothing),
    _snippet_row("http-snippet", "all hosts"),
    _snippet_row("server-snippet", "each host"),
    _snippet_row("location-snippet", "each path"),
    _snippet_row("stream-snippet", "TCP and UDP"),
    _snippet_row("global-auth-snippet", "the request to global-auth-url", nothing),
    _firewall_row("enable-modsecurity", "Filter requests with ModSecurity."),
    _firewall_row("enable-owasp-modsecurity-crs", "Its core rules."),
    _snippet_row("modsecurity-snippet", "ModSecurity"),
    _flag_row("worker-processes", "Number of workers.", "--workers"),
    _flag_row("worker-shutdown-timeout", "Time to finish.", "--shutdown-grace-period"),
    _flag_row("bind-address", "Addresses to listen on.", "--address"),
    _flag_row("disable-ipv6", "Do not listen on IPv6.", "--address"),
    no_op("bind-address-ipv4", "Addresses to listen on.", "", "--address says it"),
    no_op("bind-address-ipv6", "Addresses to listen on.", "", "--address says it"),
    no_op("disable-ipv6-dns", "Ask for no IPv6 addresses.", "false", "both kinds are asked for"),
    no_op("worker-cpu-affinity", "Processors of workers.", "", "the kernel chooses"),
    no_op("reuse-port", "A socket for each worker.", "true", "ingressd chooses"),
    no_op("enable-multi-accept", "Take several connections at once.", "true", "ingressd chooses"),
    no_op("enable-aio-write", "Write files asynchronously.", "true", "no files are written"),
    no_op("map-hash-bucket-size", "Size of a table.", "64", _NO_TABLES),
    no_op("server-name-hash-max-size", "Size of a table.", "1024", _NO_TABLES),
    no_op("server-name-hash-bucket-size", "Size of a table.", "", _NO_TABLES),
    no_op("proxy-headers-hash-max-size", "Size of a table.", "512", _NO_TABLES),
    no_op("proxy-headers-hash-bucket-size", "Size of a table.", "64", _NO_TABLES),
    no_op("variables-hash-bucket-size", "Size of a table.", "256", _NO_TABLES),
    no_op("variables-hash-max-size", "Size of a table.", "2048", _NO_TABLES),
    no_op("lua-shared-dicts", "Sizes of Lua's tables.", "", _NO_NGINX),
    no_op("nginx-status-ipv4-whitelist", "Who may see nginx_status.", "127.0.0.1", _NO_NGINX),
    no_op("nginx-status-ipv6-whitelist", "Who may see nginx_status.", "::1", _NO_NGINX),
    Row(
        name="plugins",
        summary="Lua programs that are run.",
        support=Support.NEVER,
        instead="none are run",
        remedy="remove it",
    ),
    Row(
        name="use-geoip2",
        default="false",
        summary="Look up countries of clients.",
        support=Support.NEVER,
        instead="none are looked up",
        remedy="remove it",
        usual="false",
    ),
    no_op("proxy-stream-timeout", "Idle time of a stream.", "600s", _NO_STREAMS),
    no_op("proxy-stream-next-upstream", "Try another pod.", "true", _NO_STREAMS),
    no_op("proxy-stream-next-upstream-timeout", "For how long.", "600s", _NO_STREAMS),
    no_op("proxy-stream-next-upstream-tries", "How often.", "3", _NO_STREAMS),
    no_op("proxy-stream-responses", "Datagrams of an answer.", "1", _NO_STREAMS),
    no_op("global-rate-limit-memcached-host", "Where rates are counted.", "", "rates are not"),
    no_op("global-rate-limit-memcached-port", "Its port.", "11211", "rates are not counted there"),
    no_op("global-rate-limit-memcached-connect-timeout", "Time for it.", "50", "it is not asked"),
    no_op(
        "global-rate-limit-memcached-max-idle-timeout", "Time for it.", "10000", "it is not asked"
    ),
    no_op("global-rate-limit-memcached-pool-size", "Connections to it.", "50", "it is not asked"),
    no_op("global-rate-limit-status-code", "Status beyond the rate.", "429", "it is not asked"),
)
