from __future__ import annotations

import pytest

from ingressd.compiler.annotations import judgement
from ingressd.compiler.annotations.table import BY_NAME

DROPS = "where ingress-nginx would serve nothing of this Ingress, or go on with what it said before"
IGNORES_AUTH = "where ingress-nginx would ignore auth-url, and let everybody in"
IGNORES_REDIRECTS = "where ingress-nginx would ignore every redirect that this Ingress asks for"


@pytest.mark.parametrize(
    ("name", "text", "elsewhere"),
    [
        ("auth-realm", "a|b", DROPS),
        ("auth-secret-type", "file", DROPS),
        ("auth-tls-error-page", "nowhere", DROPS),
        ("auth-tls-match-cn", "jane", DROPS),
        ("auth-tls-pass-certificate-to-upstream", "yes", DROPS),
        ("auth-tls-verify-client", "yes", ""),
        ("auth-type", "bearer", DROPS),
        ("auth-url", "http://auth/|", DROPS),
        ("auth-url", "http://auth:/", ""),
        ("auth-url", "http://auth/ check", ""),
        ("auth-url", " ", IGNORES_AUTH),
        ("auth-always-set-cookie", "yes", IGNORES_AUTH),
        ("auth-cache-duration", "200;5m", IGNORES_AUTH),
        ("auth-cache-duration", "200 soon", ""),
        ("auth-request-redirect", "$uri", IGNORES_AUTH),
        ("client-body-buffer-size", "8mb", DROPS),
        ("client-body-buffer-size", "8G", ""),
        ("client-body-buffer-size", "8 k", ""),
        ("connection-proxy-header", "upgrade", DROPS),
        ("custom-http-errors", "abc", DROPS),
        ("custom-http-errors", "", ""),
        ("custom-http-errors", "404,", ""),
        ("custom-http-errors", ",04", ""),
        ("default-backend", "a/b", DROPS),
        ("fastcgi-index", "index.php;", DROPS),
        ("fastcgi-index", "", ""),
        ("fastcgi-params-configmap", "a|b", DROPS),
        ("fastcgi-params-configmap", "a: b", ""),
        ("from-to-www-redirect", "yes", DROPS),
        ("limit-allowlist", "everybody", DROPS),
        ("limit-burst-multiplier", "many", ""),
        ("limit-connections", "10 at once", DROPS),
        ("limit-rpm", "1.5", DROPS),
        ("limit-rps", "10r/s", DROPS),
        ("load-balance", "best", DROPS),
        ("permanent-redirect", "https://a.test$request_uri", DROPS),
        ("permanent-redirect-code", "moved", DROPS),
        ("permanent-redirect-code", "200", ""),
        ("relative-redirects", "yes", DROPS),
        ("server-alias", "a b", DROPS),
        ("ssl-ciphers", "|", DROPS),
        ("ssl-passthrough", "yes", DROPS),
        ("temporal-redirect", "https://a.test#top", DROPS),
        ("temporal-redirect", "ftp://a.test", IGNORES_REDIRECTS),
        ("temporal-redirect-code", "308", ""),
        ("temporal-redirect-code", "found", DROPS),
        ("upstream-hash-by", "$a|b", DROPS),
        ("upstream-hash-by", "$none", ""),
        ("upstream-hash-by-subset", "yes", DROPS),
        ("upstream-hash-by-subset-size", "few", DROPS),
        ("upstream-hash-by-subset-size", "0", ""),
        ("upstream-vhost", "a|b", DROPS),
        ("x-forwarded-prefix", "a|b", DROPS),
        ("proxy-read-timeout", "60s", ""),
    ],
)
def test_what_ingress_nginx_would_do_beside_using_the_default_is_told(
    name: str, text: str, elsewhere: str
) -> None:
    row = BY_NAME[name]
    verdict = judgement.invalid(row, name, text)
    with pytest.raises(ValueError):
        row.value.parse(text)
    assert elsewhere in verdict.message
    assert ("where ingress-nginx" in verdict.message) is verdict.differs is bool(elsewhere)
