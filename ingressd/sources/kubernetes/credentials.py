"""Where the API server is and who we are to it: a kubeconfig, or the pod we run in.

Everything kubeconfigs can hold (client certificates, tokens, exec plugins, OIDC) is left to
kubernetes_asyncio, and so is the making of the HTTP session.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import yaml
from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.client.rest import RESTClientObject
from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config

from ingressd.sources.kubernetes.errors import NoApiServer

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_PERIOD = 60.0
"""Seconds after which the token file is read again, as client-go does: the kubelet replaces it
when a fifth of its life (one hour by default) is left."""

_AUTHORIZATION = re.compile(r"[A-Za-z]+ [!-~]+")
"""``Authorization`` as a header can carry it: a scheme and a token (RFC 6750 section 2.1)."""


class Credentials:
    """What was loaded at one moment. ``transport`` differs where another session is needed."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.url = str(configuration.host).rstrip("/")
        self.authorization: str = configuration.api_key.get("BearerToken", "").strip()
        self.transport = _fingerprint(configuration)

    def __repr__(self) -> str:
        return f"Credentials({self.url})"

    def is_other_than(self, earlier: Credentials) -> bool:
        """Whether a request that failed with the earlier ones may succeed with these."""
        mine = (self.authorization, self.transport)
        return mine != (earlier.authorization, earlier.transport)

    def open_session(self) -> aiohttp.ClientSession:
        """A session with the TLS context that belongs to them; the caller closes it.

        Of the library's own session only the connections are of use: it would also send what
        ~/.netrc says, and with ours aiohttp refuses to send both.
        """
        library_session = RESTClientObject(self._configuration).pool_manager
        connector = library_session.connector
        library_session.detach()
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    @property
    def request_options(self) -> dict[str, Any]:
        """What each request of the session needs besides."""
        return {
            "proxy": self._configuration.proxy or _proxy_from_environment(self.url),
            "server_hostname": getattr(self._configuration, "tls_server_name", None),
        }


class Access(Protocol):
    """Loads credentials, again whenever they may have changed."""

    period: float
    """Seconds after which to load them again though nothing failed."""

    async def load(self) -> Credentials:
        """The credentials as they are now. Raises NoApiServer."""
        ...


class KubeconfigAccess:
    """A kubeconfig file. What expires in it is noticed by the API server's 401."""

    period = math.inf

    def __init__(self, path: str, context: str | None) -> None:
        self._path = path
        self._context = context

    async def load(self) -> Credentials:
        """Read the file, and run its exec plugin if it has one. Raises NoApiServer."""
        self._require_file()
        configuration = _new_configuration()
        try:
            await load_kube_config(self._path, self._context, configuration)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # plugins and malformed files raise whatever they like
            raise NoApiServer(f"{self._path}: {_first_line(error)}") from None
        return _credentials(configuration, self._path)

    def _require_file(self) -> None:
        if not os.path.isfile(os.path.expanduser(self._path)):
            raise NoApiServer(f"{self._path}: there is no such kubeconfig file")


class InClusterAccess:
    """The ServiceAccount that the kubelet mounts into every pod, and replaces as it expires."""

    period = TOKEN_PERIOD

    def __init__(
        self, folder: Path = SERVICE_ACCOUNT, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._folder = folder
        self._environment = dict(environment)

    async def load(self) -> Credentials:
        """Read the token. Raises NoApiServer with what was missing."""
        configuration = _new_configuration()
        token_file = str(self._folder / "token")
        try:
            load_incluster_config(  # type: ignore[no-untyped-call]
                configuration,
                try_refresh_token=False,
                token_filename=token_file,
                cert_filename=str(self._folder / "ca.crt"),
                environ=self._environment,
            )
        except (ConfigException, OSError) as error:
            raise NoApiServer(f"not in a cluster: {_first_line(error)}") from None
        except UnicodeDecodeError:
            raise NoApiServer(f"{token_file} or the ca.crt beside it is not text") from None
        return _credentials(configuration, token_file)


def _credentials(configuration: Configuration, file: str) -> Credentials:
    """What was loaded from a file. Raises NoApiServer where no header can carry its token."""
    credentials = Credentials(configuration)
    if credentials.authorization and not _AUTHORIZATION.fullmatch(credentials.authorization):
        raise NoApiServer(
            f"{file}: the token in it, or that it leads to, is none: it has a line end, a space "
            "or another character that a token cannot have, or is empty"
        )
    return credentials


def _new_configuration() -> Configuration:
    """Certificates are checked as strictly as other clients of Kubernetes do: many a cluster's CA
    has no key identifier. Connections are not limited here: each watch takes one for itself."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = 0
    configuration.disable_strict_ssl_verification = True
    return configuration


def _proxy_from_environment(url: str) -> str | None:
    """HTTPS_PROXY and NO_PROXY, as every client of Kubernetes takes them."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _fingerprint(configuration: Configuration) -> tuple[object, ...]:
    """Everything that a session is made from; files count by what they hold."""
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    return (
        configuration.host,
        *map(_digest, files),
        configuration.verify_ssl,
        configuration.proxy,
    )


def _digest(path: str | None) -> str:
    if not path:
        return ""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return "unreadable"  # the session says so when it is made


def _first_line(error: Exception) -> str:
    """What went wrong, short. A YAML error would quote the file, which may hold tokens."""
    if isinstance(error, yaml.YAMLError):
        return "is not YAML"
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
