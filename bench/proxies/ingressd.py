"""ingressd: run by this Python or by another one, on manifests or on an API server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.cluster.files import write_manifests
from bench.cluster.shape import Shape
from bench.programs import Ports, subfolder
from bench.proxies.peer import HOST

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: bench
  namespace: default
  annotations:
    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
spec:
  rules:
    - host: {host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: bench, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: bench
  namespace: default
spec:
  selector: {{app: bench}}
  ports:
    - port: 80
"""


def run_command(
    ports: Ports, source: Sequence[str], workers: int = 1, python: str = sys.executable
) -> list[str]:
    """``ingressd run`` on the given ports; ``source`` are the flags that name one."""
    command = [python, "-m", "ingressd", "run", "--workers", str(workers), *source]
    command += ["--address", "127.0.0.1"]
    command += ["--http-port", str(ports.http), "--https-port", str(ports.https)]
    return [*command, "--admin-port", str(ports.admin), "--shutdown-grace-period", "0"]


def prepare(folder: Path, ports: Ports, python: str = sys.executable) -> list[str]:
    """With one Ingress, and no access log as its peers."""
    return [*_prepare(folder, ports, python), "--no-access-log"]


def prepare_logging(folder: Path, ports: Ports) -> list[str]:
    """With its access log, which is its default."""
    return [*_prepare(folder, ports, sys.executable), "--access-log"]


def prepare_large(folder: Path, ports: Ports) -> list[str]:
    """With a large cluster beside the one Ingress."""
    command = prepare(folder, ports)
    write_manifests(Shape(), folder / "manifests")
    return command


def _prepare(folder: Path, ports: Ports, python: str) -> list[str]:
    manifests = subfolder(folder, "manifests")
    shutil.copy(folder.parent / "secret.yaml", manifests)
    (manifests / "bench.yaml").write_text(INGRESS.format(host=HOST))
    source = ["--manifests", str(manifests), "--default-ssl-certificate", "default/bench"]
    source += ["--backend", f"bench=127.0.0.1:{ports.backend}"]
    return run_command(ports, source, python=python)
