from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, sys
from ingressd.cli.standard_streams import open_standard_streams
open_standard_streams()
print("out")
print("err", file=sys.stderr, flush=True)
places = [os.readlink(f"/proc/self/fd/{each}") for each in range(3)]
inherited = [os.get_inheritable(each) for each in range(3)]
next_one = os.dup(0)
open(sys.argv[1], "w").write(json.dumps([places, inherited, next_one]))
"""


@pytest.mark.parametrize("closed", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_what_is_closed_leads_to_nowhere_and_the_rest_stays(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    told = tmp_path / "told"
    close = " ".join(f"{each}>&-" for each in closed)
    command = ["sh", "-c", f'exec "$@" {close}', "sh", sys.executable, "-c", SCRIPT, str(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    places, inherited, next_one = json.loads(told.read_text())
    assert all(places[each] == os.devnull for each in closed)
    assert inherited == [True] * 3
    assert next_one > 2
    assert done.stdout == ("" if 1 in closed else "out\n")
    assert done.stderr == ("" if 2 in closed else "err\n")
