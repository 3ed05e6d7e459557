from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from ingressd.cli.demo import (
    PODS,
    TLS_HOST,
    Demo,
    example_manifests,
    invitation,
    serve_options,
    write_certificate,
)
from ingressd.cli.kubia import Pod
from ingressd.cli.running.listening import Bound

RUNNING = tuple(Pod(name, 9001 + index) for index, name in enumerate(PODS))
BOUND = Bound(http=1080, https=1443, admin=1254)


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(
        address="127.0.0.1",
        http_port=0,
        https_port=0,
        admin_port=0,
        workers=1,
        access_log=False,
        folder=tmp_path,
    )


def test_every_pod_is_an_endpoint_of_the_service(demo: Demo) -> None:
    overrides = serve_options(demo, RUNNING).compiler.overrides
    assert {(each.namespace, each.service, each.host) for each in overrides} == {
        ("default", "kubia", "127.0.0.1")
    }
    assert [each.target_port for each in overrides] == [9001, 9002, 9003]


def test_the_manifests_name_the_secret_and_host_that_are_made(demo: Demo) -> None:
    write_certificate(demo)
    secret = yaml.safe_load((demo.secret_folder / "secret.yaml").read_text())
    ingress = yaml.safe_load((example_manifests() / "ingress-tls.yaml").read_text())
    wanted = {"hosts": [TLS_HOST], "secretName": secret["metadata"]["name"]}
    assert ingress["spec"]["tls"] == [wanted]


def test_only_the_owner_can_read_the_key(demo: Demo) -> None:
    write_certificate(demo)
    assert demo.secret_folder.stat().st_mode & 0o077 == 0
    assert (demo.secret_folder / "secret.yaml").stat().st_mode & 0o077 == 0


def test_printed_lines_name_the_ports_that_were_bound(demo: Demo) -> None:
    text = invitation(demo, RUNNING, BOUND)
    assert "--resolve kubia.example.com:1080:127.0.0.1 http://kubia.example.com:1080/" in text
    assert f"--resolve {TLS_HOST}:1443:127.0.0.1" in text
    assert "--admin http://127.0.0.1:1254" in text
    assert "kubia=127.0.0.1:9003" in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [("0.0.0.0", "http://127.0.0.1:1080/"), ("::", "http://[::1]:1080/")],
)
def test_a_wildcard_address_is_reached_on_loopback(demo: Demo, address: str, shown: str) -> None:
    asked = msgspec.structs.replace(demo, address=address)
    assert shown in invitation(asked, RUNNING, BOUND)
