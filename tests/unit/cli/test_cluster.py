"""What is known of a cluster before it is asked."""

from __future__ import annotations

import pytest

from ingressd.cli.cluster import api_server_names, is_in_cluster, no_source
from ingressd.cli.options.sources import SourceOptions
from ingressd.sources.kubernetes.errors import NoApiServer

HOST = "KUBERNETES_SERVICE_HOST"


@pytest.mark.parametrize(
    ("url", "service_host", "names"),
    [
        ("https://API.example.com:6443", "", ("api.example.com",)),
        ("https://10.96.0.1:443", "10.96.0.1", ("10.96.0.1",)),
        ("https://api.test", "10.96.0.1", ("api.test", "10.96.0.1")),
        ("https://[fd00::1]:6443", "FD00::1", ("fd00::1",)),
        ("", "", ()),
    ],
)
def test_where_no_external_name_may_lead(
    url: str, service_host: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOST, service_host)
    assert api_server_names(url) == names
    assert is_in_cluster() == bool(service_host)


def test_who_named_nothing_is_told_what_can_be_named() -> None:
    error = NoApiServer("not in a cluster")
    told = str(no_source(SourceOptions(), error))
    assert told.startswith("No manifests given: use --manifests PATH or --kubeconfig FILE")
    assert told.endswith("not in a cluster")
    assert str(no_source(SourceOptions(kubeconfig="x"), error)) == "not in a cluster"
