"""Caddy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.programs import Ports, find_program

SETTINGS = """\
{{
  admin off
  auto_https off
  servers {{
    protocols h1
  }}
}}
(proxy) {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{backend} {{
    flush_interval -1
    header_up X-Request-ID {{http.request.uuid}}
    header_up X-Real-IP {{remote_host}}
    header_up X-Forwarded-Port {{vars.port}}
    header_up X-Forwarded-Scheme {{scheme}}
    header_up X-Scheme {{scheme}}
    transport http {{
      keepalive_idle_conns 128
      keepalive_idle_conns_per_host 128
      compression off
    }}
  }}
}}
http://:{http} {{
  vars port {http}
  import proxy
}}
https://:{https} {{
  vars port {https}
  tls {certificates}/cert.pem {certificates}/key.pem
  import proxy
}}
"""


def prepare(folder: Path, ports: Ports) -> list[str]:
    """The proxy."""
    caddyfile = folder / "Caddyfile"
    caddyfile.write_text(
        SETTINGS.format(
            certificates=folder.parent,
            http=ports.http,
            https=ports.https,
            backend=ports.backend,
        )
    )
    path = folder / "caddy.json"
    path.write_text(json.dumps(_without_resumption(_adapted(caddyfile))))
    # One Go processor, as the others have one worker.
    return ["env", "GOMAXPROCS=1", f"HOME={folder}", _program(), "run", "--config", str(path)]


def _adapted(caddyfile: Path) -> dict[str, dict[str, dict[str, object]]]:
    command = [_program(), "adapt", "--config", str(caddyfile), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, check=True)
    settings: dict[str, dict[str, dict[str, object]]] = json.loads(done.stdout)
    return settings


def _without_resumption(
    settings: dict[str, dict[str, dict[str, object]]],
) -> dict[str, dict[str, dict[str, object]]]:
    """Only Caddy's JSON has a switch for it."""
    settings["apps"]["tls"]["session_tickets"] = {"disabled": True}
    return settings


def _program() -> str:
    return find_program("caddy") or "caddy"
