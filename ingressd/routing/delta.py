"""What travels to a worker: the change from one generation of the table to the next."""

from __future__ import annotations

from msgspec import Struct

from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.model import Certificate, Host, SecretMaterial, Upstream


class Delta(Struct, frozen=True, omit_defaults=True):
    """Entries to put and names to drop, applied in one step.

    ``reset`` drops everything first: such a delta is a whole table. ``bindings`` maps a host (exact
    or ``*.parent``) to the fingerprint of its certificate; ``default_certificate`` "" and
    ``global_policy`` None mean: as it was.
    """

    generation: int
    reset: bool = False
    hosts: tuple[Host, ...] = ()
    removed_hosts: tuple[str, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    removed_upstreams: tuple[str, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    removed_certificates: tuple[str, ...] = ()
    bindings: dict[str, str] = {}
    removed_bindings: tuple[str, ...] = ()
    default_certificate: str = ""
    secrets: tuple[SecretMaterial, ...] = ()
    removed_secrets: tuple[str, ...] = ()
    global_policy: GlobalPolicy | None = None

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change nothing but the generation."""
        return not (
            self.reset
            or self.hosts
            or self.removed_hosts
            or self.upstreams
            or self.removed_upstreams
            or self.certificates
            or self.removed_certificates
            or self.bindings
            or self.removed_bindings
            or self.default_certificate
            or self.secrets
            or self.removed_secrets
            or self.global_policy is not None
        )
