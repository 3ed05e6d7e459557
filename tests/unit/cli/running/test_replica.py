from __future__ import annotations

import re
import socket
from pathlib import Path

from ingressd.cli.options.cluster import ClusterFlags
from ingressd.cli.running.replica import own_namespace, replica_settings


def test_a_pod_is_called_by_its_name_and_no_two_processes_are_the_same() -> None:
    pod = {"POD_NAME": "ingressd-7d9f", "POD_NAMESPACE": "ingress"}
    first = replica_settings(ClusterFlags(election_id="mine"), pod)
    second = replica_settings(ClusterFlags(), pod)
    assert re.fullmatch(r"ingressd-7d9f_[0-9a-f]{8}", first.candidate.identity)
    assert first.candidate.identity != second.candidate.identity
    assert (first.instance, first.candidate.namespace) == ("ingressd-7d9f", "ingress")
    assert first.candidate.lease == "mine"


def test_elsewhere_it_is_called_like_the_machine() -> None:
    assert replica_settings(ClusterFlags(), {}).instance == socket.gethostname()


def test_the_namespace_is_that_of_the_pod(tmp_path: Path) -> None:
    file = tmp_path / "namespace"
    assert own_namespace({}, file) == "default"
    file.write_text("of-the-account\n")
    assert own_namespace({}, file) == "of-the-account"
    assert own_namespace({"POD_NAMESPACE": "of-the-pod"}, file) == "of-the-pod"
