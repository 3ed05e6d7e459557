"""Which control group bounds us, and what that leaves for each worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingressd.workers.memory_share import LEAST_FOR_CONTROLLER, allowed_memory, memory_share

MIB = 1 << 20
NO_LIMIT_OF_VERSION_1 = str((1 << 63) - 4096)


def allowed(folder: Path, membership: str, **files: str) -> int:
    """What is allowed where files say this; ``a__b`` is the file ``b`` of the group ``a``."""
    (folder / "membership").write_text(membership)
    for name, text in files.items():
        *groups, last = name.split("__")
        file = folder.joinpath("cgroups", *groups, last.replace("_", ".", 1))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return allowed_memory(folder / "cgroups", folder / "membership")


def test_a_container_of_version_2_sees_its_own_limit_at_the_root(tmp_path: Path) -> None:
    assert allowed(tmp_path, "0::/\n", memory_max="1073741824") == 1024 * MIB


def test_a_service_of_version_2_is_bound_by_the_groups_around_it_too(tmp_path: Path) -> None:
    membership = "0::/system/ours\n"
    files = {"system__memory_max": "100", "system__ours__memory_max": "200"}
    assert allowed(tmp_path, membership, **files) == 100


def test_a_service_of_version_2_is_bound_by_its_own_group(tmp_path: Path) -> None:
    files = {"system__memory_max": "max", "system__ours__memory_max": "200"}
    assert allowed(tmp_path, "0::/system/ours\n", **files) == 200


def test_what_is_held_back_above_a_limit_has_that_limit(tmp_path: Path) -> None:
    files = {"memory_max": "300", "ours__memory_max": "max", "ours__memory_high": "200"}
    assert allowed(tmp_path, "0::/ours\n", **files) == 200


def test_a_container_of_version_1_sees_its_own_limit_at_the_root(tmp_path: Path) -> None:
    membership = "5:cpu,cpuacct:/\n4:memory:/kubepods/pod1/c1\n0::/\n"
    files = {"memory__memory_limit_in_bytes": "300"}
    assert allowed(tmp_path, membership, **files) == 300


def test_a_service_of_version_1_is_bound_by_its_own_group(tmp_path: Path) -> None:
    files = {
        "memory__memory_limit_in_bytes": NO_LIMIT_OF_VERSION_1,
        "memory__ours__memory_limit_in_bytes": "300",
        "memory_max": "max",
    }
    assert allowed(tmp_path, "4:memory:/ours\n0::/\n", **files) == 300


@pytest.mark.parametrize("membership", ["0::/\n", "4:memory:/\n", "", "nonsense\n", "0::/../x\n"])
@pytest.mark.parametrize("limit", ["max", NO_LIMIT_OF_VERSION_1, "0", "", "²"])
def test_without_a_limit_there_is_none(tmp_path: Path, membership: str, limit: str) -> None:
    files = {"memory_max": limit, "memory__memory_limit_in_bytes": limit}
    assert allowed(tmp_path, membership, **files) == 0


def test_a_group_beyond_what_is_to_be_seen_is_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("100")
    assert allowed(tmp_path, "0::/..\n", memory_max="200") == 200


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert allowed_memory(tmp_path / "none", tmp_path / "neither") == 0


def test_the_controller_gets_a_quarter_and_workers_equal_parts_of_the_rest() -> None:
    assert memory_share(1024 * MIB, 2) == 384 * MIB
    assert memory_share(1024 * MIB, 3) == 256 * MIB


def test_the_controller_gets_what_it_needs() -> None:
    assert memory_share(256 * MIB, 2) == (256 * MIB - LEAST_FOR_CONTROLLER) // 2


def test_too_little_is_a_limit_all_the_same() -> None:
    assert memory_share(64 * MIB, 4) == 1
