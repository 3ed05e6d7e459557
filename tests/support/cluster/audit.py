"""What one account asked of the API server, and what it may ask, in the same terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from support.kustomize import Object

_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ],
}


class Right(Struct, frozen=True, order=True):
    """What one rule of RBAC lets somebody do; ``resource`` may have a subresource after a slash."""

    group: str
    resource: str
    verb: str


def rights_of(roles: Iterable[Object]) -> set[Right]:
    """Everything that Roles and ClusterRoles grant together, names aside."""
    return {
        Right(group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


class _ObjectRef(Struct, frozen=True, rename="camel"):
    resource: str = ""
    subresource: str = ""
    api_group: str = ""


class _User(Struct, frozen=True):
    username: str


class _Answer(Struct, frozen=True):
    code: int


class Asked(Struct, frozen=True, rename="camel"):
    """One line of the log (audit.k8s.io/v1 Event): a request, its answer begun or complete."""

    verb: str
    request_uri: str = msgspec.field(name="requestURI")
    user: _User
    response_status: _Answer
    object_ref: _ObjectRef | None = None

    @property
    def right(self) -> Right | None:
        """What it takes; None for what is no resource, such as discovery, which all may read."""
        ref = self.object_ref
        if ref is None:
            return None
        resource = f"{ref.resource}/{ref.subresource}" if ref.subresource else ref.resource
        return Right(ref.api_group, resource, self.verb)


class AuditLog:
    """kube-apiserver's log of the requests of ServiceAccounts; it writes before it answers."""

    def __init__(self, folder: Path) -> None:
        self._policy = folder / "audit-policy.yaml"
        self._policy.write_text(yaml.safe_dump(_POLICY))
        self._log = folder / "audit.log"
        self._log.touch()

    @property
    def flags(self) -> tuple[str, ...]:
        """For kube-apiserver."""
        return (f"--audit-policy-file={self._policy}", f"--audit-log-path={self._log}")

    @property
    def size(self) -> int:
        """Where the log ends now: what is asked from now on is ``asked_by(..., since=size)``."""
        return self._log.stat().st_size

    def asked_by(self, user: str, since: int = 0) -> Iterator[Asked]:
        """The requests of one user, in order."""
        with self._log.open("rb") as log:
            log.seek(since)
            whole_lines = log.read().rpartition(b"\n")[0].splitlines()
        for line in whole_lines:
            asked = msgspec.json.decode(line, type=Asked)
            if asked.user.username == user:
                yield asked
