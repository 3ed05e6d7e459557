from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.annotated import ingress, write
from support.commands import ingressd

from ingressd.resources.finding import Finding, Severity

GOOD = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: shop}
subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 8080}]}]
"""
BAD = GOOD.replace("{service: {name: shop,", "{service: {name: gone,")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD)
    return path


def test_clean_manifests_exit_with_0(shop: Path) -> None:
    result = ingressd("check", shop)
    assert result.output == "nothing wrong in 3 objects; 1 route on 1 host\n"
    assert result.exit_code == 0


def test_an_error_names_object_field_reason_and_remedy(shop: Path) -> None:
    shop.write_text(BAD)
    result = ingressd("check", shop)
    assert result.exit_code == 1
    assert "Ingress default/shop" in result.output
    assert f"{shop}, document 1" in result.output
    assert "spec.rules[0].http.paths[0].backend [ServiceMissing]" in result.output
    assert "fix: " in result.output
    assert "1 error" in result.output.splitlines()[-1]


def test_a_broken_document_hides_no_other(shop: Path) -> None:
    shop.write_text(f"{GOOD}---\nkind: [\n")
    result = ingressd("check", shop)
    assert result.exit_code == 1
    assert "[InvalidDocument]" in result.output
    assert "1 route on 1 host" in result.output


def test_json_is_the_findings(shop: Path) -> None:
    shop.write_text(BAD)
    result = ingressd("check", shop, "--output", "json")
    findings = msgspec.json.decode(result.output, type=list[Finding])
    assert result.exit_code == 1
    assert (findings[0].severity, findings[0].code) == (Severity.ERROR, "ServiceMissing")
    assert findings[0].subject.name == "shop"


def test_stdin_is_a_file_too() -> None:
    result = ingressd("check", "-", input=BAD)
    assert result.exit_code == 1
    assert "stdin" in result.output


def test_warnings_alone_exit_with_0(shop: Path) -> None:
    shop.write_text(GOOD.replace("            pathType: Prefix\n", ""))
    result = ingressd("check", shop)
    assert "1 warning" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("arguments", [(), ("no-such-folder",), ("--kubeconfig", "x")])
def test_unusable_input_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert ingressd("check", *arguments).exit_code == 2


def test_nothing_to_check_is_unusable(tmp_path: Path) -> None:
    result = ingressd("check", tmp_path)
    assert result.exit_code == 2
    assert "none of the kinds ingressd reads" in result.output


DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n"


def test_other_kinds_alone_are_called_that() -> None:
    result = ingressd("check", "-", input=DEPLOYMENT)
    assert result.exit_code == 2
    assert "none of the kinds ingressd reads (Ingress, IngressClass, Service" in result.output
    assert "in stdin" in result.output


def test_ingresses_that_are_not_ours_are_counted(shop: Path) -> None:
    result = ingressd("check", shop, "--ingress-class", "mine", "--watch-ingress-without-class")
    assert "not ours" not in result.output
    result = ingressd("check", shop, "--watch-namespace", "elsewhere")
    assert "1 Ingress is not ours" in result.output.splitlines()[-1]


WITH_DEFAULT = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: all}
spec:
  defaultBackend: {service: {name: shop, port: {number: 80}}}
"""


def test_an_ingress_with_a_default_backend_is_dropped_where_that_is_forbidden(shop: Path) -> None:
    shop.write_text(WITH_DEFAULT)
    assert "Default" in ingressd("routes", "--manifests", shop).output
    forbidden = ingressd("routes", "--manifests", shop, "--disable-catch-all")
    assert "There is no route." in forbidden.output
    result = ingressd("check", shop, "--disable-catch-all")
    assert "CatchAllDisabled" in result.output
    assert result.exit_code == 1


def test_an_override_that_nothing_follows_names_the_flag(shop: Path) -> None:
    result = ingressd("check", shop, "--backend", "shpo=127.0.0.1:3000")
    assert "Flag --backend" in result.output
    assert "did you mean default/shop?" in result.output
    assert result.exit_code == 0


def test_ordinary_manifests_have_no_pods_and_no_warning(shop: Path) -> None:
    text = GOOD.rpartition("---")[0].replace("{ports:", "{selector: {app: shop}, ports:")
    shop.write_text(text)
    result = ingressd("check", shop)
    assert "--backend shop=127.0.0.1:3000" in result.output
    assert "1 for information" in result.output


def test_where_the_compats_differ_is_told_with_either(shop: Path) -> None:
    shop.write_text(GOOD.replace("spec:\n  rules", "spec:\n  tls: [{}]\n  rules", 1))
    for compat in ("exact", "sane"):
        result = ingressd("check", shop, "--compat", compat)
        assert result.output.startswith(f"Ingress default/shop  {shop}, document 1\n")
        assert "[CompatDiffers]" in result.output
        assert "1 for information" in result.output


def test_what_compat_changes_everywhere_does_not_fill_the_screen(tmp_path: Path) -> None:
    ingresses = (ingress(f"web-{number}", f"{number}.test", tls=True) for number in range(12))
    write(tmp_path, *ingresses)
    result = ingressd("check", tmp_path)
    assert result.output.count("[CompatDiffers]") == 10
    assert "--compat makes a difference for 2 more (--output json names them)" in result.output
    everything = ingressd("check", tmp_path, "--output", "json").output
    assert everything.count("CompatDiffers") == 12
