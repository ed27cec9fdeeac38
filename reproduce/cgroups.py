"""Limits by control groups: how containers, batch systems and service managers limit a process.

Source: the Linux kernel's documentation, admin-guide/cgroup-v2 and admin-guide/cgroup-v1 (memory, cpusets) and
scheduler/sched-bwc. A limit holds for all groups below it, so each group from this process' own up to the root counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_UNLIMITED = 2**60  # Version 1 says "no limit" by a number near 2^63.


@dataclass(frozen=True)
class _Mount:
    """Where a hierarchy of groups is seen.

    Attributes:
        kind: "cgroup" (version 1) or "cgroup2".
        controllers: What version 1 limits there, among other options of the mount.
        root: The group that is seen at the mount's place.
        place: That place.
    """

    kind: str
    controllers: frozenset[str]
    root: PurePosixPath
    place: PurePosixPath


def cores_allowed(root: Path = Path("/")) -> float | None:
    """Processor cores that may be used, by quotas of time and by sets of cores; None without a limit.

    Args:
        root: Of the file system.
    """
    limits: list[float] = []
    for group in _groups(root, "cpu"):
        limits += _quota(_numbers(group / "cpu.max"))
        limits += _quota(_numbers(group / "cpu.cfs_quota_us") + _numbers(group / "cpu.cfs_period_us"))
    for group in _groups(root, "cpuset"):
        names = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")
        counts = [_count(_text(group / name)) for name in names]
        limits += [count for count in counts if count]
    return min(limits, default=None)


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take before a group is full; None without a limit.

    What a group holds of files that can be read again counts as free.

    Args:
        root: Of the file system.
    """
    left = []
    for group in _groups(root, "memory"):
        for limit_name, used_name, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _numbers(group / limit_name), _numbers(group / used_name)
            if limit and limit[0] < _UNLIMITED:
                free = limit[0] - (used[0] if used else 0) + _statistic(group / "memory.stat", cached)
                left.append(max(0, min(free, limit[0])))
    return min(left, default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that limit this process by ``controller``, its own first."""
    mounts = _mounts(root)
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        for mount in mounts:
            if mount.kind == "cgroup2":
                seen = number == "0" and not controllers
            else:
                seen = controller in controllers.split(",") and controller in mount.controllers
            if seen:
                yield from _up(root, mount, PurePosixPath(group))
                break


def _up(root: Path, mount: _Mount, group: PurePosixPath) -> Iterator[Path]:
    """The folders of a group and of those around it; of one that lies beside what is mounted, the mounted one."""
    inside = group.relative_to(mount.root) if group.is_relative_to(mount.root) else PurePosixPath()
    inside = PurePosixPath() if ".." in inside.parts else inside
    for part in (inside, *inside.parents) if inside.parts else (inside,):
        yield root / mount.place.relative_to("/") / part


def _mounts(root: Path) -> list[_Mount]:
    found = []
    for line in _text(root / "proc" / "self" / "mountinfo").splitlines():
        first, _, second = line.partition(" - ")
        fields, more = first.split(" "), second.split(" ")
        if len(fields) >= 5 and len(more) >= 3 and more[0] in ("cgroup", "cgroup2"):
            seen, place = (PurePosixPath(_unescaped(each)) for each in fields[3:5])
            found.append(_Mount(more[0], frozenset(more[2].split(",")), seen, place))
    return found


def _unescaped(path: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path


def _text(path: Path) -> str:
    """The text of a file; nothing where it is missing or cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _numbers(path: Path) -> list[int]:
    """The numbers that a file begins with; none where it says "max"."""
    found = []
    for word in _text(path).split():
        if not word.lstrip("-").isdecimal():
            break
        found.append(int(word))
    return found


def _quota(numbers: list[int]) -> list[float]:
    """Cores, of microseconds in each period of so many; none where there is no limit."""
    if len(numbers) != 2 or min(numbers) <= 0:
        return []
    return [numbers[0] / numbers[1]]


def _count(cores: str) -> int:
    """How many cores a list like "0-3,8" names; 0 for what is none."""
    count = 0
    for part in cores.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            return 0
        count += int(last or first) - int(first) + 1
    return count


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0
