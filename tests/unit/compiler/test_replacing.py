from __future__ import annotations

from ingressd.compiler.replacing import put
from ingressd.routing.global_policy import GlobalPolicy, Limits


def test_a_field_is_changed_wherever_it_is_and_nothing_else() -> None:
    before = GlobalPolicy()
    assert put(before, "limits.keep_alive", 5.0) == GlobalPolicy(Limits(keep_alive=5.0))
    assert put(before, "strict_transport", None) == GlobalPolicy(strict_transport=None)
    assert before == GlobalPolicy()
