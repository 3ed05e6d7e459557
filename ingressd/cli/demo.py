"""``ingressd demo``: the whole program with no input, on loopback and without root.

Everything is what ``ingressd run`` would do with the same manifests; only the pods, the certificate
and the addresses of the Service ``kubia`` are made here.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import click
from msgspec import Struct

from ingressd.cli.certificates import make_example_certificate
from ingressd.cli.kubia import Pod, running_pods
from ingressd.cli.options.serving import compat_flag, flag
from ingressd.cli.running.listening import Bound
from ingressd.cli.running.serving import ServeOptions, run_until_done, serve
from ingressd.compiler.settings import BackendOverride, Compat, CompilerSettings
from ingressd.logs import configure_logs
from ingressd.proxy.settings import ProxySettings
from ingressd.sources.manifests import ManifestSource
from ingressd.workers.sockets import Addresses, CannotListen

PODS = ("kubia-x7k2p", "kubia-m4w9d", "kubia-q8t5z")
NAMESPACE = "default"
SERVICE = "kubia"
TLS_HOST = "secure.example.com"
TLS_SECRET = "kubia-tls"  # a name, nothing secret
LOG_FORMAT = "text"
GRACE_SECONDS = 1.5  # nobody is behind a demo who would have to be drained

INVITATION = """
Three pods ({pods}) are served by the Ingresses in {manifests}.
Try these in another terminal:

# the Service kubia: ask again, and another pod answers
curl --resolve kubia.example.com:{http}:{address} http://kubia.example.com:{http}/

# the request as it reached the pod
curl --resolve kubia.example.com:{http}:{address} http://kubia.example.com:{http}/foo/headers

# another host, by its Host header
curl -H 'Host: foo.example.com' http://{shown}:{http}/

# TLS, and the redirect to it
curl --cacert {authority} --resolve {tls_host}:{https}:{address} https://{tls_host}:{https}/
curl -i --resolve {tls_host}:{http}:{address} http://{tls_host}:{http}/cart

# cookie affinity
curl -i --resolve sticky.example.com:{http}:{address} http://sticky.example.com:{http}/

# a host that nobody claims: 404
curl -i http://{shown}:{http}/

# why?
{program} explain http://kubia.example.com:{http}/foo --admin http://{shown}:{admin}
{program} routes {flags}
curl http://{shown}:{admin}/api/v1/routes
curl http://{shown}:{admin}/metrics

The dashboard is http://{shown}:{admin}/. Ctrl-C stops everything.
"""


class Demo(Struct, frozen=True):
    """What was asked for, and the private folder that lives as long as the demo."""

    address: str
    http_port: int
    https_port: int
    admin_port: int
    workers: int
    access_log: bool
    folder: Path
    compat: str = Compat.EXACT.value

    @property
    def authority(self) -> Path:
        """The CA's certificate, for ``curl --cacert``."""
        return self.folder / "ca.crt"

    @property
    def secret_folder(self) -> Path:
        """One of the ``--manifests``: it holds the TLS Secret."""
        return self.folder / "manifests"

    @property
    def reachable_address(self) -> str:
        """Where a client on this machine connects."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)


def _read_address(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("demo")
@flag(
    "--address",
    default="127.0.0.1",
    metavar="IP",
    callback=_read_address,
    help="Address to listen on.",
)
@flag("--http-port", type=click.IntRange(0, 65535), default=8080, help="0 picks a free one.")
@flag("--https-port", type=click.IntRange(0, 65535), default=8443, help="0 picks a free one.")
@flag("--admin-port", type=click.IntRange(0, 65535), default=10254, help="0 picks a free one.")
@flag("--workers", type=click.IntRange(1, 64), default=2, help="Worker processes.")
@flag("--access-log/--no-access-log", default=True, help="Log every request.")
@compat_flag
def command(**given: object) -> None:
    """Serve three example pods on this machine; needs no input."""
    configure_logs(LOG_FORMAT)
    with tempfile.TemporaryDirectory(prefix="ingressd-demo-") as folder:
        demo = Demo(**given, folder=Path(folder))  # type: ignore[arg-type]
        write_certificate(demo)
        try:
            graceful = run_until_done(_run(demo))
        except CannotListen as error:
            remedy = "--http-port 0 --https-port 0 --admin-port 0 picks free ones"
            raise click.ClickException(f"{error}\n{remedy}") from error
    sys.exit(0 if graceful else 1)


def example_manifests() -> Path:
    """``examples/kubia``: the packaged copy, or that of the checkout."""
    package = Path(__file__).parents[1]
    places = [holder / "examples" / "kubia" for holder in (package, package.parent)]
    return next(place for place in places if place.is_dir())


def write_certificate(demo: Demo) -> None:
    """Make a CA and a certificate for the TLS host, and write its Secret as a manifest."""
    made = make_example_certificate([TLS_HOST])
    demo.authority.write_bytes(made.authority)
    demo.secret_folder.mkdir(mode=0o700)
    manifest = demo.secret_folder / "secret.yaml"
    manifest.touch(mode=0o600)
    manifest.write_text(made.secret_manifest(TLS_SECRET, NAMESPACE))


def serve_options(demo: Demo, pods: Sequence[Pod]) -> ServeOptions:
    """What ``run`` would have been told: the pods stand for the Service, every class is served."""
    overrides = tuple(
        BackendOverride(NAMESPACE, SERVICE, "", host="127.0.0.1", target_port=pod.port)
        for pod in pods
    )
    return ServeOptions(
        addresses=Addresses((demo.address,), demo.http_port, demo.https_port),
        admin_port=demo.admin_port,
        workers=demo.workers,
        proxy=ProxySettings(
            affinity_key=secrets.token_bytes(32),
            access_log=demo.access_log,
            log_format=LOG_FORMAT,
            local_names=True,
            service_names=True,
        ),
        compiler=CompilerSettings(
            serve_every_class=True,
            from_files=True,
            local_addresses=True,
            overrides=overrides,
            compat=Compat(demo.compat),
        ),
        shutdown_grace_period=GRACE_SECONDS,
    )


def invitation(demo: Demo, pods: Sequence[Pod], bound: Bound) -> str:
    """The lines to try, which work as printed in another shell of this machine."""
    address = demo.reachable_address
    return INVITATION.format(
        pods=", ".join(pod.name for pod in pods),
        manifests=shlex.quote(str(example_manifests())),
        authority=shlex.quote(str(demo.authority)),
        program=shlex.quote(_program()),
        flags=shlex.join(_source_flags(demo, pods)),
        address=address,
        shown=f"[{address}]" if ":" in address else address,
        tls_host=TLS_HOST,
        http=bound.http,
        https=bound.https,
        admin=bound.admin,
    )


def _source_flags(demo: Demo, pods: Sequence[Pod]) -> list[str]:
    """What other commands need to see what the demo serves."""
    folders = (example_manifests(), demo.secret_folder)
    manifests = [word for folder in folders for word in ("--manifests", str(folder))]
    targets = (f"{SERVICE}=127.0.0.1:{pod.port}" for pod in pods)
    compat = ["--compat", demo.compat] if demo.compat != Compat.EXACT.value else []
    backends = (word for target in targets for word in ("--backend", target))
    return [*manifests, *backends, *compat]


async def _run(demo: Demo) -> bool:
    async with running_pods(dict.fromkeys(PODS, 0)) as pods:
        source = ManifestSource([str(example_manifests()), str(demo.secret_folder)])
        return await serve(
            serve_options(demo, pods),
            source,
            on_ready=lambda bound: click.echo(invitation(demo, pods, bound)),
        )


def _program() -> str:
    """How to call this program: its name where the shell finds it, else its path."""
    installed = Path(sys.executable).with_name("ingressd")
    return "ingressd" if shutil.which("ingressd") == str(installed) else str(installed)
