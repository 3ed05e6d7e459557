"""Commands and their expected output, as a README shows them in ```console blocks."""

from __future__ import annotations

import re
import shlex

from msgspec import Struct

ANYTHING = "..."
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(Struct, frozen=True):
    """One command line and the output it should have ("" where none is shown)."""

    command: str
    expected: str

    @property
    def words(self) -> list[str]:
        """The command as a shell would split it."""
        return shlex.split(self.command)


def read_steps(text: str) -> list[Step]:
    """Every ``$ command`` with the lines below it."""
    steps = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            steps.append(Step(command, expected))
    return steps


def matches(expected: str, output: str) -> bool:
    """Whether the output is as expected; ``...`` stands for anything, also for several lines."""
    pattern = ".*".join(re.escape(part) for part in expected.strip().split(ANYTHING))
    return re.fullmatch(pattern, output.replace("\r\n", "\n").strip(), re.DOTALL) is not None
