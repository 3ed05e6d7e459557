"""Snippets: what ``check`` says of them, and what is served of an Ingress that has some."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from support.annotated import Manifest, configmap, ingress, served, write
from support.clients import fetch
from support.commands import ingressd
from support.pods import OK, answering, pod

CONFIGURATION = """\
more_set_headers "X-Frame-Options: DENY";
more_clear_headers Server;
proxy_set_header X-Env $host;
proxy_set_header Upgrade $http_upgrade;
if ($http_x_forwarded_proto = 'http') {
  return 301 https://$host$request_uri;
}
lua_need_request_body on;
"""
SERVER = r"""
set_real_ip_from 10.0.0.0/8;
client_max_body_size 10m;
location ~* /\.(git|env) { deny all; }
location /internal { return 404; }
"""
REPLACED = r"""
warning  metadata.annotations[nginx.ingress.kubernetes.io/configuration-snippet] [AnnotationUnsupported]
         ingressd does not support this annotation and will not; there is no nginx here that could
         run it
         fix: write these annotations in the place of what they replace:
              ingressd.dev/response-headers: |
                set X-Frame-Options: DENY
                remove Server
              ingressd.dev/request-headers: |
                set X-Env: $host
              ingressd.dev/redirect-if: |
                header x-forwarded-proto = http 301 https://$host$request_uri
              nothing replaces:
                lua_need_request_body on;
"""  # noqa: E501
CLOSED = r"""
error    metadata.annotations[nginx.ingress.kubernetes.io/server-snippet] [AnnotationUnsupported]
         ingressd cannot give this protection; every path of the host answers 503 so that nothing
         is left open
         fix: write these annotations in its place (on every Ingress of the host, since it counts
              for them all):
              ingressd.dev/denied-paths: |
                ~ /\.(git|env)
                /internal* 404
              nginx.ingress.kubernetes.io/proxy-body-size: "10m"
              write these keys into the ConfigMap of ingressd:
              proxy-real-ip-cidr: "10.0.0.0/8"
"""
SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}
SHOP = ingress("shop", "shop.test", configuration_snippet=CONFIGURATION, server_snippet=SERVER)
ALLOW = "--allow-ignored-protection"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, SHOP, SERVICE)
    return tmp_path


def test_check_prints_what_to_write_instead(folder: Path) -> None:
    result = ingressd("check", folder, "--backend", "web=127.0.0.1:1")
    assert result.exit_code == 1
    for expected in (REPLACED, CLOSED):
        assert textwrap.indent(expected.strip("\n"), "  ") in result.output


@pytest.mark.parametrize(("flags", "word"), [((), "answers 503"), ((ALLOW,), "served without it")])
def test_a_lost_protection_is_an_error_whatever_is_allowed(
    folder: Path, flags: tuple[str, ...], word: str
) -> None:
    result = ingressd("check", folder, *flags, "--output", "json")
    (told,) = [found for found in json.loads(result.output) if "server-snippet" in found["field"]]
    assert (told["severity"], result.exit_code) == ("error", 1)
    assert word in told["message"]
    assert told["remedy"].startswith("write these annotations in its place")


@pytest.mark.parametrize(("flags", "status"), [((), 503), ((ALLOW,), 200)])
async def test_what_protects_is_closed_unless_that_is_allowed(
    tmp_path: Path, flags: tuple[str, ...], status: int
) -> None:
    harmless = ingress("harmless", "harmless.test", configuration_snippet=CONFIGURATION)
    async with (
        pod(answering(OK)) as web,
        served(tmp_path, web.port, configmap(), SHOP, harmless, flags=flags) as running,
    ):
        assert (await fetch(running.http, host=b"shop.test")).status == status
        assert (await fetch(running.http, host=b"harmless.test")).status == 200


def test_who_shares_a_host_that_a_snippet_closes_is_told(tmp_path: Path) -> None:
    write(tmp_path, SHOP, ingress("basket", "shop.test", ["/basket"]), SERVICE)
    result = ingressd("check", tmp_path, "--backend", "web=127.0.0.1:1", "--output", "json")
    (told,) = [found for found in json.loads(result.output) if found["code"] == "HostClosed"]
    assert told["subject"][2] == "basket"
    assert "Ingress default/shop wants a protection" in told["message"]


async def test_what_a_snippet_denies_is_denied_to_all_who_share_the_host(tmp_path: Path) -> None:
    async with pod(answering(OK)) as web:
        basket = ingress("basket", "shop.test", ["/basket"])
        async with served(tmp_path, web.port, SHOP, basket) as running:
            assert (await fetch(running.http, b"/basket", host=b"shop.test")).status == 503
