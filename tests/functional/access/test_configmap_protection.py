"""What the ConfigMap keeps out, where that cannot be given, and words that it denies."""

from __future__ import annotations

from pathlib import Path

from support.annotated import configmap, ingress, served, write
from support.clients import fetch
from support.pods import pod

EVERYBODY = "0.0.0.0/0,::/0"


async def statuses(port: int, *hosts: str) -> dict[str, int]:
    return {host: (await fetch(port, b"/", host.encode())).status for host in hosts}


async def test_who_says_otherwise_stays_open_where_the_configmap_cannot_be_read(
    tmp_path: Path,
) -> None:
    """whitelist-source-range, global-auth-url, enable-global-auth."""
    objects = (
        configmap(whitelist_source_range="10.0.0.0/33", global_auth_url="auth.test"),
        ingress("closed", "closed.test"),
        ingress("listed", "listed.test", whitelist_source_range=EVERYBODY),
        ingress("unasked", "unasked.test", enable_global_auth="false"),
        ingress("open", "open.test", whitelist_source_range=EVERYBODY, enable_global_auth="false"),
    )
    hosts = ("closed.test", "listed.test", "unasked.test", "open.test")
    async with pod() as web, served(tmp_path, web.port, *objects) as running:
        told = await statuses(running.http, *hosts)
    assert told == dict(zip(hosts, (503, 503, 503, 200), strict=True))


async def test_a_configmap_that_cannot_be_read_closes_everything_until_it_can(
    tmp_path: Path,
) -> None:
    listed = ingress("web", "web.test", whitelist_source_range=EVERYBODY)
    unreadable = configmap(whitelist_source_range="10.0.0.0/8")
    unreadable["data"] = {"proxy-read-timeout": 60}
    async with pod() as web, served(tmp_path, web.port, unreadable, listed) as running:
        assert await statuses(running.http, "web.test") == {"web.test": 503}
        write(tmp_path, configmap(proxy_read_timeout="60"), listed)
        while await statuses(running.http, "web.test") != {"web.test": 200}:
            continue


async def test_an_ingress_with_a_denied_word_is_not_served(tmp_path: Path) -> None:
    """annotation-value-word-blocklist."""
    objects = (
        configmap(annotation_value_word_blocklist="load_module, _by_lua"),
        ingress("denied", "denied.test", upstream_vhost="x_by_lua"),
        ingress("served", "served.test", upstream_vhost="by-lua"),
    )
    async with pod() as web, served(tmp_path, web.port, *objects) as running:
        assert await statuses(running.http, "denied.test", "served.test") == {
            "denied.test": 404,
            "served.test": 200,
        }
