"""Every README in examples/ says the truth: its commands are run and must print what it shows."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from support.console import Step, matches, read_steps
from support.curl import curl
from support.processes import serving

from ingressd.cli.kubia import parse_pods, running_pods

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
PODS = ["python", "-m", "ingressd.cli.kubia"]
HTTP_PORT, HTTPS_PORT = 8080, 8443


class Shell:
    """Runs the steps of one README in a copy of the checkout, on free ports instead of its own."""

    def __init__(self, root: Path, folder: str, stack: AsyncExitStack) -> None:
        self._root = root
        self._folder = root / "examples" / folder
        self._stack = stack
        self._ports: dict[int, int] = {}

    async def run(self, step: Step) -> str:
        """Run one command; "" for those that keep running."""
        words = shlex.split(self.on_our_ports(step.command))
        if words[:3] == PODS:
            await self._start_pods(words[3:])
            return ""
        if words[:2] == ["ingressd", "run"]:
            await self._start_ingressd(words[2:])
            return ""
        if words[0] == "curl":
            return await asyncio.to_thread(curl, self._with_paths(words[1:]))
        assert words[0] == "python", f"no test can run {step.command}"
        return await self._run_python(words[1:])

    def on_our_ports(self, text: str) -> str:
        """The text with each port of the README replaced by the one that stands for it."""
        return re.sub(r"\b\d{4}\b", lambda m: str(self._ports.get(int(m[0]), m[0])), text)

    async def _start_pods(self, words: Sequence[str]) -> None:
        wanted = parse_pods(list(words))
        pods = await self._stack.enter_async_context(running_pods(dict.fromkeys(wanted, 0)))
        self._ports.update(zip(wanted.values(), (pod.port for pod in pods), strict=True))
        for manifest in self._folder.glob("*.yaml"):
            manifest.write_text(self.on_our_ports(manifest.read_text()))

    async def _start_ingressd(self, words: Sequence[str]) -> None:
        served = await self._stack.enter_async_context(serving(words, self._root))
        self._ports.update({HTTP_PORT: served.http, HTTPS_PORT: served.https})

    async def _run_python(self, words: Sequence[str]) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=self._root
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode()

    def _with_paths(self, words: Sequence[str]) -> list[str]:
        """curl runs in this process, whose folder is another one."""
        return [str(self._root / word) if (self._root / word).is_file() else word for word in words]


@pytest.mark.parametrize("folder", FOLDERS)
async def test_the_readme_says_the_truth(folder: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / folder, tmp_path / "examples" / folder)
    (tmp_path / "certs-example").mkdir()
    shutil.copy(ROOT / "certs-example" / "make_certificate.py", tmp_path / "certs-example")
    steps = read_steps((ROOT / "examples" / folder / "README.md").read_text())
    assert any(step.command.startswith("curl ") and step.expected for step in steps)
    async with AsyncExitStack() as stack:
        shell = Shell(tmp_path, folder, stack)
        for step in steps:
            output = await shell.run(step)
            expected = shell.on_our_ports(step.expected)
            assert not expected or matches(expected, output), f"$ {step.command}\n{output}"


def test_every_example_is_in_the_list() -> None:
    listed = re.findall(
        r"^\| \[([\w-]+)\]\(\1\) \|", (ROOT / "examples/README.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == FOLDERS
