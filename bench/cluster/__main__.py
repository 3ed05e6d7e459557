"""``python -m bench.cluster``: write a cluster of any size, or serve it until interrupted."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import suppress
from pathlib import Path

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.files import write_lists, write_manifests
from bench.cluster.objects import cluster_objects
from bench.cluster.options import add_shape, take_shape
from bench.cluster.shape import Shape


def main() -> None:
    """Write or serve what the command line asks for."""
    options = vars(_parser().parse_args())
    folder, form = options.pop("out"), options.pop("format")
    shape = take_shape(options)
    folder.mkdir(parents=True, exist_ok=True)
    match form:
        case "manifests":
            write_manifests(shape, folder)
        case "objects":
            write_lists(shape, folder)
        case "api":
            with suppress(KeyboardInterrupt):
                asyncio.run(_serve(shape, folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    add_shape(parser)
    help_ = "YAML files; JSON lists by kind; or serve those and write a kubeconfig"
    parser.add_argument(
        "--format", choices=("manifests", "objects", "api"), required=True, help=help_
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder")
    return parser


async def _serve(shape: Shape, folder: Path) -> None:
    async with ClusterApi(cluster_objects(shape)).serving() as url:
        print(f"{url}: ingressd run --kubeconfig {kubeconfig(folder, url)}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
