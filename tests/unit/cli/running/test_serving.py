from __future__ import annotations

import pytest

from ingressd.cli.running.serving import split_grace


@pytest.mark.parametrize(
    ("total", "announcement", "grace"),
    [(0.0, 0.0, 0.0), (3.0, 1.0, 2.0), (30.0, 10.0, 20.0), (240.0, 10.0, 230.0)],
)
def test_the_first_third_announces_that_we_leave_but_never_longer_than_it_takes(
    total: float, announcement: float, grace: float
) -> None:
    assert split_grace(total) == (announcement, grace)
