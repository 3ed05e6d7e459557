"""The real kubectl, of the control plane's release, as whoever a kubeconfig says."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path


class KubectlFailed(Exception):
    """kubectl exited with a code other than 0; the text is what it wrote on stderr."""


class Kubectl:
    """Callable like the command: ``await kubectl("get", "ingress", "-o", "json")``."""

    def __init__(self, program: Path, kubeconfig: Path, namespace: str = "default") -> None:
        self._program = program
        self._kubeconfig = kubeconfig
        self._namespace = namespace

    def within(self, namespace: str) -> Kubectl:
        """The same with another namespace as the default."""
        return Kubectl(self._program, self._kubeconfig, namespace)

    async def __call__(self, *arguments: str, input: str | None = None) -> str:
        """What it wrote on stdout; raises KubectlFailed."""
        process = await asyncio.create_subprocess_exec(
            self._program,
            f"--kubeconfig={self._kubeconfig}",
            f"--cache-dir={self._kubeconfig.parent / 'kubectl'}",
            f"--namespace={self._namespace}",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        stdout, stderr = await process.communicate((input or "").encode())
        if process.returncode:
            raise KubectlFailed(stderr.decode().strip())
        return stdout.decode()
