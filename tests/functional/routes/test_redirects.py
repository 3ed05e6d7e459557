"""Redirects by annotation and ConfigMap, through the whole program."""

from __future__ import annotations

from pathlib import Path

from support.annotated import certified, configmap, ingress, served, tls_secret
from support.certificates import CertificateAuthority
from support.clients import Response, connect, fetch
from support.pods import pod

AUTHORITY = CertificateAuthority()
NEW = "https://new.test/x?y=1"

WHOLE_ROUTES = (
    ingress("permanent", "p.test", permanent_redirect=NEW),
    ingress("code", "code.test", permanent_redirect=NEW, permanent_redirect_code="308"),
    ingress("badcode", "bad.test", permanent_redirect=NEW, permanent_redirect_code="399"),
    ingress("temporal", "t.test", temporal_redirect=NEW, permanent_redirect="/x"),
    ingress("tcode", "tcode.test", temporal_redirect=NEW, temporal_redirect_code="307"),
    ingress("path", "path.test", permanent_redirect="/new"),
    ingress("relative", "relative.test", permanent_redirect="/new", relative_redirects="true"),
    ingress("ftp", "ftp.test", temporal_redirect="ftp://new.test"),
    ingress("secure", "secure.test", tls=True, permanent_redirect="http://new.test"),
    ingress("part", "part.test", ["/old"], permanent_redirect=NEW),
)


async def asked(port: int, path: bytes, *hosts: bytes) -> list[tuple[int, bytes | None]]:
    """Status and Location for one path of several hosts."""
    answers = [await fetch(port, path, host) for host in hosts]
    return [(answer.status, answer.value(b"location")) for answer in answers]


async def test_a_route_that_only_redirects(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *WHOLE_ROUTES) as running:
        new = NEW.encode()
        expected = {
            b"p.test": (301, new),
            b"code.test": (308, new),
            b"bad.test": (301, new),
            b"t.test": (302, new),
            b"tcode.test": (307, new),
            b"path.test": (301, b"http://path.test/new"),
            b"relative.test": (301, b"/new"),
            b"ftp.test": (200, None),
            b"secure.test": (301, b"http://new.test"),
            b"part.test": (301, new),
        }
        answers = await asked(running.http, b"/something?q=1", *expected)
        assert dict(zip(expected, answers, strict=True)) == expected
        assert await asked(running.http, b"/old/x", b"part.test") == [(301, new)]
        assert [request.line for request in web.requests] == [b"GET /something?q=1 HTTP/1.1"]


async def test_a_path_is_one_of_the_host_without_its_port(tmp_path: Path) -> None:
    """As with nginx, whose ``port_in_redirect`` may add the port on which it listens."""
    named = ingress("named", "named.test", permanent_redirect="/new", use_port_in_redirects="true")
    async with pod() as web, served(tmp_path, web.port, *WHOLE_ROUTES, named) as running:
        of_named = (301, b"http://named.test:%d/new" % running.http)
        expected = {
            b"PATH.test:1234": (301, b"http://path.test/new"),
            b"path.test:%d" % running.http: (301, b"http://path.test/new"),
            b"named.test": of_named,
            b"Named.test:1234": of_named,
        }
        answers = await asked(running.http, b"/x", *expected)
    assert dict(zip(expected, answers, strict=True)) == expected


TO_HTTPS = (
    ingress("plain", "plain.test"),
    ingress("tls", "tls.test", tls=True),
    ingress("off", "off.test", tls=True, ssl_redirect="false"),
    ingress("forced", "forced.test", force_ssl_redirect="true"),
    ingress("both", "both.test", force_ssl_redirect="true", ssl_redirect="false"),
    ingress("kept", "kept.test", tls=True, preserve_trailing_slash="true"),
    ingress("port", "port.test", tls=True, use_port_in_redirects="true"),
)


async def test_plain_requests_are_sent_to_https(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *TO_HTTPS) as running:
        expected = {
            b"plain.test": (200, None),
            b"tls.test": (308, b"https://tls.test/x?y"),
            b"TLS.test:80": (308, b"https://tls.test/x?y"),
            b"tls.test:%d" % running.http: (308, b"https://tls.test:%d/x?y" % running.https),
            b"off.test": (200, None),
            b"forced.test": (308, b"https://forced.test/x?y"),
            b"both.test": (308, b"https://both.test/x?y"),
            b"kept.test": (308, b"https://kept.test/x?y"),
            b"port.test": (308, b"https://port.test:%d/x?y" % running.https),
        }
        answers = await asked(running.http, b"/x?y", *expected)
        assert dict(zip(expected, answers, strict=True)) == expected
        assert await asked(running.http, b"/x/", b"tls.test", b"kept.test") == [
            (308, b"https://tls.test/x"),
            (308, b"https://kept.test/x/"),
        ]
        challenge = b"/.well-known/acme-challenge/token"
        assert await asked(running.http, challenge, b"tls.test", b"forced.test") == [
            (200, None),
            (200, None),
        ]


async def test_the_configmap_says_how_and_for_which_paths(tmp_path: Path) -> None:
    keys = configmap(
        http_redirect_code="301",
        no_tls_redirect_locations="/open,/free",
        use_port_in_redirects="true",
        preserve_trailing_slash="true",
    )
    host = b"tls.test"
    async with pod() as web, served(tmp_path, web.port, *TO_HTTPS, keys) as running:
        expected = {
            b"/open/x": (200, None),
            b"/free": (200, None),
            b"/": (301, b"https://tls.test:%d/" % running.https),
            b"/.well-known/acme-challenge/token": (
                301,
                b"https://tls.test:%d/.well-known/acme-challenge/token" % running.https,
            ),
        }
        answers = [(await asked(running.http, path, host))[0] for path in expected]
        assert dict(zip(expected, answers, strict=True)) == expected


OF_HOSTS = (
    ingress("root", "root.test", ["/deep"], app_root="/app"),
    ingress("root-tls", "tls.test", tls=True, app_root="/app/", server_alias="alias.test"),
    ingress("root-regex", "regex.test", ["/(.*)"], rewrite_target="/x/$1", app_root="/app"),
    certified(
        ingress("site", "site.test", from_to_www_redirect="true"), "tls",
        "site.test", "www.site.test",
    ),
    ingress("www", "www.other.test", from_to_www_redirect="true"),
    ingress("taken", "taken.test", from_to_www_redirect="true"),
    ingress("taker", "www.taken.test"),
    tls_secret("tls", AUTHORITY.leaf("site.test", "www.site.test")),
)  # fmt: skip


async def test_the_root_of_a_host_is_sent_to_its_application(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *OF_HOSTS) as running:
        expected = {
            b"root.test": (302, b"http://root.test/app"),
            b"Root.test:8080": (302, b"http://Root.test:8080/app"),
            b"tls.test": (302, b"http://tls.test/app/"),
            b"alias.test": (302, b"http://alias.test/app/"),
            b"regex.test": (302, b"http://regex.test/app"),
        }
        answers = await asked(running.http, b"/?q", *expected)
        assert dict(zip(expected, answers, strict=True)) == expected
        assert await asked(running.http, b"/deep", b"root.test", b"tls.test", b"regex.test") == [
            (200, None),
            (308, b"https://tls.test/deep"),
            (200, None),
        ]
        assert await asked(running.http, b"/other", b"root.test") == [(404, None)]


async def test_the_other_name_of_a_host_leads_to_it(tmp_path: Path) -> None:
    trusting = AUTHORITY.client_context()
    async with pod() as web, served(tmp_path, web.port, *OF_HOSTS) as running:
        http, https = running.http, running.https
        expected = {
            b"www.site.test": (308, b"http://site.test:%d/x?y" % http),
            b"other.test": (308, b"http://www.other.test:%d/x?y" % http),
            b"www.other.test": (200, None),
            b"site.test": (308, b"https://site.test/x?y"),
            b"taken.test": (200, None),
            b"www.taken.test": (200, None),
            b"www.www.other.test": (404, None),
        }
        answers = await asked(http, b"/x?y", *expected)
        assert dict(zip(expected, answers, strict=True)) == expected
        assert await asked(http, b"/x/", b"www.site.test") == [
            (308, b"http://site.test:%d/x" % http)
        ]
        async with connect(https, tls=trusting, server_name="www.site.test") as client:
            answer = await client.get(b"/", b"www.site.test")
        assert answer.value(b"location") == b"https://site.test:%d" % https


async def test_a_proxy_that_ends_tls_is_not_redirected(tmp_path: Path) -> None:
    keys = configmap(use_forwarded_headers="true", proxy_real_ip_cidr="127.0.0.0/8")
    forwarded = b"X-Forwarded-Proto: %b\r\nX-Forwarded-Host: shop.test:8080\r\n"

    async def by(scheme: bytes) -> Response:
        return await client.get(b"/x", b"forced.test", forwarded % scheme)

    async with (
        pod() as web,
        served(tmp_path, web.port, *TO_HTTPS, keys) as running,
        connect(running.http) as client,
    ):
        assert (await by(b"https")).status == 200
        answer = await by(b"http")
    assert (answer.status, answer.value(b"location")) == (308, b"https://shop.test/x")


async def test_compat_says_whether_a_proxy_is_believed_about_redirects_to_a_path(
    tmp_path: Path,
) -> None:
    keys = configmap(use_forwarded_headers="true", proxy_real_ip_cidr="127.0.0.0/8")
    forwarded = b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: Shop.test:8080\r\n"
    served_ones = (*WHOLE_ROUTES, *OF_HOSTS, keys)
    answers: dict[str, list[bytes | None]] = {}
    for compat in ("exact", "sane"):
        flags = ["--compat", compat]
        async with (
            pod() as web,
            served(tmp_path, web.port, *served_ones, flags=flags) as running,
            connect(running.http) as client,
        ):
            asking = [
                await client.get(b"/", host, forwarded) for host in (b"Path.test:1", b"Root.test:1")
            ]
            answers[compat] = [answer.value(b"location") for answer in asking]
    assert answers == {
        "exact": [b"http://path.test/new", b"http://Root.test:1/app"],
        "sane": [b"https://Shop.test:8080/new", b"https://Shop.test:8080/app"],
    }


SURPRISING = (
    ingress("tls", "tls.test", ["/shop"], tls=True),
    ingress("www", "www.here.test", ["/"], from_to_www_redirect="true"),
    ingress("regex", "mixed.test", ["/x/[0-9]+$"], use_regex="true"),
    ingress("plain", "mixed.test", ["/shop"]),
)


async def test_compat_says_whether_redirects_and_paths_are_those_of_ingress_nginx(
    tmp_path: Path,
) -> None:
    answers: dict[str, list[object]] = {}
    for compat in ("exact", "sane"):
        flags = ["--compat", compat]
        async with pod() as web, served(tmp_path, web.port, *SURPRISING, flags=flags) as running:
            (tls, www) = await asked(running.http, b"/shop/", b"tls.test", b"here.test")
            (mixed,) = await asked(running.http, b"/SHOPPING", b"mixed.test")
            www_location = (www[1] or b"").replace(b":%d" % running.http, b":HERE")
            answers[compat] = [tls[1], www_location, mixed[0]]
    assert answers == {
        "exact": [b"https://tls.test/shop", b"http://www.here.test:HERE/shop", 200],
        "sane": [b"https://tls.test/shop/", b"http://www.here.test:HERE/shop/", 404],
    }
