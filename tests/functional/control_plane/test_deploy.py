"""deploy/ is sound: every folder renders, and its parts agree with each other and with the code."""

from __future__ import annotations

import re

import pytest
from support.api_server import ApiDouble
from support.kustomize import DEPLOY, FOLDERS, OVERLAYS, Object, Rendered, find_kubectl
from support.watching import listening

from ingressd import __version__
from ingressd.cli.run import command
from ingressd.cli.running.serving import split_grace
from ingressd.compiler.settings import DEFAULT_CONTROLLER_CLASS, DEFAULT_INGRESS_CLASS
from ingressd.proxy.settings import ProxySettings
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.workers.worker import WorkerSettings

NAMESPACE = "ingressd"
NAMESPACED = (
    "ServiceAccount", "Role", "RoleBinding", "Deployment", "Service", "PodDisruptionBudget",
)  # fmt: skip
FOLLOW = {"list", "watch"}
Rights = dict[tuple[str, ...], set[str]]
"""Verbs by API group, resource and, where limited to one, name."""

OBJECTS: Rights = {
    ("networking.k8s.io", "ingresses"): FOLLOW,
    ("", "services"): FOLLOW,
    ("", "endpoints"): FOLLOW,
    ("discovery.k8s.io", "endpointslices"): FOLLOW,
    ("", "secrets"): FOLLOW,
    ("", "events"): {"create", "patch"},
}
CLUSTER: Rights = {
    ("networking.k8s.io", "ingressclasses"): FOLLOW,
    ("", "namespaces", "kube-system"): {"get"},
}
OURS: Rights = {
    ("coordination.k8s.io", "leases"): {"create"},
    ("coordination.k8s.io", "leases", "ingressd-leader"): {"get", "update"},
}
STATUS: Rights = {("networking.k8s.io", "ingresses/status"): {"patch"}}
SERVICE: Rights = {("", "services", "ingressd"): {"get"}}
NODES: Rights = {("", "nodes"): {"list"}}
ENDPOINTS: Rights = {
    ("", "endpoints"): {"list"},
    ("discovery.k8s.io", "endpointslices"): {"list"},
}
PUBLISHED = (OBJECTS | STATUS, CLUSTER, OURS | SERVICE)
RIGHTS = {
    "base": (OBJECTS, CLUSTER, OURS),
    "published": PUBLISHED,
    "overlays/loadbalancer": PUBLISHED,
    "overlays/ingress-nginx": PUBLISHED,
    "overlays/nodeport": (OBJECTS | STATUS, CLUSTER | NODES, OURS | SERVICE | ENDPOINTS),
}
"""What the ClusterRoles ingressd and ingressd-cluster and the Role ingressd grant."""

needs_kubectl = pytest.mark.skipif(find_kubectl() is None, reason="there is no kubectl")


@pytest.fixture(params=FOLDERS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return Rendered(request.param)


@pytest.fixture
def base() -> Rendered:
    return Rendered("base")


@needs_kubectl
class TestObjects:
    def test_an_overlay_adds_and_loses_none(self, rendered: Rendered, base: Rendered) -> None:
        changeable = {("IngressClass", "ingressd"), ("IngressClass", "nginx")}

        assert rendered.names - changeable == base.names - changeable
        assert len(rendered.of_kind("IngressClass")) == 1

    def test_all_are_in_our_namespace_and_labelled(self, rendered: Rendered) -> None:
        for kind, name in rendered.names:
            metadata = rendered[kind, name]["metadata"]
            assert metadata.get("namespace") == (NAMESPACE if kind in NAMESPACED else None)
            assert metadata["labels"]["app.kubernetes.io/name"] == "ingressd"

    def test_every_selector_selects_the_pods(self, rendered: Rendered) -> None:
        labels = rendered.pod["metadata"]["labels"].items()
        spread = rendered.pod["spec"]["topologySpreadConstraints"]
        selectors = [
            *(each["spec"]["selector"] for each in rendered.of_kind("Service")),
            *(
                each["spec"]["selector"]["matchLabels"]
                for each in rendered.of_kind("Deployment", "PodDisruptionBudget")
            ),
            *(each["labelSelector"]["matchLabels"] for each in spread),
        ]

        assert len(selectors) == 6
        assert all(selector and selector.items() <= labels for selector in selectors)

    def test_the_base_serves_our_own_class(self, base: Rendered) -> None:
        ours = base["IngressClass", DEFAULT_INGRESS_CLASS]

        assert ours["spec"] == {"controller": DEFAULT_CONTROLLER_CLASS}

    def test_a_rollout_and_a_drain_leave_a_replica(self, base: Rendered) -> None:
        spec = base["Deployment", "ingressd"]["spec"]

        assert spec["replicas"] == 2
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert base["PodDisruptionBudget", "ingressd"]["spec"]["maxUnavailable"] == 1


@needs_kubectl
class TestPod:
    def test_it_is_confined(self, rendered: Rendered) -> None:
        user = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532}
        seccomp = {"seccompProfile": {"type": "RuntimeDefault"}}

        assert rendered.pod["spec"]["securityContext"] == user | seccomp
        assert rendered.container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        }
        assert rendered.pod["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]

    def test_the_token_is_for_these_pods_alone(self, base: Rendered) -> None:
        account = base["ServiceAccount", base.pod["spec"]["serviceAccountName"]]

        assert account["automountServiceAccountToken"] is False
        assert base.pod["spec"]["automountServiceAccountToken"] is True

    def test_no_service_can_set_our_variables(self, base: Rendered) -> None:
        """A Service called ingressd-admin would: INGRESSD_ADMIN_PORT=tcp://10.96.0.1:10254."""
        assert base.pod["spec"]["enableServiceLinks"] is False

    def test_it_knows_who_it_is(self, base: Rendered) -> None:
        fields = {
            each["name"]: each["valueFrom"]["fieldRef"]["fieldPath"]
            for each in base.container["env"]
        }

        assert fields == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}

    def test_the_ports_are_those_ingressd_listens_on(self, base: Rendered) -> None:
        defaults = {each.name: each.default for each in command.params}
        declared = {each["name"]: each["containerPort"] for each in base.container["ports"]}

        assert declared == {
            "http": defaults["http_port"],
            "https": defaults["https_port"],
            "admin": defaults["admin_port"],
        }

    def test_redirects_name_no_port(self, base: Rendered) -> None:
        (https,) = (p for p in base["Service", "ingressd"]["spec"]["ports"] if p["name"] == "https")

        assert https["port"] == ProxySettings(affinity_key=b"").https_port

    def test_the_probes_ask_the_admin_port(self, base: Rendered) -> None:
        asked = {
            kind: base.container[kind]["httpGet"]
            for kind in ("startupProbe", "livenessProbe", "readinessProbe")
        }

        assert asked == {
            "startupProbe": {"path": "/healthz", "port": "admin"},
            "livenessProbe": {"path": "/healthz", "port": "admin"},
            "readinessProbe": {"path": "/readyz", "port": "admin"},
        }

    def test_its_share_is_stated(self, base: Rendered) -> None:
        resources = base.container["resources"]

        assert set(resources["requests"]) == {"cpu", "memory"}
        assert set(resources["limits"]) == {"memory"}
        assert base.flag("workers") == "2"

    def test_the_image_is_of_this_version(self, base: Rendered) -> None:
        assert base.container["image"] == f"ingressd:{__version__}"


@needs_kubectl
class TestLeaving:
    def test_kubelet_never_kills_early(self, rendered: Rendered) -> None:
        margin = WorkerSettings(ProxySettings(affinity_key=b"")).exit_margin

        needed = wait_before_sigterm(rendered.container) + grace_period(rendered) + margin

        assert needed < rendered.pod["spec"]["terminationGracePeriodSeconds"]

    def test_it_counts_as_serving_while_it_accepts(self, rendered: Rendered) -> None:
        """kube-proxy sends to a terminating pod only while its readiness probe has not failed."""
        probe = rendered.container["readinessProbe"]
        announcement, _ = split_grace(grace_period(rendered))

        assert probe["periodSeconds"] * (probe["failureThreshold"] - 1) >= announcement


def wait_before_sigterm(container: Object) -> float:
    program, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    return float(seconds)


def grace_period(rendered: Rendered) -> float:
    return float(rendered.flag("shutdown-grace-period") or "")


@needs_kubectl
class TestArguments:
    def test_run_knows_every_flag(self, rendered: Rendered) -> None:
        known = {option for each in command.params for option in each.opts}
        first, *flags = rendered.container["args"]

        assert first == "run"
        assert {flag.partition("=")[0] for flag in flags} <= known

    def test_a_reference_is_to_a_variable_that_is_set(self, rendered: Rendered) -> None:
        known = {each["name"] for each in rendered.container["env"]}
        referred = set(re.findall(r"\$\((\w+)\)", " ".join(rendered.container["args"])))

        assert referred <= known

    def test_the_lease_is_the_one_that_may_be_written(self, base: Rendered) -> None:
        (named,) = (r for r in base["Role", "ingressd"]["rules"] if "resourceNames" in r)

        assert named["resourceNames"] == [base.flag("election-id")]


@needs_kubectl
class TestRights:
    @pytest.mark.parametrize("folder", FOLDERS)
    def test_a_folder_grants_exactly_this(self, folder: str) -> None:
        rendered = Rendered(folder)
        roles = (
            ("ClusterRole", "ingressd"),
            ("ClusterRole", "ingressd-cluster"),
            ("Role", NAMESPACE),
        )

        assert tuple(granted(rendered[role]) for role in roles) == RIGHTS[folder]

    def test_configmaps_are_granted_beside_any_folder(self) -> None:
        added = Rendered("configmaps")
        (role,) = added.of_kind("ClusterRole")
        (binding,) = added.of_kind("ClusterRoleBinding")
        account = {"kind": "ServiceAccount", "name": "ingressd", "namespace": NAMESPACE}

        assert granted(role) == {("", "configmaps"): FOLLOW}
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (
            "ClusterRole",
            role["metadata"]["name"],
        )
        assert binding["subjects"] == [account]
        assert not added.names & Rendered("base").names

    async def test_slices_are_followed_where_there_are_some(
        self, base: Rendered, double: ApiDouble, api: ApiServer
    ) -> None:
        """The API server of the end-to-end tests has none of v1, so this right is not seen used
        there."""
        async with listening(api):
            await double.watched("endpointslices")
        asked = {verb for verb, plural in double.requests if plural == "endpointslices"}

        resource = ("discovery.k8s.io", "endpointslices")
        assert granted(base["ClusterRole", "ingressd"])[resource] == asked

    def test_every_role_is_bound_to_our_account(self, rendered: Rendered) -> None:
        account = {"kind": "ServiceAccount", "name": "ingressd", "namespace": NAMESPACE}
        bindings = rendered.of_kind("ClusterRoleBinding", "RoleBinding")
        roles = rendered.of_kind("ClusterRole", "Role")

        assert all(binding["subjects"] == [account] for binding in bindings)
        assert sorted(
            (binding["roleRef"]["kind"], binding["roleRef"]["name"]) for binding in bindings
        ) == sorted((role["kind"], role["metadata"]["name"]) for role in roles)


def granted(role: Object) -> Rights:
    """What a Role or ClusterRole grants."""
    rights: Rights = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                key = (group, resource, *rule.get("resourceNames", ()))
                assert key not in rights, f"{key} is granted twice"
                rights[key] = set(rule["verbs"])
    return rights


@needs_kubectl
class TestServices:
    def test_every_port_leads_to_the_pods_port_of_that_name(self, rendered: Rendered) -> None:
        named = {port["name"] for port in rendered.container["ports"]}
        ports = [p for each in rendered.of_kind("Service") for p in each["spec"]["ports"]]

        assert {port["targetPort"] for port in ports} == named
        assert all(port["name"] == port["targetPort"] for port in ports)

    def test_the_admin_port_stays_inside(self, rendered: Rendered) -> None:
        public, admin = (rendered["Service", n]["spec"] for n in ("ingressd", "ingressd-admin"))

        assert {port["name"]: port["port"] for port in public["ports"]} == {
            "http": 80,
            "https": 443,
        }
        assert admin["type"] == "ClusterIP"
        assert [port["port"] for port in admin["ports"]] == [10254]

    def test_the_base_opens_nothing(self, base: Rendered) -> None:
        assert base["Service", "ingressd"]["spec"]["type"] == "ClusterIP"
        assert base.flag("publish-service") is None

    @pytest.mark.parametrize("overlay", OVERLAYS)
    def test_an_overlay_keeps_the_clients_address_and_publishes_its_own(self, overlay: str) -> None:
        rendered = Rendered(f"overlays/{overlay}")
        service = rendered["Service", "ingressd"]["spec"]

        assert service["type"] == ("NodePort" if overlay == "nodeport" else "LoadBalancer")
        assert service["externalTrafficPolicy"] == "Local"
        assert rendered.flag("publish-service") == "$(POD_NAMESPACE)/ingressd"

    def test_the_ports_of_nodes_are_fixed(self) -> None:
        ports = Rendered("overlays/nodeport")["Service", "ingressd"]["spec"]["ports"]

        assert {port["name"]: port["nodePort"] for port in ports} == {"http": 30080, "https": 30443}


@needs_kubectl
def test_the_successor_of_ingress_nginx_serves_its_class() -> None:
    rendered = Rendered("overlays/ingress-nginx")
    (served,) = rendered.of_kind("IngressClass")

    assert served["metadata"]["name"] == rendered.flag("ingress-class") == "nginx"
    assert served["spec"]["controller"] == rendered.flag("controller-class")
    assert rendered.flag("controller-class") == "k8s.io/ingress-nginx"


class TestImage:
    text = (DEPLOY / "Dockerfile").read_text()

    def test_it_runs_as_the_user_of_the_manifests(self) -> None:
        assert self.instructions("USER") == ["65532:65532"]

    def test_it_runs_ingressd_and_is_stopped_gently(self) -> None:
        assert self.instructions("ENTRYPOINT", "CMD", "STOPSIGNAL") == [
            "SIGTERM", '["ingressd"]', '["run"]',
        ]  # fmt: skip

    def test_it_is_of_this_version(self) -> None:
        assert self.instructions("ARG")[-1] == f"VERSION={__version__}"

    def test_what_it_copies_is_there_and_admitted(self) -> None:
        ignored = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
        admitted = [line.removeprefix("!") for line in ignored if line.startswith("!")]
        copied = [
            path
            for line in self.instructions("COPY")
            if not line.startswith("--from")
            for path in line.split()[:-1]
        ]

        assert "*" in ignored
        assert sorted(copied) == sorted(admitted)
        assert all((DEPLOY.parent / path).exists() for path in copied)

    def instructions(self, *names: str) -> list[str]:
        """The arguments of the instructions of these names, in order."""
        lines = (line.partition(" ") for line in self.text.splitlines())
        return [arguments for name, _, arguments in lines if name in names]
