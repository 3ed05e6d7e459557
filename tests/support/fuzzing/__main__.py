"""``python -m support.fuzzing``: fuzz each side for some seconds each, and keep what breaks."""

from __future__ import annotations

import asyncio
import sys

import click
import uvloop

from support.fuzzing.campaign import Bounds, Finding, Hunt
from support.fuzzing.cases import CASES, keep
from support.fuzzing.fronts import FRONTS


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="For each side.")
@click.option("--seed", default=1, show_default=True, help="What is tried depends on it alone.")
@click.option("--side", type=click.Choice(sorted(FRONTS)), multiple=True, help="Default: all.")
def main(seconds: float, seed: int, side: tuple[str, ...]) -> None:
    """Send damaged streams to a data plane until one breaks a promise."""
    broken = [each for each in side or sorted(FRONTS) if not _holds(each, seconds, seed)]
    sys.exit(bool(broken))


def _holds(side: str, seconds: float, seed: int) -> bool:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        count, finding = runner.run(_hunt(side, seconds, seed))
    if finding is None:
        click.echo(f"{side}: {count} streams from seed {seed}, all well")
        return True
    click.echo(f"{side}: stream {count} from seed {seed}: {finding.why}")
    if finding.stream is not None:
        click.echo(f"kept as {keep(CASES / side, finding.stream, finding.why)}")
    return False


async def _hunt(side: str, seconds: float, seed: int) -> tuple[int, Finding | None]:
    hunt = Hunt(FRONTS[side], seed, Bounds(seconds))
    finding = await hunt.run()
    return hunt.count, finding


if __name__ == "__main__":
    main()
