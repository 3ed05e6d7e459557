"""The flags that decide what objects mean."""

from __future__ import annotations

from msgspec import Struct

DEFAULT_INGRESS_CLASS = "ingressd"
DEFAULT_CONTROLLER_CLASS = "ingressd.dev/ingress-controller"
DEFAULT_ANNOTATIONS_PREFIX = "nginx.ingress.kubernetes.io"


class BackendOverride(Struct, frozen=True):
    """``--backend``: send what is meant for a Service (port "" = each of its ports) to an address.

    Several overrides of the same Service port are several endpoints of it.
    """

    namespace: str
    service: str
    port: str
    host: str
    target_port: int

    def __str__(self) -> str:
        """As the flag takes it."""
        port = f":{self.port}" if self.port else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.namespace}/{self.service}{port}={host}:{self.target_port}"


class CompilerSettings(Struct, frozen=True):
    """Flags that decide what objects mean; see ``ingressd run --help`` for each.

    ``serve_every_class`` is files without ``--ingress-class``: a laptop has no other controller.
    ``from_files``: nobody makes endpoints for the selector of a Service there.
    ``local_addresses`` admits loopback and link-local endpoints, which only files can hold for a
    good reason. ``default_backend_service`` and ``default_ssl_certificate`` are ``namespace/name``.
    """

    ingress_class: str = DEFAULT_INGRESS_CLASS
    controller_class: str = DEFAULT_CONTROLLER_CLASS
    serve_every_class: bool = False
    watch_ingress_without_class: bool = False
    watch_namespace: str = ""
    default_backend_service: str = ""
    default_ssl_certificate: str = ""
    annotations_prefix: str = DEFAULT_ANNOTATIONS_PREFIX
    overrides: tuple[BackendOverride, ...] = ()
    from_files: bool = False
    local_addresses: bool = False
    external_names: bool = True
