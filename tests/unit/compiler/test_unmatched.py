from __future__ import annotations

import pytest
from msgspec import structs

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.unmatched import differs, unmatched_policy, usual_policy
from ingressd.routing.policy import (
    DEFAULT_POLICY,
    Access,
    CookieAffinity,
    Cors,
    ErrorPages,
    Mirror,
    PodProtocol,
    Policy,
    Rewrite,
    Timeouts,
    TlsRedirect,
)

GUARDED = Policy(access=Access(deny=("10.0.0.0/8",)), body_limit=7)


def test_what_an_ingress_says_of_its_own_paths_and_pods_is_left_out() -> None:
    own = structs.replace(
        GUARDED,
        rewrite=Rewrite("/y"),
        mirror=Mirror("http://copies.test/"),
        affinity=CookieAffinity("INGRESSCOOKIE"),
        pod_protocol=PodProtocol.HTTPS,
    )
    assert unmatched_policy(own) == GUARDED
    assert unmatched_policy(GUARDED) is GUARDED


@pytest.mark.parametrize(
    "policy",
    [
        Policy(tls_redirect=TlsRedirect.OFF),
        Policy(access=Access(allow=("10.0.0.0/8",))),
        Policy(cors=Cors()),
        Policy(is_closed=True),
        Policy(error_pages=ErrorPages((404,))),
    ],
)
def test_what_may_answer_in_the_place_of_404_differs(policy: Policy) -> None:
    assert differs(policy, DEFAULT_POLICY, with_pods=False)
    assert not differs(policy, structs.replace(policy), with_pods=False)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(timeouts=Timeouts(read=7.0)),
        Policy(body_limit=0),
        Policy(default_backend="default/web:"),
        Policy(error_pages=ErrorPages((503,))),
    ],
)
def test_what_only_pods_see_differs_where_there_may_be_one(policy: Policy) -> None:
    assert not differs(policy, DEFAULT_POLICY, with_pods=False)
    assert differs(policy, DEFAULT_POLICY, with_pods=True)


def test_whose_page_it_is_counts_with_404_alone() -> None:
    pages = Policy(error_pages=ErrorPages((404,)), default_backend="default/a:")
    others = structs.replace(pages, default_backend="default/b:")
    assert differs(pages, others, with_pods=False)


def test_the_usual_policy_is_closed_where_a_protection_of_all_is_lacking() -> None:
    assert usual_policy(Directives(policy=Policy(rewrite=Rewrite("/y")))) is DEFAULT_POLICY
    assert usual_policy(Directives(lacking=("whitelist-source-range",))).is_closed
