"""Studies that are run together under one name, as the targets of the Makefile do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reproduce.errors import ProtocolError
from reproduce.protocols import is_path
from reproduce.study.protocol import studies

#: By name; a profile need not have all of a group.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "transfer": ("transfer", "finds"),
    "finetune": ("finetune", "transfer_learning"),
    "ablations": ("decays", "schedules"),
    "robustness": ("label_noise", "imbalance", "gradient_noise", "batch_size", "architectures"),
}
_ALL = ("all",)


def named_studies(profile: str, names: Sequence[str], group: str | None = None) -> tuple[str, ...]:
    """The studies that are meant, each once; whether the profile has one that was named is for its reader to say.

    Args:
        profile: A profile's name, or the path of a protocol file, which is one study whatever is named.
        names: Studies, or "all"; none mean the study "main", or with a group all of it that the profile has.
        group: A name of `GROUPS`.

    Raises:
        ProtocolError: If there is no such group, a study is not of it, or the profile has none of it.
    """
    if is_path(profile):
        return (Path(profile).stem,)
    there = studies(profile)
    if group is None:
        return there or ("main",) if tuple(names) == _ALL else tuple(dict.fromkeys(names)) or ("main",)
    members = GROUPS.get(group)
    if members is None:
        raise ProtocolError(f"no group of studies {group!r}; there are: {', '.join(GROUPS)}")
    has = [name for name in members if name in there]
    if tuple(names) in ((), _ALL):
        if there and not has:
            raise ProtocolError(
                f"profile {profile} has no study of {group} ({', '.join(members)}); there are: {', '.join(there)}"
            )
        return tuple(has) or members
    for name in names:
        if name not in members:
            raise ProtocolError(
                f"study {name!r} is not of {group}: expected any of {', '.join(members)}; profile {profile} has "
                f"{', '.join(has) or 'none of them'}"
            )
    return tuple(dict.fromkeys(names))
