"""What became of one annotation; findings are made from verdicts."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct, structs

from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey


class Outcome(Enum):
    """The fate of an annotation."""

    HONOURED = "honoured"
    NO_OP = "no-op"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    NEVER_EXISTED = "never existed"
    OVERRIDDEN = "overridden"


_CODES = {
    Outcome.NO_OP: Code.ANNOTATION_NO_EFFECT,
    Outcome.INVALID: Code.ANNOTATION_INVALID,
    Outcome.UNSUPPORTED: Code.ANNOTATION_UNSUPPORTED,
    Outcome.NEVER_EXISTED: Code.ANNOTATION_NEVER_EXISTED,
    Outcome.OVERRIDDEN: Code.ANNOTATION_OVERRIDDEN,
}


def annotation_field(annotation: str) -> str:
    """Where an annotation, given with its prefix, stands in its object."""
    return f"metadata.annotations[{annotation}]"


class Verdict(Struct, frozen=True, omit_defaults=True):
    """The fate of one annotation, by its full name, and why.

    ``is_blocking`` marks a protection that cannot be given: the routes of the Ingress answer 503.
    ``loses_protection`` marks one that is done without, as the operator allows.
    ``differs`` marks an invalid one of which ingress-nginx would make something else.
    ``is_suspect`` marks one whose effect is probably missed, though ingress-nginx gives none.
    """

    annotation: str
    outcome: Outcome
    message: str = ""
    remedy: str = ""
    is_blocking: bool = False
    loses_protection: bool = False
    differs: bool = False
    is_suspect: bool = False

    def as_finding(self, subject: ObjectKey) -> Finding | None:
        """What to tell the owner of the Ingress; None where all is as asked."""
        return None if self.outcome is Outcome.HONOURED else self.told_to(subject)

    def told_to(self, subject: ObjectKey) -> Finding:
        """The same of one that is not honoured."""
        code = _CODES[self.outcome]
        told = finding(code, subject, annotation_field(self.annotation), self.message, self.remedy)
        severity = self._severity(code)
        return structs.replace(told, severity=severity, verdict=self.outcome.value)

    def _severity(self, code: Code) -> Severity:
        if self.is_blocking or self.loses_protection:
            return Severity.ERROR
        return Severity.WARNING if self.is_suspect else code.severity
