"""What the objects of some files come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.cli.compiled import Compilation, compile_source
from ingressd.cli.options.sources import SourceOptions, UnusableSource
from ingressd.compiler.settings import CompilerSettings

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, annotations: {{nginx.ingress.kubernetes.io/use-regex: "{is_regex}"}}}}
spec:
  ingressClassName: {ingress_class}
  rules:
  - host: a.test
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend: {{service: {{name: web, port: {{number: 80}}}}}}
---"""
CONFIGMAP = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}, namespace: ops}}
data: {data}
---"""


def ingress(
    name: str, *, ingress_class: str = "ingressd", path: str = "/", is_regex: bool = False
) -> str:
    return INGRESS.format(
        name=name, ingress_class=ingress_class, path=path, is_regex=str(is_regex).lower()
    )


OURS, THEIRS = ingress("ours"), ingress("theirs", ingress_class="nginx")
KNOWN = '{keep-alive: "75", enable-brotli: "true"}'


def compiled(folder: Path, *documents: str, compares: bool = False, **flags: str) -> Compilation:
    """What they come to, with an Ingress class named."""
    manifest = folder / "all.yaml"
    manifest.write_text("".join(documents))
    settings = CompilerSettings(**flags)
    source = SourceOptions(names_class=True, settings=settings)
    return compile_source(source.with_manifests((str(manifest),)), compares=compares)


def test_what_is_not_ours_is_counted_and_not_judged(tmp_path: Path) -> None:
    made = compiled(tmp_path, OURS, THEIRS)
    assert (made.objects, made.foreign) == (2, 1)
    assert made.verdicts.keys() == {"default/ours"}
    assert made.table.hosts.keys() == {"a.test"}
    assert made.kinds == {"Ingress"}


def test_the_keys_of_the_configmap_are_told_sorted(tmp_path: Path) -> None:
    documents = [CONFIGMAP.format(name=name, data=KNOWN) for name in ("one", "other")]
    made = compiled(tmp_path, *documents, configmap="ops/one")
    assert made.configmap_keys == ("enable-brotli", "keep-alive")
    assert made.lookalikes == ("ops/other",)
    assert compiled(tmp_path, *documents).configmap_keys == ()


@pytest.mark.parametrize(
    ("data", "looks_alike"),
    [
        (KNOWN, True),
        ('{keep-alive: "75", mine: x}', False),
        ('{keep-alive: "75", enable-brotli: "true", mine: x}', True),
        ("{}", False),
    ],
)
def test_a_configmap_looks_like_ours_where_most_of_its_keys_do(
    data: str, looks_alike: bool, tmp_path: Path
) -> None:
    made = compiled(tmp_path, CONFIGMAP.format(name="other", data=data))
    assert made.lookalikes == (("ops/other",) if looks_alike else ())


def test_what_another_compat_would_change_is_told_with_its_place(tmp_path: Path) -> None:
    regex = ingress("regex", path="/(a)", is_regex=True)
    plain = ingress("plain", path="/b")
    differing = [
        found
        for found in compiled(tmp_path, regex, plain, compares=True).findings
        if found.code == "CompatDiffers"
    ]
    assert [found.subject.name for found in differing] == ["plain"]
    assert [found.origin.rpartition("/")[2] for found in differing] == ["all.yaml, document 2"]
    told = {found.code for found in compiled(tmp_path, regex, plain).findings}
    assert "CompatDiffers" not in told


def test_what_cannot_be_read_is_no_source(tmp_path: Path) -> None:
    source = SourceOptions().with_manifests((str(tmp_path / "nothing.yaml"),))
    with pytest.raises(UnusableSource, match=r"nothing\.yaml"):
        compile_source(source)
