"""Who may call the API server: its certificates, the admin's token, and kubeconfigs."""

from __future__ import annotations

import secrets
from pathlib import Path

import yaml

from support.certificates import CertificateAuthority
from support.cluster.network import NODE_ADDRESS

SERVER = f"https://{NODE_ADDRESS}:6443"
_SERVER_NAMES = (NODE_ADDRESS, "127.0.0.1", "localhost", "kubernetes.default.svc")


class Credentials:
    """Files in one folder, named like the API server's flags want them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = CertificateAuthority("Kubernetes for tests")
        self.authority_file = self._written("ca.pem", self._authority.pem)
        self.server_chain, self.server_key = self._leaf("server", *_SERVER_NAMES)
        # The API server takes the public key of service account tokens out of a certificate too.
        self.accounts_chain, self.accounts_key = self._leaf("accounts", "service-accounts")
        self.admin_token = secrets.token_hex(16)
        users = f'{self.admin_token},admin,admin,"system:masters"\n'
        self.token_file = self._written("tokens.csv", users.encode())
        self.admin_kubeconfig = self.kubeconfig("admin", self.admin_token)

    def kubeconfig(self, user: str, token: str) -> Path:
        """A kubeconfig for a token, in a file named after the user."""
        contents = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": user,
            "clusters": [{"name": "test", "cluster": self._cluster()}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": user, "context": {"cluster": "test", "user": user}}],
        }
        return self._written(f"{user}.kubeconfig", yaml.safe_dump(contents).encode())

    def elsewhere(self, kubeconfig: Path, server: str) -> Path:
        """The same user, who finds the API server at another URL."""
        contents = yaml.safe_load(kubeconfig.read_text())
        contents["clusters"][0]["cluster"]["server"] = server
        return self._written(f"{kubeconfig.stem}.elsewhere", yaml.safe_dump(contents).encode())

    def _cluster(self) -> dict[str, str]:
        return {"server": SERVER, "certificate-authority": str(self.authority_file)}

    def _leaf(self, name: str, *names: str) -> tuple[Path, Path]:
        pair = self._authority.leaf(*names)
        chain = self._written(f"{name}.pem", pair.chain)
        return chain, self._written(f"{name}.key", pair.private_key)

    def _written(self, name: str, contents: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(contents)
        path.chmod(0o600)
        return path
