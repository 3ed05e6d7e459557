"""Which filters, balancer and exchange a policy asks for, and in which order."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.client.roles import FixedEdits
from ingressd.proxy.filters.access import AccessFilter
from ingressd.proxy.filters.conditions import DenyFilter, RedirectIfFilter
from ingressd.proxy.filters.cors import CorsEdit, CorsPreflightFilter
from ingressd.proxy.filters.endpoints import NOTHING_THERE, UpstreamFilter
from ingressd.proxy.filters.external_auth import DropClaimsFilter
from ingressd.proxy.filters.fields import AnswerFieldsEdit, PodFieldsFilter
from ingressd.proxy.filters.pod_answers import HideFieldsEdit, RewriteFieldsEdit
from ingressd.proxy.filters.rate_limits import ConnectionFilter, RateFilter
from ingressd.proxy.filters.redirect import (
    FixedRedirectFilter,
    RewriteFilter,
    RewriteRedirectFilter,
    TlsRedirectFilter,
)
from ingressd.proxy.filters.strict_transport import StrictTransportEdit
from ingressd.proxy.plan import SERVICE_AFFINITY, RoutePlan, exchange_maker
from ingressd.proxy.relaying.buffering import BufferedExchange
from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.relaying.pacing import PacedExchange
from ingressd.proxy.upstream.balancing import CookieBalancer
from ingressd.routing.model import PathKind
from ingressd.routing.policy import (
    Access,
    AnswerFields,
    Bandwidth,
    Buffering,
    Condition,
    ConditionalRedirect,
    CookieAffinity,
    Cors,
    DeniedPath,
    ExternalAuth,
    FieldAction,
    FieldEdit,
    PathMatch,
    PodFields,
    Policy,
    RateLimits,
    Redirect,
    Rewrite,
    Substitution,
    Timeouts,
    TlsRedirect,
    Trait,
)

OFF = TlsRedirect.OFF


def plan(policy: Policy) -> RoutePlan:
    return RoutePlan(route(policy=policy), environment())


def kinds(policy: Policy) -> list[type]:
    return [type(step) for step in plan(policy).filters]


async def test_a_route_that_asks_for_nothing_has_only_its_upstream_to_find() -> None:
    assert kinds(Policy(tls_redirect=OFF)) == [UpstreamFilter]
    assert plan(Policy(tls_redirect=OFF)).balancer is SERVICE_AFFINITY
    assert plan(Policy(tls_redirect=OFF)).exchange is Exchange


async def test_tls_comes_before_a_rewrite_and_after_a_rewrite_that_leads_elsewhere() -> None:
    assert kinds(Policy()) == [TlsRedirectFilter, UpstreamFilter]
    assert kinds(Policy(rewrite=Rewrite("/x"))) == [
        TlsRedirectFilter,
        RewriteFilter,
        UpstreamFilter,
    ]
    elsewhere = Policy(rewrite=Rewrite("https://b.test/"))
    assert kinds(elsewhere) == [RewriteRedirectFilter, TlsRedirectFilter, UpstreamFilter]


async def test_questions_of_other_origins_come_before_every_redirect() -> None:
    policy = Policy(
        cors=Cors(), redirect=Redirect("/x"), rewrite=Rewrite("https://b.test/"), tls_redirect=OFF
    )
    assert kinds(policy) == [
        CorsPreflightFilter,
        FixedRedirectFilter,
        RewriteRedirectFilter,
        UpstreamFilter,
    ]
    made = plan(policy)
    (edit,) = made.edits[0]
    assert type(edit) is CorsEdit
    assert made.edits == ((edit,), (edit,))
    assert [[type(each) for each in edits] for edits in made.tls_edits] == [
        [StrictTransportEdit, CorsEdit],
        [StrictTransportEdit, CorsEdit],
    ]


async def test_what_pods_say_is_changed_before_what_everybody_says() -> None:
    fields = AnswerFields(
        hides_server=True,
        cookie_path=Substitution("/a", "/b"),
        edits=(FieldEdit(FieldAction.REMOVE, "X"),),
    )
    made = plan(Policy(answer_fields=fields, cors=Cors()))
    assert [type(edit) for edit in made.edits[0]] == [CorsEdit, AnswerFieldsEdit]
    of_pods = [HideFieldsEdit, RewriteFieldsEdit]
    assert [type(edit) for edit in made.edits[1]] == [*of_pods, CorsEdit, AnswerFieldsEdit]
    last = [StrictTransportEdit, CorsEdit, AnswerFieldsEdit]
    assert [type(edit) for edit in made.tls_edits[1]] == [*of_pods, *last]


async def test_changes_that_are_the_same_for_everybody_are_told_from_others() -> None:
    def is_fixed(fields: AnswerFields) -> bool:
        return isinstance(plan(Policy(answer_fields=fields)).tls_edits[1], FixedEdits)

    assert is_fixed(AnswerFields())
    assert is_fixed(AnswerFields(hides_server=True, custom=(("X", "$host"),)))
    assert not is_fixed(AnswerFields(edits=(FieldEdit(FieldAction.SET, "X", "$host"),)))
    assert not is_fixed(AnswerFields(cookie_path=Substitution("/a", "/b")))


async def test_denied_paths_come_first_and_conditions_before_other_redirects() -> None:
    always = ConditionalRedirect(Condition(Trait.PATH, "/x"), 301, "/y")
    policy = Policy(
        denied=(DeniedPath(PathMatch.EXACT, "/x"),),
        redirects_if=(always,),
        cors=Cors(),
        pod_fields=PodFields(original_uri=True),
    )
    assert kinds(policy) == [
        DenyFilter,
        CorsPreflightFilter,
        RedirectIfFilter,
        TlsRedirectFilter,
        UpstreamFilter,
        PodFieldsFilter,
    ]


async def test_a_plain_route_changes_nothing_in_an_answer_but_over_tls() -> None:
    made = plan(Policy())
    assert made.edits == ((), ())
    assert [len(edits) for edits in made.tls_edits] == [1, 1]


async def test_limits_come_after_whatever_is_answered_without_a_pod() -> None:
    """Rates before connections, as in nginx: what is refused must not count as under way."""
    limits = RateLimits(per_second=1, connections=1)
    assert kinds(Policy(rate_limits=limits)) == [
        TlsRedirectFilter,
        UpstreamFilter,
        RateFilter,
        ConnectionFilter,
    ]


async def test_a_service_is_asked_last_and_says_what_clients_may_not_claim() -> None:
    auth = ExternalAuth("http://auth.test/", response_headers=("X-User",))
    policy = Policy(external_auth=auth, rate_limits=RateLimits(per_second=1), rewrite=Rewrite("/x"))
    assert kinds(policy) == [
        TlsRedirectFilter,
        RewriteFilter,
        UpstreamFilter,
        RateFilter,
        DropClaimsFilter,
        AccessFilter,
    ]


async def test_affinity_and_timeouts() -> None:
    policy = Policy(affinity=CookieAffinity(), timeouts=Timeouts(read=1))
    made = plan(policy)
    assert isinstance(made.balancer, CookieBalancer)
    assert made.timeouts.read == 1


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        (Policy(), Exchange),
        (Policy(bandwidth=Bandwidth(after=5)), Exchange),
        (Policy(bandwidth=Bandwidth(rate=5)), PacedExchange),
        (Policy(buffering=Buffering(answers=True)), BufferedExchange),
        (Policy(buffering=Buffering(answers=True), bandwidth=Bandwidth(rate=1)), PacedExchange),
    ],
)
async def test_only_what_has_to_wait_pays_for_it(policy: Policy, made: type[Exchange]) -> None:
    maker = exchange_maker(route(policy=policy), environment())
    assert getattr(maker, "func", maker) is made


async def test_where_nothing_is_there_404_comes_after_who_may_not_know() -> None:
    policy = Policy(
        access=Access(deny=("10.0.0.0/8",)), rate_limits=RateLimits(per_second=1), body_limit=1
    )
    nothing = route(kind=PathKind.UNMATCHED, policy=policy, backend=None)
    made = RoutePlan(nothing, environment())
    *others, last = made.filters
    assert [type(step) for step in others] == [
        type(step) for step in plan(policy).filters if not isinstance(step, UpstreamFilter)
    ]
    assert last(get(), None) is NOTHING_THERE
    assert made.body_limit == 0
