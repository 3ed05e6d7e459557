"""The way to the API server: kubeconfigs, the pod's own account, rotation, refusals."""

from __future__ import annotations

import base64
import logging
import ssl
from pathlib import Path

import pytest
from support.api_server import ApiDouble, Hang, Refusal, Reset, write_kubeconfig
from support.certificates import CertificateAuthority
from support.watching import kubeconfig_api, reached

from ingressd.sources.kubernetes.api import connect
from ingressd.sources.kubernetes.credentials import InClusterAccess, KubeconfigAccess
from ingressd.sources.kubernetes.errors import ApiError, ApiSilent, ApiUnreachable, NoApiServer

NAMESPACE = "/api/v1/namespaces/kube-system"


@pytest.fixture
def double(double: ApiDouble) -> ApiDouble:
    double.put("namespaces", "kube-system")
    return double


class Pod:
    """What the kubelet mounts, and the server that accepts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.double = ApiDouble()
        self.double.put("namespaces", "kube-system")

    def write_token(self, token: str) -> None:
        (self.folder / "token").write_text(token + "\n")

    def trust(self, authority: CertificateAuthority) -> None:
        (self.folder / "ca.crt").write_bytes(authority.pem)

    def access(self, port: int) -> InClusterAccess:
        return InClusterAccess(
            self.folder,
            {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(port)},
        )

    def context(self, authority: CertificateAuthority, name: str = "127.0.0.1") -> ssl.SSLContext:
        pair = authority.leaf(name)
        path = self.folder / "server.pem"
        path.write_bytes(pair.chain + pair.private_key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    pod = Pod(tmp_path)
    pod.write_token("first")
    pod.double.token = "first"
    return pod


async def test_a_kubeconfig_leads_to_its_server(double: ApiDouble, tmp_path: Path) -> None:
    double.token = "secret-token"
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        assert api.url == double.url
        assert b"kube-system" in await api.get(NAMESPACE, limit=3)
    assert double.queries["get", "namespaces"] == [{"limit": "3"}]


async def test_a_token_that_was_replaced_in_the_kubeconfig_is_found_after_a_401(
    double: ApiDouble, tmp_path: Path
) -> None:
    double.token = "first"
    path = write_kubeconfig(tmp_path, double.url, "first")
    async with kubeconfig_api(path) as api:
        await api.get(NAMESPACE)
        double.token = "second"
        with pytest.raises(ApiError) as caught:
            await api.get(NAMESPACE)
        assert (caught.value.status, caught.value.reason) == (401, "Unauthorized")
        write_kubeconfig(tmp_path, double.url, "second")
        await api.get(NAMESPACE)
    assert double.requests["get", "namespaces"] == 4


async def test_an_exec_plugin_is_asked_for_the_token(double: ApiDouble, tmp_path: Path) -> None:
    double.token = "from-plugin"
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        '"status":{"token":"from-plugin"}}\'\n'
    )
    plugin.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url, user=user)) as api:
        await api.get(NAMESPACE)


async def test_a_client_certificate_is_shown(pod: Pod) -> None:
    authority = CertificateAuthority()
    context = pod.context(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem.decode())
    pod.double.token = ""
    client = authority.leaf("somebody")
    async with pod.double.serving(context=context):
        path = write_kubeconfig(
            pod.folder,
            pod.double.url,
            cluster={"certificate-authority-data": _base64(authority.pem)},
            user={
                "client-certificate-data": _base64(client.chain),
                "client-key-data": _base64(client.private_key),
            },
        )
        async with kubeconfig_api(path) as api:
            await api.get(NAMESPACE)


def _base64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


@pytest.mark.parametrize(
    ("cluster", "is_trusted"),
    [
        ({"insecure-skip-tls-verify": True}, True),
        ({"tls-server-name": "api.example.com"}, True),
        ({"tls-server-name": "www.example.com"}, False),
        ({}, False),
    ],
)
async def test_a_kubeconfig_says_whose_certificate_to_expect(
    pod: Pod, cluster: dict[str, object], is_trusted: bool
) -> None:
    authority = CertificateAuthority()
    if "insecure-skip-tls-verify" not in cluster:
        cluster = {**cluster, "certificate-authority-data": _base64(authority.pem)}
    pod.double.token = "secret-token"
    async with pod.double.serving(context=pod.context(authority, "api.example.com")):
        path = write_kubeconfig(pod.folder, pod.double.url, cluster=cluster)
        async with kubeconfig_api(path) as api:
            if is_trusted:
                await api.get(NAMESPACE)
                return
            with pytest.raises(ApiUnreachable, match="certificate verify failed"):
                await api.get(NAMESPACE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "there is no such kubeconfig file"),
        ("token: [secret-token", "is not YAML"),
        ("{}", "Invalid kube-config file"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_says_why(
    tmp_path: Path, text: str | None, complaint: str
) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NoApiServer, match=complaint) as caught:
        await connect(str(path))
    assert "secret-token" not in str(caught.value)


async def test_a_context_that_does_not_exist_is_named(double: ApiDouble, tmp_path: Path) -> None:
    with pytest.raises(NoApiServer, match="object with name nowhere"):
        await connect(str(write_kubeconfig(tmp_path, double.url)), "nowhere")


async def test_outside_of_a_cluster_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoApiServer, match="not in a cluster"):
        await InClusterAccess(tmp_path, {}).load()


BAD_TOKENS = ["first\nsecond", "two words", "\u00e9", "\x00", "\n"]


@pytest.mark.parametrize("token", BAD_TOKENS)
async def test_a_token_that_no_header_can_carry_is_told_by_its_file(pod: Pod, token: str) -> None:
    pod.write_token(token)
    pod.trust(CertificateAuthority())
    with pytest.raises(NoApiServer, match=f"{pod.folder}/token: the token") as caught:
        await pod.access(1).load()
    assert token.strip() == "" or token not in str(caught.value)


async def test_a_token_file_that_is_no_text_is_told(pod: Pod) -> None:
    (pod.folder / "token").write_bytes(b"\xff\xfe")
    pod.trust(CertificateAuthority())
    with pytest.raises(NoApiServer, match=f"{pod.folder}/token or the ca.crt beside it"):
        await pod.access(1).load()


@pytest.mark.parametrize("token", BAD_TOKENS[:-1])
async def test_a_token_of_a_kubeconfig_that_no_header_can_carry(tmp_path: Path, token: str) -> None:
    path = write_kubeconfig(tmp_path, "http://127.0.0.1:1", token)
    with pytest.raises(NoApiServer, match=f"{path}: the token"):
        await connect(str(path))


async def test_a_token_file_of_a_kubeconfig_may_end_its_line(
    double: ApiDouble, tmp_path: Path
) -> None:
    double.token = "from-file"
    (tmp_path / "token").write_text("from-file\n")
    user = {"tokenFile": str(tmp_path / "token")}
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url, user=user)) as api:
        await api.get(NAMESPACE)


async def test_while_the_new_token_is_none_the_old_one_stays(
    pod: Pod, caplog: pytest.LogCaptureFixture
) -> None:
    authority = CertificateAuthority()
    pod.trust(authority)
    async with pod.double.serving(context=pod.context(authority)) as port:
        access = pod.access(port)
        async with reached(access) as api:
            pod.write_token("half\nwritten")
            access.period = 0.0
            await api.get(NAMESPACE)
    assert "cannot be renewed" in caplog.text
    assert "half" not in caplog.text


async def test_a_token_that_the_kubelet_replaced_is_read_after_a_401(pod: Pod) -> None:
    authority = CertificateAuthority()
    pod.trust(authority)
    async with (
        pod.double.serving(context=pod.context(authority)) as port,
        reached(pod.access(port)) as api,
    ):
        await api.get(NAMESPACE)
        pod.write_token("second")
        pod.double.token = "second"
        await api.get(NAMESPACE)
        async with api.stream("/api/v1/services", watch="true", resourceVersion=101):
            await pod.double.watched("services")


async def test_the_token_is_read_again_after_a_while_though_nothing_failed(pod: Pod) -> None:
    authority = CertificateAuthority()
    pod.trust(authority)
    async with pod.double.serving(context=pod.context(authority)) as port:
        access = pod.access(port)
        async with reached(access) as api:
            pod.write_token("second")
            pod.double.token = "second"
            access.period = 0.0
            await api.get(NAMESPACE)
    assert pod.double.requests["get", "namespaces"] == 1


async def test_a_replaced_authority_is_trusted_once_the_file_says_so(pod: Pod) -> None:
    old, new = CertificateAuthority("old"), CertificateAuthority("new")
    pod.trust(old)
    async with (
        pod.double.serving(context=pod.context(new)) as port,
        reached(pod.access(port)) as api,
    ):
        with pytest.raises(ApiUnreachable, match="certificate verify failed"):
            await api.get(NAMESPACE)
        pod.trust(new)
        await api.get(NAMESPACE)


async def test_certificates_that_are_none_are_no_way_to_a_server(pod: Pod) -> None:
    (pod.folder / "ca.crt").write_text("nonsense")
    with pytest.raises(NoApiServer, match="its certificates"):
        async with reached(pod.access(1)):
            pytest.fail("it was reached")


async def test_tokens_are_in_no_log_and_no_repr(
    double: ApiDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = write_kubeconfig(tmp_path, double.url)
    credentials = await KubeconfigAccess(str(path), None).load()
    assert "secret-token" in credentials.authorization
    assert "secret-token" not in repr(credentials)
    async with kubeconfig_api(path) as api:
        double.token = "other"
        with pytest.raises(ApiError):
            await api.get(NAMESPACE)
    assert "secret-token" not in caplog.text


async def test_what_netrc_says_is_for_others(
    double: ApiDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    double.token = "secret-token"
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        await api.get(NAMESPACE)


async def test_a_proxy_of_the_environment_is_used(
    double: ApiDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", double.url)
    path = write_kubeconfig(tmp_path, "http://127.0.0.2:1")
    async with kubeconfig_api(path) as api:
        assert b"kube-system" in await api.get(NAMESPACE)
        monkeypatch.setenv("no_proxy", "127.0.0.2")
        with pytest.raises(ApiUnreachable):
            await api.get(NAMESPACE)


async def test_a_refusal_tells_what_the_server_said(double: ApiDouble, tmp_path: Path) -> None:
    double.fail("get", "namespaces", Refusal(429, "TooManyRequests", retry_after="7"))
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        with pytest.raises(ApiError) as caught:
            await api.get(NAMESPACE)
    error = caught.value
    assert (error.status, error.reason, error.message) == (429, "TooManyRequests", "no")
    assert error.retry_after == 7.0


@pytest.mark.parametrize("fault", [Hang(), Reset()])
async def test_no_answer_is_unreachable(
    double: ApiDouble, tmp_path: Path, fault: Hang | Reset
) -> None:
    double.fail_always("get", "namespaces", fault)
    access = KubeconfigAccess(str(write_kubeconfig(tmp_path, double.url)), None)
    async with reached(access, request_timeout=0.05) as api:
        with pytest.raises(ApiUnreachable):
            await api.get(NAMESPACE)


async def test_a_watch_begins_in_time_or_is_none(double: ApiDouble, tmp_path: Path) -> None:
    double.fail_always("watch", "services", Hang())
    access = KubeconfigAccess(str(write_kubeconfig(tmp_path, double.url)), None)
    async with reached(access, request_timeout=0.05) as api:
        with pytest.raises(ApiSilent, match="no answer in time"):
            async with api.stream("/api/v1/services", watch="true", resourceVersion=101):
                pytest.fail("it is open")


async def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    double = ApiDouble()
    async with double.serving():
        pass
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        with pytest.raises(ApiUnreachable, match="connection refused"):
            await api.get(NAMESPACE)


async def test_what_is_sent_arrives(double: ApiDouble, tmp_path: Path) -> None:
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        patch = "application/merge-patch+json"
        await api.send("PATCH", NAMESPACE, {"a": [1]}, content_type=patch, fieldManager="a/b&c")
        await api.send("PUT", NAMESPACE, b'{"b": 2}')
        await api.send("DELETE", NAMESPACE)
    assert double.sent == [
        ("PATCH", patch, b'{"a":[1]}'),
        ("PUT", "application/json", b'{"b": 2}'),
        ("DELETE", "application/octet-stream", b""),
    ]
    assert double.queries["get", "namespaces"] == [{"fieldManager": "a/b&c"}, {}, {}]
