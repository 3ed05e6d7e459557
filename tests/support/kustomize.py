"""The manifests of deploy/ as ``kubectl kustomize`` renders them."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAYS = tuple(sorted(path.name for path in (DEPLOY / "overlays").iterdir()))
FOLDERS = ("base", "published", *(f"overlays/{name}" for name in OVERLAYS))
"""Every folder of deploy/ that can be applied."""

Object = dict[str, Any]


def find_kubectl() -> str | None:
    """The one beside the control plane of the e2e tests, else the one on the PATH."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return shutil.which("kubectl", path=assets) if assets else shutil.which("kubectl")


@cache
def render(folder: str) -> str:
    """One of FOLDERS as YAML, as ``kubectl apply -f -`` takes it."""
    kubectl = find_kubectl()
    assert kubectl is not None, "there is no kubectl"
    command = [kubectl, "kustomize", str(DEPLOY / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Rendered:
    """The objects of one folder, by kind and name."""

    def __init__(self, folder: str) -> None:
        objects: list[Object] = list(yaml.safe_load_all(render(folder)))
        self.objects = objects
        self._objects = {(each["kind"], each["metadata"]["name"]): each for each in objects}
        assert len(self._objects) == len(objects), "two objects of one name"

    def __getitem__(self, key: tuple[str, str]) -> Object:
        return self._objects[key]

    @property
    def names(self) -> set[tuple[str, str]]:
        return set(self._objects)

    def of_kind(self, *kinds: str) -> list[Object]:
        return [each for (kind, _), each in self._objects.items() if kind in kinds]

    @property
    def pod(self) -> Object:
        """The Deployment's pod template: metadata and spec."""
        template: Object = self["Deployment", "ingressd"]["spec"]["template"]
        return template

    @property
    def container(self) -> Object:
        (container,) = self.pod["spec"]["containers"]
        found: Object = container
        return found

    def flag(self, name: str) -> str | None:
        """The value of ``--name=value`` in the container's arguments."""
        prefix = f"--{name}="
        values = [arg.removeprefix(prefix) for arg in self.container["args"] if prefix in arg]
        assert len(values) <= 1, f"--{name} is given twice"
        return values[0] if values else None
