from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result
from support.objects import ingress, ingress_class

from ingressd.cli.options.sources import (
    SourceOptions,
    named_by_settings,
    read_override,
    source_options,
)
from ingressd.compiler.settings import BackendOverride, CompilerSettings
from ingressd.sources.kubernetes.kinds import Scope


def invoke(*arguments: str, **variables: str) -> tuple[SourceOptions | None, Result]:
    received: list[SourceOptions] = []

    @click.command()
    @source_options
    def command(source: SourceOptions) -> None:
        received.append(source)

    result = CliRunner().invoke(command, arguments, env=variables)
    return (received[0] if received else None), result


def options(*arguments: str, **variables: str) -> SourceOptions:
    source, result = invoke(*arguments, **variables)
    assert source is not None, result.output
    return source


def test_files_alone_serve_every_class() -> None:
    assert options("--manifests", "a", "--manifests", "-") == SourceOptions(
        manifests=("a", "-"),
        settings=CompilerSettings(serve_every_class=True, from_files=True, local_addresses=True),
    )


def test_every_flag_reaches_its_setting() -> None:
    source = options(
        "--configmap", "web/settings",
        "--ingress-class", "nginx",
        "--controller-class", "k8s.io/ingress-nginx",
        "--watch-ingress-without-class",
        "--watch-namespace", "shop",
        "--default-backend-service", "web/lost",
        "--default-ssl-certificate", "web/tls",
        "--annotations-prefix", "example.com",
        "--backend", "kubia=127.0.0.1:8080",
    )  # fmt: skip
    assert source.settings == CompilerSettings(
        ingress_class="nginx",
        controller_class="k8s.io/ingress-nginx",
        serve_every_class=False,
        watch_ingress_without_class=True,
        watch_namespace="shop",
        configmap="web/settings",
        default_backend_service="web/lost",
        default_ssl_certificate="web/tls",
        annotations_prefix="example.com",
        overrides=(BackendOverride("default", "kubia", "", "127.0.0.1", 8080),),
    )
    assert source.scope == Scope(
        "shop",
        "web/settings",
        "web/lost",
        "web/tls",
        is_served=source.is_served,
        names=source.named_objects,
        names_of_settings=named_by_settings,
    )


def test_a_cluster_has_other_controllers_and_may_not_lead_to_this_machine() -> None:
    source = options("--kubeconfig", "x", "--context", "y")
    assert (source.kubeconfig, source.context) == ("x", "y")
    assert not source.settings.serve_every_class
    assert not source.settings.local_addresses


def test_files_of_a_named_class_are_served_alone() -> None:
    settings = options("--manifests", "a", "--ingress-class", "nginx").settings
    assert settings == CompilerSettings(
        ingress_class="nginx", from_files=True, local_addresses=True
    )


def test_flags_are_environment_variables_too() -> None:
    source = options(
        INGRESSD_MANIFESTS="a b",
        INGRESSD_INGRESS_CLASS="nginx",
        INGRESSD_WATCH_INGRESS_WITHOUT_CLASS="true",
        INGRESSD_BACKEND="web=127.0.0.1:1 shop/web:http=[::1]:2",
    )
    assert source.manifests == ("a", "b")
    assert source.settings.ingress_class == "nginx"
    assert source.settings.watch_ingress_without_class
    assert [override.host for override in source.settings.overrides] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("text", "override"),
    [
        ("kubia=127.0.0.1:8080", BackendOverride("default", "kubia", "", "127.0.0.1", 8080)),
        ("shop/web:80=localhost:1", BackendOverride("shop", "web", "80", "localhost", 1)),
        ("web:http=[::1]:65535", BackendOverride("default", "web", "http", "::1", 65535)),
    ],
)
def test_reads_an_override(text: str, override: BackendOverride) -> None:
    assert read_override(text) == override


@pytest.mark.parametrize(
    "text",
    ["kubia", "kubia=8080", "kubia=127.0.0.1", "=a:1", "a/b/c=d:1", "a=b:0", "a=b:65536", "a=:1"],
)
def test_refuses_an_override(text: str) -> None:
    with pytest.raises(click.BadParameter, match=text):
        read_override(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--backend", "kubia=x"), "is not of the form [NS/]SERVICE[:PORT]=HOST:PORT"),
        (("--default-backend-service", "lost"), "is not of the form NAMESPACE/NAME"),
        (("--default-ssl-certificate", "a/b/c"), "is not of the form NAMESPACE/NAME"),
        (("--configmap", "settings"), "is not of the form NAMESPACE/NAME"),
        (("--kubeconfig", "x", "--manifests", "y"), "exclude each other"),
        (("--context", "x"), "give --kubeconfig, too"),
    ],
)
def test_usage_errors_say_what_is_expected(arguments: tuple[str, ...], message: str) -> None:
    source, result = invoke(*arguments)
    assert source is None
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_help_names_the_variable_of_each_flag() -> None:
    _, result = invoke("--help")
    assert "INGRESSD_DEFAULT_SSL_CERTIFICATE" in result.output


def test_external_names_can_be_switched_off() -> None:
    assert options().settings.external_names
    assert not options("--disable-svc-external-name").settings.external_names


def test_what_a_source_reads_on_behalf_of_an_ingress_depends_on_its_class() -> None:
    source = options("--controller-class", "k8s.io/ingress-nginx")
    classes = {
        each.metadata.name: each
        for each in (ingress_class("ours", "k8s.io/ingress-nginx"), ingress_class("theirs", "x"))
    }
    assert source.scope.is_served(ingress("web", ingress_class="ours"), classes)
    assert not source.scope.is_served(ingress("web", ingress_class="theirs"), classes)


def test_passing_tls_through_has_to_be_switched_on() -> None:
    assert not options().settings.ssl_passthrough
    assert options("--enable-ssl-passthrough").settings.ssl_passthrough


def test_default_backends_can_be_forbidden() -> None:
    assert not options().settings.disable_catch_all
    assert options("--disable-catch-all").settings.disable_catch_all
