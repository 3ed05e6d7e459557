"""A key that all replicas in a cluster have in common, without anybody configuring it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import secrets
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.errors import ApiError, KubernetesError
from ingressd.sources.kubernetes.pace import Timing, Uniform, pause_after

_KEY_BYTES = 32
_EAGER = Timing(longest_pause=5.0)  # workers wait for the key
_log = logging.getLogger(__name__)


class _Metadata(Struct, frozen=True):
    uid: str = ""


class _Object(Struct, frozen=True):
    metadata: _Metadata = _Metadata()


async def cluster_key(
    api: ApiServer,
    ingress_class: str,
    in_sync: asyncio.Event,
    *,
    timing: Timing = _EAGER,
    uniform: Uniform = random.uniform,
) -> bytes:
    """The affinity key of this cluster: from the UID of the Namespace kube-system, which lives as
    long as the cluster, else from that of the IngressClass, else random.

    Waits until the API server answers. Where it forbids both it is asked again once we are
    ``in_sync``, because a role may be bound after we began. UIDs are no secret: what they key must
    not be one, either.
    """
    paths = (
        "/api/v1/namespaces/kube-system",
        f"/apis/networking.k8s.io/v1/ingressclasses/{ingress_class}",
    )
    uid = await _known_uid(paths, api, timing, uniform)
    if not uid:
        await in_sync.wait()
        uid = await _known_uid(paths, api, timing, uniform)
    if uid:
        return derive_key(uid)
    _log.warning(
        "neither the Namespace kube-system nor the IngressClass %s can be read: cookies for "
        "session affinity hold until the next restart and for this replica alone; grant get on "
        "them, or set --affinity-key",
        ingress_class,
    )
    return secrets.token_bytes(_KEY_BYTES)


def derive_key(uid: str) -> bytes:
    """32 bytes that depend on the UID and on what they are for."""
    return hashlib.blake2b(uid.encode(), key=b"ingressd affinity", digest_size=_KEY_BYTES).digest()


async def _known_uid(paths: Iterable[str], api: ApiServer, timing: Timing, uniform: Uniform) -> str:
    """The UID of the first of these objects that we may read, "" where there is none."""
    for path in paths:
        if uid := await _uid_of(path, api, timing, uniform):
            return uid
    return ""


async def _uid_of(path: str, api: ApiServer, timing: Timing, uniform: Uniform) -> str:
    """The UID of an object, "" where there is none that we may read."""
    failures = 0
    while True:
        try:
            return msgspec.json.decode(await api.get(path), type=_Object).metadata.uid
        except ApiError as error:
            if error.status in (403, 404):
                return ""
            failure: KubernetesError | None = error
        except KubernetesError as error:
            failure = error
        except msgspec.DecodeError:
            return ""
        failures += 1
        await asyncio.sleep(pause_after(failure, failures, timing, uniform))
