from __future__ import annotations

import pytest

from ingressd.routing.explaining.host_words import host_words
from ingressd.routing.policy import (
    DEFAULT_HOST_POLICY,
    ClientCertificates,
    HostPolicy,
    VerifyClient,
)

SECRET = "default/clients"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (DEFAULT_HOST_POLICY, []),
        (HostPolicy(passthrough=True), ["TLS goes to the pods of path / as it comes"]),
        (
            HostPolicy(ciphers="A:B", orders_ciphers=True),
            ["ciphers A:B", "ciphers in the order of the server"],
        ),
        (
            HostPolicy(client_certificates=ClientCertificates("")),
            ["closed: certificates of clients cannot be checked"],
        ),
        (
            HostPolicy(client_certificates=ClientCertificates(SECRET, match_cn="CN=a")),
            [
                "clients must show a certificate for Secret default/clients",
                "its subject must hold CN=a",
            ],
        ),
        (
            HostPolicy(client_certificates=ClientCertificates(SECRET, VerifyClient.OPTIONAL)),
            ["clients may show a certificate for Secret default/clients"],
        ),
        (HostPolicy(client_certificates=ClientCertificates(SECRET, VerifyClient.OFF)), []),
    ],
)
def test_words(policy: HostPolicy, words: list[str]) -> None:
    assert list(host_words(policy)) == words
