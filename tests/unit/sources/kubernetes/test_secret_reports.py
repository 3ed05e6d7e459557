from __future__ import annotations

from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.errors import ApiError
from ingressd.sources.kubernetes.kinds import named_object
from ingressd.sources.kubernetes.known import Known
from ingressd.sources.kubernetes.secret_reading import Reading
from ingressd.sources.kubernetes.secret_reports import findings_about

CERT = ObjectKey("Secret", "default", "cert")
WEB, SHOP = (ObjectKey("Ingress", "default", name) for name in ("web", "shop"))

FIELD = "spec.tls"


def reading(trouble: ApiError | None = None, *, is_in_turn: bool = False) -> Reading:
    kind, known = named_object(CERT), Known("Secret")
    return Reading(CERT, kind, known, trouble=trouble, is_in_turn=is_in_turn)


def test_there_is_nothing_to_tell_of_one_that_is_watched_or_not_read() -> None:
    assert findings_about(CERT, None, {WEB: FIELD}) == ()
    assert findings_about(CERT, reading(), {WEB: FIELD}) == ()


def test_everybody_who_names_one_that_may_not_be_read_is_told_what_to_grant() -> None:
    findings = findings_about(
        CERT, reading(ApiError(403, "Forbidden", "no")), {SHOP: FIELD, WEB: FIELD}
    )
    assert [finding.subject for finding in findings] == [SHOP, WEB]
    assert {(each.code, each.field) for each in findings} == {("SecretForbidden", FIELD)}
    assert "Secret default/cert (403 Forbidden: no)" in findings[0].message
    assert findings[0].remedy.startswith("grant list and watch on secrets")


def test_one_that_the_server_cannot_read_itself_is_another_matter() -> None:
    (finding,) = findings_about(
        CERT, reading(ApiError(500, "InternalError", "decrypt")), {WEB: FIELD}
    )
    assert (finding.code, finding.severity) == ("SecretUnreadable", Severity.ERROR)
    assert "kubectl get secret -n default cert" in finding.remedy


def test_of_one_that_a_flag_names_it_is_told_itself() -> None:
    (finding,) = findings_about(CERT, reading(is_in_turn=True), {CERT: ""})
    assert (finding.code, finding.severity) == ("SecretReadInTurn", Severity.INFO)
    assert (finding.subject, finding.field) == (CERT, "")


def test_a_configmap_is_called_one() -> None:
    key = ObjectKey("ConfigMap", "default", "headers")
    refused = Reading(key, named_object(key), Known("ConfigMap"))
    refused.trouble = ApiError(403, "Forbidden", "no")
    (finding,) = findings_about(key, refused, {WEB: "metadata.annotations"})
    assert (finding.code, finding.field) == ("ConfigMapForbidden", "metadata.annotations")
    assert "list and watch on configmaps" in finding.remedy
    late = Reading(key, named_object(key), Known("ConfigMap"), is_in_turn=True)
    (finding,) = findings_about(key, late, {WEB: "metadata.annotations"})
    assert finding.code == "ConfigMapReadInTurn"
    assert "kubernetes.io/tls" not in finding.message + finding.remedy
