"""The flags that decide what objects mean."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy

DEFAULT_INGRESS_CLASS = "ingressd"
DEFAULT_CONTROLLER_CLASS = "ingressd.dev/ingress-controller"
DEFAULT_ANNOTATIONS_PREFIX = "nginx.ingress.kubernetes.io"


class Compat(Enum):
    """What holds where ingress-nginx surprises people: EXACT does the same, SANE does not.

    SANE: use-regex and rewrite-target concern the paths of their own Ingress alone; redirects to
    https and to the www form keep a trailing slash, the latter without the port if it is the usual
    one; redirects to a path lead where the client asked; the cookie of an affinity is for the whole
    host.
    """

    EXACT = "exact"
    SANE = "sane"


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
    good reason. ``configmap``, ``default_backend_service`` and ``default_ssl_certificate`` are
    ``namespace/name``. ``ssl_passthrough``: annotations may leave TLS to the pods.
    ``disable_catch_all``: nothing is served of an Ingress with ``spec.defaultBackend``.
    ``global_policy`` is what flags say of it; keys of the ConfigMap win.
    ``allow_ignored_protection``: what nothing here can ever give, such as a snippet that denies, is
    done without, instead of answering 503.
    """

    ingress_class: str = DEFAULT_INGRESS_CLASS
    controller_class: str = DEFAULT_CONTROLLER_CLASS
    serve_every_class: bool = False
    watch_ingress_without_class: bool = False
    watch_namespace: str = ""
    configmap: str = ""
    default_backend_service: str = ""
    default_ssl_certificate: str = ""
    annotations_prefix: str = DEFAULT_ANNOTATIONS_PREFIX
    overrides: tuple[BackendOverride, ...] = ()
    from_files: bool = False
    local_addresses: bool = False
    external_names: bool = True
    ssl_passthrough: bool = False
    allow_ignored_protection: bool = False
    disable_catch_all: bool = False
    compat: Compat = Compat.EXACT
    global_policy: GlobalPolicy = DEFAULT_GLOBAL_POLICY
