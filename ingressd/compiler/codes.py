"""Every code a finding of the compiler can have, and what it costs: the one place to look them up.

Codes are stable: they are metric labels and Event reasons.
"""

from __future__ import annotations

from enum import Enum

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import Problem


class Code(Enum):
    """The code is the value; ``severity`` is what it costs unless a finding says otherwise."""

    severity: Severity

    def __new__(cls, value: str, severity: Severity) -> Code:
        """Members are written as (code, severity)."""
        member = object.__new__(cls)
        member._value_ = value
        member.severity = severity
        return member

    ANNOTATION_DENIED = "AnnotationDenied", Severity.ERROR
    ANNOTATION_INVALID = "AnnotationInvalid", Severity.WARNING
    ANNOTATION_NEVER_EXISTED = "AnnotationNeverExisted", Severity.INFO
    ANNOTATION_NO_EFFECT = "AnnotationNoEffect", Severity.INFO
    ANNOTATION_OVERRIDDEN = "AnnotationOverridden", Severity.WARNING
    ANNOTATION_UNSUPPORTED = "AnnotationUnsupported", Severity.WARNING
    BACKEND_INVALID = "BackendInvalid", Severity.ERROR
    BACKEND_RESOURCE_UNSUPPORTED = "BackendResourceUnsupported", Severity.ERROR
    BLOCKLIST_REPLACED = "BlocklistReplaced", Severity.WARNING
    CANARY_OVERWEIGHT = "CanaryOverweight", Severity.WARNING
    CANARY_SAME_BACKEND = "CanarySameBackend", Severity.WARNING
    CANARY_UNMATCHED = "CanaryUnmatched", Severity.WARNING
    CATCH_ALL_DISABLED = "CatchAllDisabled", Severity.ERROR
    CERTIFICATE_CONFLICT = "CertificateConflict", Severity.WARNING
    CERTIFICATE_DOES_NOT_COVER_HOST = "CertificateDoesNotCoverHost", Severity.ERROR
    CERTIFICATE_EXPIRED = "CertificateExpired", Severity.WARNING
    CERTIFICATE_INVALID = "CertificateInvalid", Severity.ERROR
    CERTIFICATE_NOT_YET_VALID = "CertificateNotYetValid", Severity.WARNING
    CLUSTER_IP_MISSING = "ClusterIpMissing", Severity.ERROR
    COMPAT_DIFFERS = "CompatDiffers", Severity.INFO
    COMPILER_FAILED = "CompilerFailed", Severity.ERROR
    CONFIGMAP_KEY_INVALID = "ConfigMapKeyInvalid", Severity.WARNING
    CONFIGMAP_KEY_NO_EFFECT = "ConfigMapKeyNoEffect", Severity.INFO
    CONFIGMAP_KEY_UNKNOWN = "ConfigMapKeyUnknown", Severity.WARNING
    CONFIGMAP_KEY_UNSUPPORTED = "ConfigMapKeyUnsupported", Severity.WARNING
    CONFIGMAP_MISSING = "ConfigMapMissing", Severity.WARNING
    CONFIGMAP_UNREADABLE = "ConfigMapUnreadable", Severity.ERROR
    COOKIE_PATH_IS_EXPRESSION = "CookiePathIsExpression", Severity.WARNING
    CREATION_TIME_INVALID = "CreationTimeInvalid", Severity.WARNING
    DEFAULT_BACKEND_CONFLICT = "DefaultBackendConflict", Severity.ERROR
    ENDPOINT_ADDRESS_REFUSED = "EndpointAddressRefused", Severity.ERROR
    ENDPOINT_PORT_INVALID = "EndpointPortInvalid", Severity.ERROR
    ENDPOINT_SLICE_IGNORED = "EndpointSliceIgnored", Severity.ERROR
    ENDPOINT_SLICE_INVALID = "EndpointSliceInvalid", Severity.WARNING
    ENDPOINT_SLICE_WITHOUT_SERVICE = "EndpointSliceWithoutService", Severity.WARNING
    EVERY_PEER_TRUSTED = "EveryPeerTrusted", Severity.WARNING
    EXTERNAL_NAME_REFUSED = "ExternalNameRefused", Severity.ERROR
    HOST_CLOSED = "HostClosed", Severity.ERROR
    HOST_INVALID = "HostInvalid", Severity.ERROR
    HOST_NOT_LISTED = "HostNotListed", Severity.INFO
    HOST_WITHOUT_CERTIFICATE = "HostWithoutCertificate", Severity.INFO
    INGRESS_CLASS_MISSING = "IngressClassMissing", Severity.WARNING
    INGRESS_EMPTY = "IngressEmpty", Severity.ERROR
    INGRESS_WITHOUT_CLASS = "IngressWithoutClass", Severity.INFO
    NO_PEER_TRUSTED = "NoPeerTrusted", Severity.WARNING
    OVERRIDE_UNUSED = "OverrideUnused", Severity.WARNING
    PATH_CONFLICT = "PathConflict", Severity.ERROR
    PATH_INVALID = "PathInvalid", Severity.ERROR
    PATH_TAKEN_LITERALLY = "PathTakenLiterally", Severity.WARNING
    PATH_TYPE_MISSING = "PathTypeMissing", Severity.WARNING
    PATH_TYPE_UNKNOWN = "PathTypeUnknown", Severity.ERROR
    PATHS_BECAME_REGEX = "PathsBecameRegex", Severity.WARNING
    REGEX_INVALID = "RegexInvalid", Severity.ERROR
    REWRITE_GROUP_MISSING = "RewriteGroupMissing", Severity.WARNING
    RULE_WITHOUT_PATHS = "RuleWithoutPaths", Severity.WARNING
    SECRET_IN_OTHER_NAMESPACE = "SecretInOtherNamespace", Severity.ERROR
    SECRET_MISSING = "SecretMissing", Severity.ERROR
    SECRET_TYPE_UNEXPECTED = "SecretTypeUnexpected", Severity.WARNING
    SERVICE_INVALID = "ServiceInvalid", Severity.WARNING
    SERVICE_MISSING = "ServiceMissing", Severity.ERROR
    SERVICE_PORT_MISSING = "ServicePortMissing", Severity.ERROR
    SERVICE_PORT_UNMATCHED = "ServicePortUnmatched", Severity.ERROR
    SERVICE_PORT_UNUSABLE = "ServicePortUnusable", Severity.ERROR
    SERVICE_WITHOUT_ENDPOINTS = "ServiceWithoutEndpoints", Severity.WARNING


def problem(code: Code, field: str, message: str, remedy: str) -> Problem:
    """What is wrong at a field of an object that the caller does not know."""
    return Problem(
        field=field,
        message=message,
        remedy=remedy,
        code=code.value,
        severity=code.severity,
    )


def finding(code: Code, subject: ObjectKey, field: str, message: str, remedy: str) -> Finding:
    """What is wrong at a field of ``subject``; its origin is filled in by the controller."""
    return Finding(
        severity=code.severity,
        code=code.value,
        subject=subject,
        field=field,
        message=message,
        remedy=remedy,
    )
