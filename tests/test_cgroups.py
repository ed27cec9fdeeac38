"""Limits of control groups, read from folders that look as the kernel's do."""

from pathlib import Path

import pytest

from reproduce import machine
from reproduce.cgroups import cores_allowed, memory_left

GIB = 2**30
#: What version 1 says where there is no limit.
NO_LIMIT = 9223372036854771712


def system(root: Path, groups: str, mounts: str, files: dict[str, object]) -> Path:
    """A file system with /proc/self and these files."""
    for name, text in {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def second(root: Path, group: str, files: dict[str, object], mount: str = "/ /sys/fs/cgroup") -> Path:
    """Version 2, seen whole or from a mount's own root."""
    mounts = (
        f"25 1 0:22 / /sys rw - sysfs sysfs rw\n30 25 0:26 {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
    )
    return system(root, f"0::{group}", mounts, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def first(root: Path, group: str, files: dict[str, object], seen: str = "/") -> Path:
    """Version 1 beside an empty version 2, as many machines have it."""
    kinds = ("memory", "cpu,cpuacct", "cpuset")
    mounts = [
        f"4{n} 25 0:3{n} {seen} /sys/fs/cgroup/{kind} rw - cgroup cgroup rw,{kind}" for n, kind in enumerate(kinds)
    ]
    mounts.append("50 25 0:41 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw")
    groups = [f"{n + 1}:{kind}:{group}" for n, kind in enumerate(kinds)]
    text = "\n".join(["9:name=systemd:/", *groups, "0::/"])
    return system(root, text, "\n".join(mounts), {f"sys/fs/cgroup/{name}": each for name, each in files.items()})


def test_a_container_of_version_2_sees_its_limits_at_the_root(tmp_path: Path) -> None:
    root = second(tmp_path, "/", {
        "cpu.max": "200000 100000", "memory.max": 4 * GIB, "memory.current": 3 * GIB,
        "memory.stat": f"anon 5\nfile 7\ninactive_file {GIB}\nactive_file 3",
    })  # fmt: skip
    assert cores_allowed(root) == 2.0
    assert memory_left(root) == 2 * GIB


def test_of_nested_groups_the_narrowest_counts_and_max_is_no_limit(tmp_path: Path) -> None:
    root = second(tmp_path, "/slice/job/step", {
        "slice/cpu.max": "150000 100000", "slice/job/cpu.max": "max 100000", "slice/job/step/cpu.max": "400000 100000",
        "slice/memory.max": "max", "slice/job/memory.max": 8 * GIB, "slice/job/memory.current": 2 * GIB,
        "slice/job/step/memory.max": "max", "slice/job/cpuset.cpus.effective": "0-3,8",
        "slice/other/cpu.max": "1 100000",
    })  # fmt: skip
    assert cores_allowed(root) == 1.5
    assert memory_left(root) == 6 * GIB


def test_a_set_of_cores_is_counted(tmp_path: Path) -> None:
    assert cores_allowed(second(tmp_path / "2", "/job", {"job/cpuset.cpus.effective": "0-3,8"})) == 5
    assert cores_allowed(first(tmp_path / "1", "/job", {"cpuset/job/cpuset.effective_cpus": "2"})) == 1
    assert cores_allowed(second(tmp_path / "none", "/job", {"job/cpuset.cpus.effective": ""})) is None


def test_without_limits_there_are_none(tmp_path: Path) -> None:
    for root in (
        second(tmp_path / "2", "/job", {"job/cpu.max": "max 100000", "job/memory.max": "max", "job/memory.current": 5}),
        first(tmp_path / "1", "/job", {
            "cpu,cpuacct/job/cpu.cfs_quota_us": -1, "cpu,cpuacct/job/cpu.cfs_period_us": 100000,
            "memory/job/memory.limit_in_bytes": NO_LIMIT, "memory/job/memory.usage_in_bytes": 5,
        }),
        tmp_path / "no /proc at all",
        system(tmp_path / "nonsense", "what\n0::", "1 2 3 - cgroup2\nx", {}),
    ):  # fmt: skip
        assert cores_allowed(root) is None
        assert memory_left(root) is None


@pytest.mark.parametrize("seen", ["/", "/docker/abc"])  # The whole machine's groups, or a container's own as the root.
def test_version_1_counts_the_whole_way_up(seen: str, tmp_path: Path) -> None:
    place = "docker/abc/" if seen == "/" else ""
    root = first(tmp_path, "/docker/abc/child", {
        "memory/memory.limit_in_bytes": NO_LIMIT,
        f"cpu,cpuacct/{place}cpu.cfs_quota_us": 250000, f"cpu,cpuacct/{place}cpu.cfs_period_us": 100000,
        f"memory/{place}memory.limit_in_bytes": 4 * GIB, f"memory/{place}memory.usage_in_bytes": GIB,
        f"memory/{place}memory.stat": "inactive_file 1\ntotal_inactive_file 4096",
        f"memory/{place}child/memory.limit_in_bytes": NO_LIMIT,
    }, seen)  # fmt: skip
    assert cores_allowed(root) == 2.5
    assert memory_left(root) == 3 * GIB + 4096


def test_a_group_that_lies_beside_what_is_mounted_is_read_at_the_mount(tmp_path: Path) -> None:
    files = {"cpu.max": "100000 100000", "memory.max": GIB, "memory.current": 2 * GIB}
    for number, group in enumerate(("/docker/abc", "/../elsewhere", "/")):
        root = second(tmp_path / str(number), group, files, "/kubepods/pod7 /sys/fs/cgroup")
        assert cores_allowed(root) == 1.0
        assert memory_left(root) == 0


def test_a_mount_with_a_space_in_its_name_is_found(tmp_path: Path) -> None:
    root = second(tmp_path, "/job", {}, "/ /sys/fs/my\\040groups")
    system(
        root, "0::/job", (root / "proc/self/mountinfo").read_text(), {"sys/fs/my groups/job/cpu.max": "50000 100000"}
    )
    assert cores_allowed(root) == 0.5


@pytest.mark.parametrize(("allowed", "cores"), [(None, 8), (2.0, 2), (1.5, 2), (0.1, 1), (64.0, 8)])
def test_what_is_usable_is_the_narrower_of_the_machine_and_its_limits(
    allowed: float | None, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "cores_allowed", lambda: allowed)
    assert machine.usable_cores() == cores
    monkeypatch.setattr(machine, "memory_left", lambda: None)
    free = machine.usable_bytes()
    assert 10**6 < free < 10**14
    monkeypatch.setattr(machine, "memory_left", lambda: 12345)
    assert machine.usable_bytes() == 12345
