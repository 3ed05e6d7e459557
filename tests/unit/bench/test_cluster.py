"""Generated clusters: their size, that the seed decides them, and that nothing in them is wrong."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.cluster.files import to_yaml, write_lists, write_manifests
from bench.cluster.objects import cluster_objects, endpoint_slice
from bench.cluster.shape import Shape, address_of
from ingressd.cli.compiled import compile_source
from ingressd.cli.options.sources import SourceOptions
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.ingress import Ingress
from ingressd.sources.kubernetes.envelopes import decode_page

SMALL = Shape(ingresses=12, paths=3, services=250, endpoints=700, certificates=5)


def test_a_cluster_has_the_size_that_was_asked_for() -> None:
    objects = cluster_objects(SMALL)
    sizes = {plural: len(found) for plural, found in objects.items()}
    assert (sizes["ingresses"], sizes["services"], sizes["secrets"]) == (12, 250, 5)
    addresses = [
        address
        for found in objects["endpointslices"]
        for endpoint in found["endpoints"]
        for address in endpoint["addresses"]
    ]
    assert len(addresses) == len(set(addresses)) == 700


def test_no_slice_holds_more_than_a_hundred_endpoints() -> None:
    crowded = Shape(ingresses=0, services=2, endpoints=500, certificates=0)
    slices = cluster_objects(crowded)["endpointslices"]
    assert [len(found["endpoints"]) for found in slices] == [100, 100, 50, 100, 100, 50]
    assert len({found["metadata"]["name"] for found in slices}) == 6


def test_the_seed_decides_everything_but_certificates() -> None:
    first, same, other = (
        {
            **cluster_objects(Shape(ingresses=40, services=200, endpoints=9, seed=seed)),
            "secrets": [],
        }
        for seed in (1, 1, 2)
    )
    assert first == same
    assert first["ingresses"] != other["ingresses"]


def test_addresses_stay_in_one_network() -> None:
    assert (address_of(0), address_of(65_536)) == ("10.64.0.0", "10.65.0.0")


def test_a_document_is_read_back_as_it_was() -> None:
    found = endpoint_slice("bench", "live", ["10.64.0.1", "10.64.0.2"])
    assert yaml.safe_load(to_yaml(found)) == found


def test_there_is_nothing_wrong_with_the_manifests(tmp_path: Path) -> None:
    write_manifests(SMALL, tmp_path)
    source = SourceOptions(manifests=(str(tmp_path),), settings=CompilerSettings())
    compiled = compile_source(source)
    assert compiled.findings == ()
    assert compiled.foreign == 0
    assert len(compiled.table.hosts) == 12


def test_lists_are_pages_of_an_api_server(tmp_path: Path) -> None:
    write_lists(SMALL, tmp_path)
    page = decode_page((tmp_path / "ingresses.json").read_bytes(), Ingress)
    assert len(page.objects) == 12
    assert page.refused == ()
    assert page.version
