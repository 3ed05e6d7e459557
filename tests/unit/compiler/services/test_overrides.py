from __future__ import annotations

import pytest

from ingressd.compiler.services.overrides import unused_overrides
from ingressd.compiler.services.upstream import CompiledUpstream
from ingressd.compiler.settings import BackendOverride
from ingressd.resources.finding import Severity
from ingressd.routing.model import Upstream

WEB = BackendOverride("default", "web", "", "127.0.0.1", 3000)
FOLLOWING = CompiledUpstream(Upstream(key="default/web:80"), overrides=(WEB,))


def test_an_override_that_is_followed_is_not_told() -> None:
    assert unused_overrides((WEB, WEB), [FOLLOWING]) == ()


@pytest.mark.parametrize(
    ("override", "message", "remedy"),
    [
        (
            BackendOverride("default", "wbe", "", "::1", 3000),
            "default/wbe=[::1]:3000 has no effect: no Ingress that is served leads to Service "
            "default/wbe",
            "did you mean default/web?",
        ),
        (
            BackendOverride("default", "web", "8080", "127.0.0.1", 3000),
            "default/web:8080=127.0.0.1:3000 has no effect: no Ingress that is served leads to "
            "port 8080 of Service default/web",
            "name one of the ports that are asked for: 80",
        ),
        (
            BackendOverride("shop", "database", "", "127.0.0.1", 3000),
            "shop/database=127.0.0.1:3000 has no effect: no Ingress that is served leads to "
            "Service shop/database",
            "name a Service as an Ingress does",
        ),
    ],
)
def test_an_override_that_nothing_follows(
    override: BackendOverride, message: str, remedy: str
) -> None:
    (told,) = unused_overrides((WEB, override), [FOLLOWING])
    assert (str(told.subject), told.severity) == ("Flag --backend", Severity.WARNING)
    assert (told.message, told.remedy) == (message, remedy)
