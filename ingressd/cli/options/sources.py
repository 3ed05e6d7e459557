"""The flags that say where objects come from and what they mean, shared by every command."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import click
import msgspec
from msgspec import Struct

from ingressd.cli.options.serving import compat_flag, flag
from ingressd.compiler.annotations.naming import objects_named
from ingressd.compiler.configmap import header_fields
from ingressd.compiler.ingresses.classes import decide_ownership
from ingressd.compiler.settings import (
    DEFAULT_ANNOTATIONS_PREFIX,
    DEFAULT_CONTROLLER_CLASS,
    DEFAULT_INGRESS_CLASS,
    BackendOverride,
    Compat,
    CompilerSettings,
)
from ingressd.resources.decoding import DEFAULT_NAMESPACE
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap
from ingressd.sources.kubernetes.kinds import Scope

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_QUALIFIED_NAME = re.compile(rf"{_NAME}/{_NAME}")
_OVERRIDE = re.compile(
    rf"(?:(?P<namespace>{_NAME})/)?(?P<service>{_NAME})(?::(?P<port>[-a-z0-9]+))?"
    r"=(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:=/\[\]]+):(?P<target>[0-9]{1,5})"
)
_HIGHEST_PORT = 65535
OVERRIDE_FORM = "[NS/]SERVICE[:PORT]=HOST:PORT"


class UnusableSource(click.ClickException):
    """The input cannot be read at all: exit code 2."""

    exit_code = 2


class SourceOptions(Struct, frozen=True):
    """Where objects are read, and the settings they are compiled with.

    Without ``manifests`` it is a cluster: that of ``kubeconfig``, else the one we run in.
    ``names_class`` is whether --ingress-class was given.
    """

    manifests: tuple[str, ...] = ()
    kubeconfig: str = ""
    context: str = ""
    names_class: bool = False
    settings: CompilerSettings = CompilerSettings()

    def with_manifests(self, paths: tuple[str, ...]) -> SourceOptions:
        """Read files. They hold what one person put there: every class, and local addresses, are
        meant. Raises click.UsageError where a cluster was asked for, too."""
        if self.kubeconfig:
            raise click.UsageError("manifests and --kubeconfig exclude each other")
        settings = msgspec.structs.replace(
            self.settings,
            serve_every_class=not self.names_class,
            from_files=True,
            local_addresses=True,
        )
        return msgspec.structs.replace(self, manifests=paths, settings=settings)

    @property
    def scope(self) -> Scope:
        """What is watched of a cluster."""
        return Scope(
            namespace=self.settings.watch_namespace,
            configmap=self.settings.configmap,
            default_backend_service=self.settings.default_backend_service,
            default_ssl_certificate=self.settings.default_ssl_certificate,
            is_served=self.is_served,
            names=self.named_objects,
            names_of_settings=named_by_settings,
        )

    def is_served(self, ingress: Ingress, classes: Mapping[str, IngressClass]) -> bool:
        """Whether an Ingress is ours, given every IngressClass by name."""
        return decide_ownership(ingress, classes, self.settings).is_ours

    def named_objects(self, ingress: Ingress) -> frozenset[ObjectKey]:
        """The Secrets and ConfigMaps that annotations of an Ingress name."""
        metadata = ingress.metadata
        prefix = self.settings.annotations_prefix
        return objects_named(metadata.annotations, prefix, metadata.namespace)


def named_by_settings(configmap: ConfigMap) -> frozenset[ObjectKey]:
    """The ConfigMaps that keys of the ConfigMap name."""
    return header_fields.objects_named(configmap.data)


def read_override(text: str) -> BackendOverride:
    """What ``--backend`` asks for. Raises click.BadParameter."""
    parts = _OVERRIDE.fullmatch(text)
    if parts is None:
        raise click.BadParameter(f"{text!r} is not of the form {OVERRIDE_FORM}")
    target_port = int(parts["target"])
    if not 0 < target_port <= _HIGHEST_PORT:
        raise click.BadParameter(f"{text!r}: {target_port} is not a port (1 to {_HIGHEST_PORT})")
    return BackendOverride(
        namespace=parts["namespace"] or DEFAULT_NAMESPACE,
        service=parts["service"],
        port=parts["port"] or "",
        host=parts["host"].strip("[]"),
        target_port=target_port,
    )


def _read_overrides(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[BackendOverride, ...]:
    return tuple(map(read_override, texts))


def read_qualified_name(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> str:
    """A flag that names a namespaced object; raises click.BadParameter."""
    if text and not _QUALIFIED_NAME.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not of the form NAMESPACE/NAME")
    return text or ""


annotations_prefix_flag = flag(
    "--annotations-prefix",
    default=DEFAULT_ANNOTATIONS_PREFIX,
    metavar="PREFIX",
    help="Prefix of the annotations that are read.",
)

_FLAGS = (
    flag(
        "--manifests",
        multiple=True,
        metavar="PATH",
        help="Read objects from a file, a folder, or - for stdin. Repeatable.",
    ),
    flag(
        "--kubeconfig",
        metavar="FILE",
        help="Read objects from the cluster of a kubeconfig. Without this and --manifests: from "
        "the cluster we run in.",
    ),
    flag("--context", metavar="NAME", help="Context within the kubeconfig."),
    flag(
        "--configmap",
        metavar="NS/NAME",
        callback=read_qualified_name,
        help="ConfigMap with settings for all Ingresses.",
    ),
    flag(
        "--backend",
        multiple=True,
        metavar=OVERRIDE_FORM,
        callback=_read_overrides,
        help="Send what is meant for a Service (or one of its ports) to an address. Repeatable.",
    ),
    flag(
        "--ingress-class",
        metavar="NAME",
        help="Serve Ingresses whose kubernetes.io/ingress.class is this "
        f"(default {DEFAULT_INGRESS_CLASS}; with --manifests alone: every class).",
    ),
    flag(
        "--controller-class",
        default=DEFAULT_CONTROLLER_CLASS,
        metavar="NAME",
        help="Serve the IngressClasses whose spec.controller is this.",
    ),
    flag(
        "--watch-ingress-without-class",
        is_flag=True,
        help="Serve Ingresses that name no class, too.",
    ),
    flag("--watch-namespace", metavar="NS", help="Ignore other namespaces."),
    flag(
        "--default-backend-service",
        metavar="NS/NAME",
        callback=read_qualified_name,
        help="Service that takes what no rule takes.",
    ),
    flag(
        "--default-ssl-certificate",
        metavar="NS/NAME",
        callback=read_qualified_name,
        help="TLS Secret for names that have no certificate of their own.",
    ),
    flag(
        "--disable-svc-external-name",
        is_flag=True,
        help="Answer 503 for Services of type ExternalName.",
    ),
    flag(
        "--disable-catch-all",
        is_flag=True,
        help="Serve nothing of an Ingress that has a default backend.",
    ),
    flag(
        "--enable-ssl-passthrough",
        is_flag=True,
        help="Let the annotation ssl-passthrough send TLS to pods as it comes.",
    ),
    flag(
        "--allow-ignored-protection",
        is_flag=True,
        help="Serve paths whose snippets or ModSecurity annotations protect something, without "
        "that protection, instead of answering 503.",
    ),
    annotations_prefix_flag,
    compat_flag,
)
_DESTINATIONS = tuple(
    name.replace("-", "_")
    for name in (
        "manifests", "kubeconfig", "context", "configmap", "backend", "ingress-class",
        "controller-class",
        "watch-ingress-without-class", "watch-namespace", "default-backend-service",
        "default-ssl-certificate", "disable-svc-external-name", "annotations-prefix",
        "enable-ssl-passthrough", "compat",
        "allow-ignored-protection", "disable-catch-all",
    )
)  # fmt: skip


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these flags; it receives them as one argument, ``source``."""

    @functools.wraps(command)
    def with_source(**values: Any) -> Any:
        flags = {name: values.pop(name) for name in _DESTINATIONS}
        return command(source=read_source(flags), **values)

    decorated: Callable[..., Any] = with_source
    for option in reversed(_FLAGS):
        decorated = option(decorated)
    return decorated


def read_source(flags: dict[str, Any]) -> SourceOptions:
    """The options in the flags' values; raises click.UsageError where they do not go together."""
    if flags["context"] and not flags["kubeconfig"]:
        raise click.UsageError("--context names a part of a kubeconfig: give --kubeconfig, too")
    cluster = SourceOptions(
        kubeconfig=flags["kubeconfig"] or "",
        context=flags["context"] or "",
        names_class=flags["ingress_class"] is not None,
        settings=_settings(flags),
    )
    return cluster.with_manifests(flags["manifests"]) if flags["manifests"] else cluster


def _settings(flags: dict[str, Any]) -> CompilerSettings:
    return CompilerSettings(
        ingress_class=flags["ingress_class"] or DEFAULT_INGRESS_CLASS,
        controller_class=flags["controller_class"],
        watch_ingress_without_class=flags["watch_ingress_without_class"],
        watch_namespace=flags["watch_namespace"] or "",
        configmap=flags["configmap"],
        default_backend_service=flags["default_backend_service"],
        default_ssl_certificate=flags["default_ssl_certificate"],
        annotations_prefix=flags["annotations_prefix"],
        overrides=tuple(flags["backend"]),
        external_names=not flags["disable_svc_external_name"],
        ssl_passthrough=flags["enable_ssl_passthrough"],
        allow_ignored_protection=flags["allow_ignored_protection"],
        disable_catch_all=flags["disable_catch_all"],
        compat=Compat(flags["compat"]),
    )
