"""Settings of a transformation: every argument checked, and the compiled spec, its run and its rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from paper_optimizers.arguments import ATTRIBUTE_CHECKS
from paper_optimizers.doors import Door, as_spec
from paper_optimizers.namespaces import Namespace
from paper_optimizers.one_cycle import RunPhases
from paper_optimizers.optax.schedules import RunSchedule
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer

OPTAX_DOOR = Door(
    framework="Optax",
    rate="learning_rate",
    own_schedule="warmup_hold_cosine",
    scheduling="pass a schedule as learning_rate=",
    lowering="a schedule",
    climbing="negate the loss",
    clipping="put optax.clip_by_global_norm(1.0) before this in an optax.chain",
    any_spec="graph_optimizer",
)
#: How to keep `optax.inject_hyperparams` from making arrays of what must be known before anything is compiled.
STATIC = 'inject_hyperparams(..., static_args=("total_steps", "warmup_steps", "hold_steps"))'


@dataclass(frozen=True)
class Settings:
    """A transformation's arguments, checked.

    Attributes:
        pure: The compiled spec over its run.
        rate: A number, an array, or a schedule.
        momentum: An array that replaces the spec's coefficient, or None.
        weight_decay: A number or an array, or None.
        seed: The seed of the dropout masks: a number or an array, or None.
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
    spec, momentum = as_spec(spec), given["momentum"]
    if isinstance(momentum, jax.Array) and spec.momentum.type != "none":
        momentum = 0.0  # The array takes the place of the coefficient in each step.
    running = OPTAX_DOOR.running(spec, given["decay"], momentum)
    rate = _rate(title, running, learning_rate)
    phases = _run(rate, {name: given[name] for name in RunPhases._fields})
    OPTAX_DOOR.require_length(running, phases, title)
    if not callable(rate):
        if given["warmup_steps"] is not None or given["hold_steps"] is not None:
            rate = RunSchedule(rate, phases)
        elif isinstance(rate, float):
            OPTAX_DOOR.warn_of_constant_rate(running, rate, title)
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


def _rate(title: str, spec: OptimizerSpec, learning_rate: Any) -> Any:
    rate = OPTAX_DOOR.require_rate(learning_rate, title, spec)
    if isinstance(rate, float) or callable(rate) or (isinstance(rate, jax.Array | np.ndarray) and rate.size == 1):
        return rate
    raise ValueError(
        f"learning_rate must be a number, an array of one number or a schedule of Optax; received {learning_rate!r:.80}"
    )


def _run(rate: Any, given: Mapping[str, Any]) -> RunPhases:
    """The run that the arguments give, or else the schedule."""
    for name, value in given.items():
        if isinstance(value, jax.Array):
            raise ValueError(f"{name} must be an integer of Python; received {value!r:.80}. Write {STATIC}")
    own = rate.phases if isinstance(rate, RunSchedule) else None
    return OPTAX_DOOR.run_phases(given, own, has_course=callable(rate))
