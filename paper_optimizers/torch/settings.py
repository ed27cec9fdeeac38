"""Settings of a parameter group: every option checked, and the compiled step that the options name."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch

from paper_optimizers.arguments import ATTRIBUTE_CHECKS
from paper_optimizers.catalog import get
from paper_optimizers.doors import Door, as_spec
from paper_optimizers.namespaces import NUMPY, Namespace
from paper_optimizers.one_cycle import RunPhases, base_rate
from paper_optimizers.program import Program, compile_spec
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer

Group = dict[str, Any]
TORCH_DOOR = Door(
    framework="PyTorch",
    rate="lr",
    own_schedule="",
    scheduling="use a scheduler of torch",
    lowering="lower it with a scheduler of torch, such as WarmupHoldCosine of this module",
    climbing="pass maximize=True",
    clipping="call torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) before each step",
    no_momentum="leave momentum out; if OneCycleLR or CyclicLR sets it, pass cycle_momentum=False to the scheduler",
)


class RunSettings(NamedTuple):
    """The settings that a group's spec is run with: all that decides its program and its scalars."""

    spec: str
    decay: bool
    momentum: float | None
    phases: RunPhases

    @classmethod
    def of(cls, group: Group) -> RunSettings:
        """The group's, as its options stand now."""
        phases = RunPhases(group["total_steps"], group["warmup_steps"] or 0, group["hold_steps"] or 0)
        return cls(group["spec"], group["decay"], group["momentum"], phases)


@functools.lru_cache(maxsize=256)
def pure_optimizer(course: RunSettings, xp: Namespace) -> PureOptimizer:
    """The compiled spec over ``xp``.

    Raises:
        ValueError: If the spec needs a run's length and none is given, or the options do not fit the spec.
    """
    return PureOptimizer(_program(course.spec, course.decay, course.momentum), xp, _checked(course))


def _checked(course: RunSettings) -> RunPhases:
    total_steps, warmup_steps, hold_steps = course.phases
    given = {"total_steps": total_steps, "warmup_steps": warmup_steps or None, "hold_steps": hold_steps or None}
    phases = TORCH_DOOR.run_phases(given)
    TORCH_DOOR.require_length(_running(course), phases, _title(course.spec))
    return phases


def _running(course: RunSettings) -> OptimizerSpec:
    return cast(OptimizerSpec, _program(course.spec, course.decay, course.momentum).spec)


@functools.lru_cache(maxsize=256)
def _program(text: str, decay: bool, momentum: float | None) -> Program:
    return compile_spec(TORCH_DOOR.running(spec_of(text), decay, momentum))


def spec_of(text: str) -> OptimizerSpec:
    """The spec that a group's text names: a name of the catalog, or the JSON form."""
    return OptimizerSpec.from_json(text) if text.startswith("{") else get(text)


def _title(text: str) -> str:
    return "this spec" if text.startswith("{") else text


def _optimizer(text: str) -> str:
    return "the optimizer" if text.startswith("{") else text


def spec_text(spec: Any) -> str:
    """How a group keeps its spec, so that a checkpoint holds plain data alone: its catalog name, or JSON on one line.

    Raises:
        KeyError: For a name that is not in the catalog.
        ValueError: For what is no spec.
    """
    if isinstance(spec, str) and spec.startswith("{"):
        spec = OptimizerSpec.from_json(spec)
    found = as_spec(spec)
    return spec if isinstance(spec, str) else json.dumps(found.to_dict(), separators=(",", ":"))


def require_parameters(params: Any, title: str) -> None:
    """Refuse a spec or a rate in the place of the parameters, where other frameworks have them.

    Raises:
        TypeError: Saying that the parameters come first.
    """
    if isinstance(params, OptimizerSpec | Mapping | str | int | float):
        spec = "spec, " if title == "GraphOptimizer" else ""
        received = "a spec" if isinstance(params, OptimizerSpec | Mapping) else repr(params)[:80]
        raise TypeError(
            f"received {received} as params; in PyTorch the parameters come first: {title}(model.parameters(), {spec}"
            "lr=..., total_steps=..., warmup_steps=...)"
        )


def check_group(group: Group, title: str) -> None:
    """Check the options of a group and bring them to their plain forms.

    Raises:
        ValueError: For an option that is missing, out of its range, or contradicts another.
        KeyError: For a spec's name that is not in the catalog.
    """
    group["spec"] = spec_text(group["spec"])
    group["weight_decay"] = ATTRIBUTE_CHECKS["weight_decay"]("weight_decay", group["weight_decay"]) or 0.0
    group["seed"] = ATTRIBUTE_CHECKS["seed"]("seed", group["seed"])
    TORCH_DOOR.check_decay(group["decay"])
    for name in ("maximize", "capturable"):
        _flag(name, group[name])
    if group["foreach"] is not None:
        _flag("foreach", group["foreach"])
    if group["momentum"] is not None and isinstance(group["momentum"], int | float):
        group["momentum"] = float(group["momentum"])
    group["lr"] = _rate(group["lr"], title, _running(RunSettings.of(group)))
    given = [group[name] is not None for name in ("warmup_steps", "hold_steps")]
    phases = TORCH_DOOR.run_phases({name: group[name] for name in RunPhases._fields})
    if "lr_is_peak" not in group:
        group["lr_is_peak"] = any(given)
    if phases.total_steps is not None:
        total, warmup, hold = phases
        group["total_steps"] = total
        group["warmup_steps"], group["hold_steps"] = (warmup, hold) if any(given) else (None, None)
    program = pure_optimizer(RunSettings.of(group), NUMPY).program
    if program.num_draws and group["capturable"]:
        raise ValueError(
            f"{_title(group['spec'])} draws dropout masks, seeded anew in each step by its number, which a captured "
            "step does not have: leave capturable=True out"
        )
    if group["seed"] is None and program.num_draws:
        group["seed"] = _new_seed()


def _rate(value: Any, title: str, spec: OptimizerSpec) -> Any:
    if isinstance(value, torch.Tensor):
        if value.numel() != 1 or not value.is_floating_point():
            raise ValueError(
                f"lr must be a number or a floating-point tensor of one element; received one of shape "
                f"{tuple(value.shape)} and {value.dtype}"
            )
        return value
    rate = TORCH_DOOR.require_rate(value, title, spec)
    if not isinstance(rate, float):
        raise ValueError(
            f"lr must be a number or a tensor of one element; received {value!r:.80}. A schedule is a torch "
            "LRScheduler that gets this optimizer, or warmup_steps= here"
        )
    return rate


def _flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False; received {value!r:.80}")


def _new_seed() -> int:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        raise ValueError(
            "this spec draws dropout masks, which must be the same in every process of a distributed run: pass seed="
        )
    return int(torch.randint(2**31, ()))


def warn_of_constant_rate(group: Group) -> None:
    """Warn where the spec needs a rate that falls and neither warm-up nor a scheduler gives it one."""
    if not group["lr_is_peak"] and "initial_lr" not in group:
        running = _running(RunSettings.of(group))
        TORCH_DOOR.warn_of_constant_rate(running, group["lr"], _optimizer(group["spec"]))


def follows_run(group: Group) -> bool:
    """Whether anything in a group changes in the course of the run."""
    return bool(group["lr_is_peak"]) or _running(RunSettings.of(group)).needs_total_steps


def warn_past_end(group: Group) -> None:
    """Warn that the run of a group goes on past its end, and say what stays there."""
    running = _running(RunSettings.of(group))
    TORCH_DOOR.warn_past_end(
        group["updates"] + 1, group["total_steps"], running, _optimizer(group["spec"]), follows=group["lr_is_peak"]
    )


def peak_share(group: Group, xp: Namespace, updates: Any) -> Any:
    """Compute the factor of a rate that is the peak of a warm-up, hold and cosine, in the update after ``updates``."""
    total, warmup, hold = RunSettings.of(group).phases.checked()
    last = cast(int, total) - 1
    return base_rate(xp, xp.floating(xp.minimum(updates, last)), 1.0, last + 1, warmup, hold)
