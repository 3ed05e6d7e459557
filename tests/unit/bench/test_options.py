"""What the command lines of the benchmarks have in common."""

from __future__ import annotations

from argparse import ArgumentParser

import pytest

from bench.cluster.options import add_shape, take_shape
from bench.cluster.shape import Shape
from bench.options import chosen, natural, positive
from bench.proxies.peers import OTHER, PEERS, known_peers
from bench.ratios.cases import CASES


def test_cases_and_peers_are_chosen_by_name() -> None:
    assert [case.name for case in chosen("tls, http", CASES)] == ["tls", "http"]
    assert [peer.name for peer in chosen("caddy", PEERS)] == ["caddy"]
    assert chosen("", CASES) == CASES


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"nothing is named squid; there are ingressd, .*, caddy"):
        chosen("nginx,squid", PEERS)


def test_another_interpreter_is_one_proxy_more() -> None:
    assert known_peers(None) == PEERS
    *others, last = known_peers("/opt/python")
    assert tuple(others) == PEERS
    assert (last.name, last.program) == (OTHER, "/opt/python")


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_count_is_a_whole_number_above_zero(text: str) -> None:
    assert positive("1") == 1
    with pytest.raises(ValueError, match=text):
        positive(text)


def test_a_count_that_may_be_none_is_no_less() -> None:
    assert (natural("0"), natural("2")) == (0, 2)
    with pytest.raises(ValueError, match="-1"):
        natural("-1")


def test_a_shape_is_taken_out_of_the_options() -> None:
    parser = ArgumentParser()
    parser.add_argument("--seconds", type=positive, default=1)
    add_shape(parser)
    options = vars(parser.parse_args(["--services", "7", "--certificates", "0"]))
    assert take_shape(options) == Shape(services=7, certificates=0)
    assert options == {"seconds": 1}
