"""The Keras interpreter: one optimizer class that runs any spec on TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import ops

from paper_optimizers.docstrings import with_mathematics
from paper_optimizers.doors import as_spec
from paper_optimizers.keras.base import KERAS_DOOR, BaseOptimizer
from paper_optimizers.keras.namespace import KERAS, step_dtype
from paper_optimizers.keras.quick import Movable, compiled_move, is_compiled_apart, move_together
from paper_optimizers.keras.rows import is_sparse, rows_of
from paper_optimizers.keras.schedules import WarmupHoldCosine
from paper_optimizers.one_cycle import RunPhases
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer, StepValues, TensorState, moves_rows_alone


def _phase(name: str, doc: str) -> property:
    """A field of the run's `RunPhases`, which can be assigned."""

    def assign(optimizer: GraphOptimizer, value: Any) -> None:
        optimizer._follow(optimizer._pure.phases._replace(**{name: value}))

    return property(lambda optimizer: getattr(optimizer._pure.phases, name), assign, doc=doc)


@dataclass
class _Current:
    """Values computed once a step for all weight tensors; None between steps."""

    step: StepValues | None = None
    draws: Mapping[int, tuple[Any, ...]] | None = None


@keras.saving.register_keras_serializable("paper_optimizers")
@with_mathematics(
    rate="learning_rate",
    counted="`iterations`, which are updates: with ``gradient_accumulation_steps=k`` k times\n  fewer than batches",
)
class GraphOptimizer(BaseOptimizer):
    """A Keras optimizer that runs any `OptimizerSpec`, on TensorFlow, JAX and PyTorch.

    Use it for an optimizer that is data: a spec of your own, one that a search found, or one of the catalog that has no
    class, such as ``"Lion"``. The published ones have classes, `Opt1` to `Opt10` and `A1` to `A5`, with these arguments
    but ``spec``.

    Args:
        spec (OptimizerSpec, str or Mapping): A spec, a name of the catalog such as ``"Opt4"``, or a spec's JSON form as
            plain data.
        learning_rate (float, schedule or callable): A number is constant, as in Keras; with ``warmup_steps`` or
            ``hold_steps`` it is the peak of a `WarmupHoldCosine`. A callable takes no arguments. There is no default.
            A `WarmupHoldCosine` counts updates; another Keras schedule counts batches, as with every optimizer.
        total_steps (int): T, the number of updates of the run. Needed by specs with decay functions, a schedule factor
            or one-cycle momentum; taken from a `WarmupHoldCosine` learning rate where not given. Past T every decay
            holds its last value.
        warmup_steps (int): Updates of the warm-up, for the rate and for one-cycle momentum; from the schedule likewise.
            Schedules of other kinds exclude it.
        hold_steps (int): Updates at the peak after the warm-up; likewise.
        decay (bool): Whether edge decays and the schedule factor are applied.
        momentum (float): A constant momentum coefficient in [0, 1) instead of the spec's; only for specs with momentum.
        seed (int): Seed of the dropout masks of specs that have them.
        **keras_arguments: ``name``, ``weight_decay``, ``clipnorm``, ``clipvalue``, ``global_clipnorm``, ``use_ema``,
            ``ema_momentum``, ``ema_overwrite_frequency``, ``loss_scale_factor`` and ``gradient_accumulation_steps``
            as in every Keras optimizer. Weight decay is decoupled, and comes on top of what a spec does with the
            weight. Clipping acts on gradients before the spec sees them.

    Raises:
        ValueError: If the learning rate is missing, the spec needs ``total_steps`` and none is known, an argument is
            out of its range, or two contradict each other.
        KeyError: For a name that is not in the catalog.

    Examples:
        >>> from paper_optimizers import GraphOptimizer, from_text
        >>> spec = from_text("Nest ~ tanh([a1][arcsinh(g)])")
        >>> optimizer = GraphOptimizer(spec, learning_rate=0.1, total_steps=5_000, warmup_steps=500)
        >>> lion = GraphOptimizer("Lion", learning_rate=0.003, total_steps=5_000, warmup_steps=500)
    """

    def __init__(
        self,
        spec: OptimizerSpec | str | Mapping[str, Any],
        learning_rate: Any = None,
        *,
        total_steps: int | None = None,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        **keras_arguments: Any,
    ) -> None:
        self._refuse_unknown(keras_arguments, (*RunPhases._fields, "decay", "momentum", "seed"))
        spec, title = as_spec(spec), type(self).__name__
        running = KERAS_DOOR.running(spec, decay, momentum)
        learning_rate = KERAS_DOOR.require_rate(learning_rate, title, running)
        ours = isinstance(learning_rate, WarmupHoldCosine)
        phases = KERAS_DOOR.run_phases(
            {"total_steps": total_steps, "warmup_steps": warmup_steps, "hold_steps": hold_steps},
            learning_rate.phases if ours else None,
            has_course=callable(learning_rate),
        )
        KERAS_DOOR.require_length(running, phases, title)
        if isinstance(learning_rate, float) and (warmup_steps is not None or hold_steps is not None):
            learning_rate = WarmupHoldCosine(learning_rate, **phases._asdict())
        super().__init__(learning_rate, **keras_arguments)
        if isinstance(self._learning_rate, keras.Variable):
            KERAS_DOOR.warn_of_constant_rate(running, learning_rate, title)
        self.spec = spec
        self.decay = decay
        self.momentum = None if momentum is None else float(momentum)
        self.seed = seed
        self._pure = PureOptimizer(compile_spec(running), KERAS, phases)
        self._current = _Current()
        self.seed_generator: Any = None
        if self._pure.program.num_draws:
            with keras.name_scope(self.name, caller=self):
                self.seed_generator = keras.random.SeedGenerator(self.seed, name="dropout")
            # On JAX a generator whose state no one tracks would repeat its first mask for ever.
            self._track_variable(self.seed_generator.state)

    def build(self, variables: Sequence[Any]) -> None:
        """Create the optimizer variables of ``variables``, in one fixed order."""
        if self.built:
            return
        super().build(variables)
        self._slots = [self._slots_of(variable) for variable in variables]

    def _slots_of(self, variable: Any) -> TensorState | None:
        if self._overwrite_variable_with_gradient(variable):
            return None
        return self._pure.init_tensor(lambda name: self._slot(variable, name))

    def _slot(self, variable: Any, name: str) -> Any:
        dtype = keras.backend.standardize_dtype(variable.dtype)
        if dtype in ("float32", "float64"):
            return self.add_variable_from_reference(variable, name=name)
        # In bfloat16 a beta of 0.999 rounds to 1 and the average would never move.
        path = str(getattr(variable, "path", variable.name)).replace("/", "_").replace(":", "_")
        layout = getattr(variable, "_layout", None)
        return self.add_variable(variable.shape, dtype="float32", layout=layout, name=f"{path}_{name}")

    @contextmanager
    def _whole_step(self, variables: Sequence[Any]) -> Iterator[None]:
        """Decays, corrections and masks are computed once for all variables."""
        if keras.backend.backend() != "torch":  # There it may not be needed.
            self._current.step = self._step_values()
        self._current.draws = self._draw_masks(variables)
        try:
            yield
        finally:
            self._current.step = self._current.draws = None

    def _moved_between_updates(self) -> Iterator[tuple[Any, Any]]:
        yield from super()._moved_between_updates()
        if self.gradient_accumulation_steps and self.seed_generator is not None:
            yield self.seed_generator.state, self._is_update()

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move ``variable`` by one step."""
        index = self._get_variable_index(variable)
        slots = self._slots[index]
        if slots is None:
            return
        rows = rows_of(gradient) if is_sparse(gradient) else None
        read = ops.convert_to_tensor if rows is None else rows.read
        weight = read(variable)
        stored = keras.backend.standardize_dtype(weight.dtype)
        dtype = stored if stored == "float64" else "float32"

        def cast(value: Any) -> Any:
            return value if value is None or isinstance(value, float) else ops.cast(value, dtype)

        arguments = (
            (self._current.step or self._step_values()).map(cast),
            ops.cast(learning_rate, dtype),
            ops.cast(gradient if rows is None else rows.values, dtype),
            ops.cast(weight, dtype),
            slots.map(read),
        )
        weight_decay = self._weight_decay_of(variable)
        if rows is None and is_compiled_apart(variable, self._pure.program):
            moved, state = compiled_move(self._pure.program)(*arguments, weight_decay)
        else:
            moved, state = self._pure.move(
                *arguments,
                weight_decay=weight_decay,
                draw=lambda number, tensor: cast((self._current.draws or {})[index][number]),
            )
        changed = zip((*slots.arrays(), variable), (*state.arrays(), ops.cast(moved, stored)), strict=True)
        for target, value in changed:
            self.assign(target, value if rows is None else rows.replaced(target, value))

    def _weight_decay_of(self, variable: Any) -> float | None:
        return self.weight_decay if self.weight_decay is not None and self._use_weight_decay(variable) else None

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
    ) -> None:
        """Move all variables, on PyTorch those together that can be."""
        if keras.backend.backend() == "torch":
            movables = [
                Movable(gradient, variable, slots, self._weight_decay_of(variable) or 0.0)
                for gradient, variable in zip(grads, trainable_variables, strict=True)
                if (slots := self._slots[self._get_variable_index(variable)]) is not None
            ]
            left = move_together(self._pure, self._iterations, self.iterations, learning_rate, movables)
            if not left:
                return
            grads, trainable_variables = [movable.gradient for movable in left], [movable.variable for movable in left]
            self._current.step = self._step_values()
        super()._backend_update_step(grads, trainable_variables, learning_rate)

    def _moves_rows_alone(self) -> bool:
        limits = (self.weight_decay, self.clipnorm, self.clipvalue, self.global_clipnorm, self.loss_scale_factor)
        everywhere = any(each is not None for each in (*limits, self.gradient_accumulation_steps)) or self.use_ema
        replicas = getattr(getattr(self, "_distribution_strategy", None), "num_replicas_in_sync", 1)
        return replicas == 1 and not everywhere and moves_rows_alone(self._pure.program)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Do nothing: Keras knows no schedule factor, so `update_step` decays, at the rate that is applied."""

    def _step_values(self) -> StepValues:
        return self._pure.values(ops.convert_to_tensor(self.iterations))

    def _draw_masks(self, variables: Sequence[Any]) -> Mapping[int, tuple[Any, ...]]:
        """Uniform numbers by variable index, drawn where the whole step is seen and not once per device."""
        if not self._pure.program.num_draws:
            return {}
        return {
            self._get_variable_index(variable): tuple(
                keras.random.uniform(tuple(variable.shape), dtype=step_dtype(), seed=self.seed_generator)
                for _ in range(self._pure.program.num_draws)
            )
            for variable in variables
        }

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("spec", "decay", "momentum", "seed") and hasattr(self, "_pure"):
            raise AttributeError(f"{name} is fixed when an optimizer is made: make another with {name}={value!r:.80}")
        super().__setattr__(name, value)

    total_steps = _phase(
        "total_steps",
        """T, the number of updates of the run, or None.

        What is assigned to it, `warmup_steps` or `hold_steps` holds for decays, momentum and a `WarmupHoldCosine` alike
        from the next step on.
        """,
    )
    warmup_steps = _phase("warmup_steps", "Updates of the warm-up.")
    hold_steps = _phase("hold_steps", "Updates at the peak after the warm-up.")

    def _follow(self, phases: RunPhases) -> None:
        """Let decays, momentum and a schedule of ours follow ``phases``."""
        phases = phases.checked()
        if phases == self._pure.phases:
            return
        self._refuse_if_traced("the length of the run, its warm-up and its hold")
        schedule: Any = self._learning_rate
        if isinstance(schedule, WarmupHoldCosine):
            self._learning_rate = type(schedule).from_config(schedule.get_config() | phases._asdict())
        self._set_phases(phases)

    def _take_schedule(self, schedule: WarmupHoldCosine) -> None:
        """Let decays and momentum follow the run of a schedule that is assigned."""
        if schedule.phases != self._pure.phases:
            self._refuse_if_traced("the schedule")
            self._set_phases(schedule.phases)

    def _set_phases(self, phases: RunPhases, *, counts_batches: bool = False) -> None:
        self._pure = replace(self._pure, phases=phases)
        self._counts_batches = counts_batches

    @property
    def applied_learning_rate(self) -> Any:
        """The rate of the coming update times the spec's schedule factor: what multiplies ``u``."""
        return self._step_values().applied(ops.cast(self.learning_rate, step_dtype()))

    @property
    def applied_momentum(self) -> Any:
        """The momentum coefficient of the coming update, or None for a spec without momentum."""
        return self._step_values().momentum

    def get_config(self) -> dict[str, Any]:
        """All arguments, the spec as plain data, and what was assigned later where arguments cannot say it."""
        # A number with a warm-up became a schedule; any other rate must be revived as what it is.
        ours = isinstance(self._learning_rate, WarmupHoldCosine)
        config = {
            **super().get_config(),
            "spec": self.spec.to_dict(),
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps if ours else None,
            "hold_steps": self.hold_steps if ours else None,
            "decay": self.decay,
            "momentum": self.momentum,
            "seed": self.seed,
        }
        assigned = None if ours else list(self._pure.phases[1:])
        return config | {"momentum_phases": assigned} if assigned and any(assigned) else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> GraphOptimizer:
        """The optimizer that `get_config` describes.

        A schedule may stand beside a run that is not its own, though the class refuses that: schedules once counted
        batches, k for each update with ``gradient_accumulation_steps=k``, and the run of decays and momentum could be
        another. Models that were saved then go on so.
        """
        arguments = dict(config)
        rate, assigned = arguments.get("learning_rate"), arguments.pop("momentum_phases", None)
        if isinstance(rate, Mapping):
            rate = keras.saving.deserialize_keras_object(rate, custom_objects=custom_objects)
            arguments["learning_rate"] = rate
        given = dict(zip(RunPhases._fields[1:], assigned or (), strict=False))
        ours = isinstance(rate, WarmupHoldCosine)
        if callable(rate):
            names = RunPhases._fields if ours else RunPhases._fields[1:]
            given |= {name: arguments.pop(name) for name in names if arguments.get(name) is not None}
        optimizer = super().from_config(arguments, custom_objects)
        phases = optimizer._pure.phases._replace(**given)
        if phases != optimizer._pure.phases:
            optimizer._set_phases(phases.checked(), counts_batches=ours)
        return optimizer
