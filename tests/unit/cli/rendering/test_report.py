from __future__ import annotations

import click
import pytest
from support.objects import PREFIX

from ingressd.cli.rendering.report import report_text
from ingressd.cli.report import AnnotationReport, Effect, Fate, KeyReport, Report, Summary
from ingressd.compiler.codes import Code, finding
from ingressd.resources.metadata import ObjectKey

MANY = tuple(f"default/{number}" for number in range(12))
REPORT = Report(
    annotations=(
        AnnotationReport(
            f"{PREFIX}/configuration-snippet",
            Effect.BLOCKED,
            1,
            {"unsupported": 1},
            (Fate("unsupported", Effect.BLOCKED, ("shop/web",), "It denies.", "Remove it."),),
        ),
        AnnotationReport(
            f"{PREFIX}/backend-protocol",
            Effect.DIFFERENT,
            14,
            {"unsupported": 12, "honoured": 2},
            (
                Fate("unsupported", Effect.DIFFERENT, MANY, "There is no gRPC.", "Wait."),
                Fate("honoured", Effect.AS_BEFORE, ("a/a", "a/b")),
            ),
        ),
        AnnotationReport(
            "other.example.com/limit-rps",
            Effect.WITHOUT,
            1,
            {"invalid": 1},
            (Fate("invalid", Effect.WITHOUT, ("a/a",), "'x\x1b[2J' is not valid.", "Write 1."),),
        ),
        AnnotationReport(
            f"{PREFIX}/ssl-redirect",
            Effect.AS_BEFORE,
            40,
            {"honoured": 40},
            (Fate("honoured", Effect.AS_BEFORE, MANY),),
        ),
    ),
    configmap=(
        KeyReport("use-http2", "unsupported", Effect.DIFFERENT, "Not yet.", "Remove it."),
        KeyReport("hsts", "honoured", Effect.AS_BEFORE),
        KeyReport("proxy-body-size", "honoured", Effect.AS_BEFORE),
    ),
    others=(
        finding(Code.REGEX_INVALID, ObjectKey("Ingress", "a", "b"), "spec", "No lookahead.", ""),
    ),
    lookalikes=("ingress-nginx/controller",),
    unread={"Secret": 2},
    summary=Summary(ingresses=60, as_before=46, different=13, blocked=1, not_ours=3),
)
EXPECTED = """\
Annotations. Blocked: the paths answer 503
     1  configuration-snippet  unsupported
        It denies.
        fix: Remove it.
        in shop/web

Annotations. Different from ingress-nginx
    14  backend-protocol  12 unsupported, 2 honoured
        unsupported: There is no gRPC.
        fix: Wait.
        in default/0, default/1, default/2, and 9 more

Annotations. Without the effect that was meant, in ingress-nginx too
     1  other.example.com/limit-rps  invalid
        'x\\x1b[2J' is not valid.
        fix: Write 1.
        in a/a

Annotations. As before
    40  ssl-redirect  honoured

Keys of ConfigMap default/settings
  use-http2  unsupported, different
        Not yet.
        fix: Remove it.
  as before: hsts, proxy-body-size

Beside annotations, different from ingress-nginx
     1  RegexInvalid
        such as: No lookahead.
        in a/b

note: ConfigMap ingress-nginx/controller has keys of ingress-nginx; --configmap
      ingress-nginx/controller counts them
note: no Secret was read, and 2 Ingresses cannot be served without one; for the
      whole picture give what `kubectl get
      ingresses,ingressclasses,services,secrets,configmaps -A -o yaml` says, or
      --kubeconfig
note: 3 Ingresses left out: of another class, of none, or of another namespace;
      those of ingress-nginx are counted with --ingress-class nginx
      --controller-class k8s.io/ingress-nginx
60 Ingresses
    46  served exactly as before
    13  with differences
     1  blocked (503)
     1  key of the ConfigMap differs, for all of them
"""


@pytest.fixture(autouse=True)
def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def told(report: Report) -> str:
    lines = report_text(report, PREFIX, "default/settings")
    return click.unstyle("".join(f"{line}\n" for line in lines))


def test_a_report_goes_from_worst_to_sum() -> None:
    assert told(REPORT) == EXPECTED


def test_it_fits_a_terminal() -> None:
    assert max(map(len, told(REPORT).splitlines())) <= 80


def test_many_ways_of_one_annotation_are_not_all_shown() -> None:
    ways = tuple(
        Fate("invalid", Effect.WITHOUT, ("a/a",), f"{number} is wrong.") for number in range(9)
    )
    entry = AnnotationReport("x/y", Effect.WITHOUT, 9, {"invalid": 9}, ways)
    text = told(Report((entry,), (), (), (), {}, Summary(9, 9, 0, 0, 0)))
    assert text.count("is wrong.") == 4
    assert "and 5 more such (--output json)" in text
    assert "fix" not in text, "there is none"


def test_nothing_to_tell_is_one_sum() -> None:
    text = told(Report((), (), (), (), {}, Summary(1, 1, 0, 0, 0)))
    assert text.splitlines()[0] == "1 Ingress"
