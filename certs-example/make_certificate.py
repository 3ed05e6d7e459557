"""Makes an example CA, a certificate for the given names, and its Secret manifest (README.md)."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ingressd.cli.certificates import ExampleCertificate, make_example_certificate

OUT = Path(__file__).parent / "out"


def main() -> None:
    """Write ca.crt, tls.crt, tls.key and secret.yaml, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="host name, *.parent or address")
    parser.add_argument("--secret", default="example-tls", help="name of the Secret")
    parser.add_argument("--namespace", default="default", help="namespace of the Secret")
    parser.add_argument("--days", type=int, default=90, help="how long the certificate is valid")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    options = parser.parse_args()
    made = make_example_certificate(options.names, days=options.days)
    for path in write(made, options.out, made.secret_manifest(options.secret, options.namespace)):
        print(path)


def write(made: ExampleCertificate, folder: Path, secret: str) -> list[Path]:
    """Write the files; those with the private key are readable by their owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        _write(folder / "ca.crt", made.authority, 0o644),
        _write(folder / "tls.crt", made.certificate, 0o644),
        _write(folder / "tls.key", made.private_key, 0o600),
        _write(folder / "secret.yaml", secret.encode(), 0o600),
    ]


def _write(path: Path, content: bytes, mode: int) -> Path:
    path.unlink(missing_ok=True)  # an older file would keep its mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


if __name__ == "__main__":
    main()
