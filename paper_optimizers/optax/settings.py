"""What a transformation is made with: every argument checked, and the compiled spec, its run and its rate."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from paper_optimizers.arguments import ATTRIBUTE_CHECKS, require_rate
from paper_optimizers.catalog import get, needs_of
from paper_optimizers.namespaces import Namespace
from paper_optimizers.one_cycle import UNKNOWN_RUN, RunPhases
from paper_optimizers.optax.schedules import RunSchedule
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer
from paper_optimizers.suggestions import other_form

#: How to keep `optax.inject_hyperparams` from making arrays of what must be known before anything is compiled.
STATIC = 'inject_hyperparams(..., static_args=("total_steps", "warmup_steps", "hold_steps"))'


@dataclass(frozen=True)
class Settings:
    """A transformation's arguments, checked.

    Attributes:
        pure: The compiled spec over its run.
        rate: A number, an array, or a schedule.
        momentum: What replaces the spec's coefficient where that is an array, or None.
        weight_decay: A number or an array, or None.
        seed: Of the dropout masks: a number or an array, or None.
        reads_weights: Whether a step reads the weights.
    """

    pure: PureOptimizer
    rate: Any
    momentum: Any
    weight_decay: Any
    seed: Any
    reads_weights: bool

    def rate_at(self, count: Any) -> Any:
        """The learning rate of the update that ``count`` others went before."""
        return self.rate(count) if callable(self.rate) else self.rate


def checked_settings(
    title: str,
    spec: OptimizerSpec | str | Mapping[str, Any],
    learning_rate: Any,
    given: Mapping[str, Any],
    xp: Namespace,
) -> Settings:
    """The settings that the arguments of `graph_optimizer` say.

    Raises:
        ValueError: As `graph_optimizer`.
        KeyError: For a name that is not in the catalog.
    """
    running = _running(as_spec(spec), given["decay"], given["momentum"])
    rate = _rate(title, learning_rate)
    phases = _run(rate, *(given[name] for name in RunPhases._fields))
    if running.needs_total_steps and phases.total_steps is None:
        raise ValueError(
            f"{title} reads training progress (decay functions, a schedule factor or one-cycle momentum) and Optax "
            "does not tell it how long training is: pass total_steps=, the number of updates (epochs times steps per "
            "epoch), or a warmup_hold_cosine as learning_rate"
        )
    if not callable(rate):
        if given["warmup_steps"] is not None or given["hold_steps"] is not None:
            rate = RunSchedule(rate, phases)
        elif isinstance(rate, float):
            _warn_of_constant_rate(title, running, rate)
    decay = given["weight_decay"]
    seed = given["seed"]
    program = compile_spec(running)
    return Settings(
        pure=PureOptimizer(program, xp, phases),
        rate=rate,
        momentum=given["momentum"] if isinstance(given["momentum"], jax.Array) else None,
        weight_decay=decay if isinstance(decay, jax.Array) else ATTRIBUTE_CHECKS["weight_decay"]("weight_decay", decay),
        seed=seed if isinstance(seed, jax.Array) else ATTRIBUTE_CHECKS["seed"]("seed", seed),
        reads_weights=decay is not None or any(each.op == "weight" for each in program.instructions),
    )


def _rate(title: str, learning_rate: Any) -> Any:
    rate = require_rate(learning_rate, title)
    if isinstance(rate, float) or callable(rate) or (isinstance(rate, jax.Array | np.ndarray) and rate.size == 1):
        return rate
    raise ValueError(
        f"learning_rate must be a number, an array of one number or a schedule of Optax; received {learning_rate!r:.80}"
    )


def as_spec(spec: Any) -> OptimizerSpec:
    """The spec that is given as itself, by its catalog name or as plain data."""
    if isinstance(spec, OptimizerSpec):
        return spec
    if isinstance(spec, str):
        if "~" in spec[1:]:
            raise ValueError(f"received the text {spec!r}; pass the spec that it says: from_text(...)")
        return get(spec)
    if isinstance(spec, Mapping):
        return OptimizerSpec.from_dict(spec)
    expected = f"an OptimizerSpec, a catalog name or a spec's plain data; received {spec!r:.80}"
    raise ValueError(f"spec must be {expected}{other_form(spec)}")


def _running(spec: OptimizerSpec, decay: Any, momentum: Any) -> OptimizerSpec:
    if not isinstance(decay, bool):
        raise ValueError(
            f"decay says whether decay functions are applied, True or False; received {decay!r:.80}. For a learning "
            "rate that decays, pass a schedule as learning_rate="
        )
    running = spec if decay else spec.without_decays()
    if momentum is None:
        return running
    if spec.momentum.type == "none":
        raise ValueError(f"this spec has no momentum to set; received momentum={momentum!r:.80}")
    # An array takes the place of the coefficient in each step.
    return running.with_momentum(0.0 if isinstance(momentum, jax.Array) else momentum)


def _run(rate: Any, total_steps: Any, warmup_steps: Any, hold_steps: Any) -> RunPhases:
    """The run that the arguments give, or else the schedule."""
    given = {"total_steps": total_steps, "warmup_steps": warmup_steps, "hold_steps": hold_steps}
    for name, value in given.items():
        if isinstance(value, jax.Array):
            raise ValueError(f"{name} must be an integer of Python; received {value!r:.80}. Write {STATIC}")
    if isinstance(rate, RunSchedule):
        for name, value in given.items():
            own = getattr(rate.phases, name)
            if value is not None and value != own:
                raise ValueError(
                    f"{name}={value!r} contradicts the schedule given as learning_rate, whose {name} is {own}: rate, "
                    f"decays and momentum follow one run. Leave {name} out, or change the schedule"
                )
        return rate.phases
    if callable(rate) and (warmup_steps or hold_steps):
        raise ValueError(
            "learning_rate is a schedule and has its own course, so it excludes warmup_steps and hold_steps: they make "
            "a schedule of a number. Leave them out, or pass the peak rate, or a warmup_hold_cosine"
        )
    if total_steps is not None:
        return RunPhases(total_steps, warmup_steps or 0, hold_steps or 0).checked()
    if not callable(rate) and (warmup_steps is not None or hold_steps is not None):
        raise ValueError("warmup_steps and hold_steps are parts of a run: pass total_steps= with them")
    return UNKNOWN_RUN


def _warn_of_constant_rate(title: str, spec: OptimizerSpec, rate: float) -> None:
    for need in needs_of(spec):
        if need.name == "falling_rate":
            warnings.warn(
                f"{title} received the constant rate {rate!r} and needs {need.text}. Pass warmup_steps= (0 will do) "
                "with the number, or a schedule.",
                stacklevel=5,
            )
