from __future__ import annotations

from ingressd.admin.remembering import LastResult


def test_it_computes_once_for_each_object() -> None:
    seen: list[list[int]] = []

    def total(numbers: list[int]) -> int:
        seen.append(numbers)
        return sum(numbers)

    last = LastResult(total)
    one, equal = [1, 2], [1, 2]
    assert [last.of(one), last.of(one), last.of(equal)] == [3, 3, 3]
    assert seen == [one, equal]
