"""Keras' base optimizer with its loose ends tied: batches that are accumulated, sparse gradients, what is saved."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
from keras import ops

from paper_optimizers.arguments import ATTRIBUTE_CHECKS, check_rate
from paper_optimizers.doors import Door
from paper_optimizers.keras.namespace import dense, is_traced, waiting_for
from paper_optimizers.keras.rows import is_sparse, with_rows
from paper_optimizers.keras.schedules import WarmupHoldCosine

KERAS_DOOR = Door(
    framework="Keras",
    rate="learning_rate",
    own_schedule="WarmupHoldCosine",
    scheduling="pass a schedule as learning_rate=",
    lowering="a schedule; a callback that lowers the rate serves as well",
    climbing="negate the loss",
    clipping="pass clipnorm=1",
)


#: What every Keras optimizer may be told by name.
_KERAS_ARGUMENTS = frozenset(
    name
    for cls in keras.optimizers.Optimizer.__mro__
    if "__init__" in vars(cls) and cls is not object
    for name, each in inspect.signature(cls.__init__).parameters.items()
    if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and name != "self"
)


class BaseOptimizer(keras.optimizers.Optimizer):
    """A Keras optimizer for which accumulating k batches is a run with batches k times as large.

    Between two updates nothing moves but the accumulated gradients, and our schedules count updates. Sparse gradients
    are made dense before Keras clips, scales or adds them, save where their rows can be moved alone. What is excluded
    from weight decay is saved.

    Args:
        learning_rate: A number of at least 0, a schedule, or a callable without arguments. It has no default.
        **keras_arguments: The arguments of every Keras optimizer.

    Raises:
        ValueError: For an argument that is missing or out of its range.
    """

    _learning_rate: Any

    def __init__(self, learning_rate: Any, **keras_arguments: Any) -> None:
        super().__init__(learning_rate=KERAS_DOOR.require_rate(learning_rate, type(self).__name__), **keras_arguments)
        self._undecayed_names: tuple[str, ...] = ()
        self._undecayed_indices: tuple[int, ...] = ()
        self._traced = False
        #: Whether a `WarmupHoldCosine` is called with the number of batches and not of updates; see `from_config`.
        self._counts_batches = False

    def __setattr__(self, name: str, value: Any) -> None:
        check = ATTRIBUTE_CHECKS.get(name)
        super().__setattr__(name, value if check is None else check(name, value))

    def _refuse_unknown(self, given: Mapping[str, Any], own: Iterable[str]) -> None:
        """Refuse an argument of ``given`` that is neither of Keras nor one of its ``own``."""
        fault = KERAS_DOOR.unknown_argument(given, {*_KERAS_ARGUMENTS, *own}, type(self).__name__)
        if fault:
            raise ValueError(fault)

    @property
    def learning_rate(self) -> Any:
        """The rate of the coming update, before the schedule factor of a spec that has one.

        Assign a number where a number was given, or a schedule. A `WarmupHoldCosine` brings its run with it: decays and
        momentum follow it too.
        """
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        value = check_rate(value)
        if not callable(value) and not isinstance(self._learning_rate, keras.Variable):
            raise TypeError(
                "this learning rate follows a schedule or a callable, so it is not settable: assign another schedule, "
                "or make the optimizer with a number as learning_rate="
            )
        if isinstance(value, WarmupHoldCosine):
            self._take_schedule(value)
        keras.optimizers.Optimizer.learning_rate.fset(self, value)

    def _take_schedule(self, schedule: WarmupHoldCosine) -> None:
        """Adopt the run that an assigned schedule brings with it; a subclass says how."""

    def _get_current_learning_rate(self) -> Any:
        if isinstance(self._learning_rate, WarmupHoldCosine) and not self._counts_batches:
            return self._learning_rate(self.iterations)
        return super()._get_current_learning_rate()

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Move the variables by one step, or add ``grads`` to those accumulated."""
        sparse = self._moves_rows_alone()
        kept = [grad if grad is None or (sparse and is_sparse(grad)) else dense(grad) for grad in grads]
        if trainable_variables is not None and len(kept) and not self.built:
            trainable_variables = list(trainable_variables)
            with keras.name_scope(self.name, caller=self):
                self.build(trainable_variables)  # What makes variables may wait for nothing.
        with waiting_for(kept):
            super().apply(kept, trainable_variables)

    def _moves_rows_alone(self) -> bool:
        """Whether what sparse gradients do not name stays as it is."""
        return False

    def assign(self, variable: Any, value: Any) -> None:
        """Assign a tensor, or the rows of a sparse one."""
        super().assign(variable, with_rows(variable, value))

    def _backend_apply_gradients(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
        self._traced = self._traced or is_traced(self._iterations)
        before = [(variable, ops.copy(variable), unless) for variable, unless in self._moved_between_updates()]
        with self._whole_step(trainable_variables):
            super()._backend_apply_gradients(grads, trainable_variables)
        for variable, value, unless in before:
            variable.assign(ops.where(unless, ops.convert_to_tensor(variable), value))

    def _whole_step(self, variables: Sequence[Any]) -> AbstractContextManager[None]:
        """The context of the update of all variables; here an empty one."""
        del variables
        return nullcontext()

    def _moved_between_updates(self) -> Iterator[tuple[Any, Any]]:
        """Variables that Keras moves with every batch, and when it may: averages, and weights set to them."""
        if self.gradient_accumulation_steps and self.use_ema:
            # Before the first update an average has no value of its own yet.
            may = ops.logical_or(self._is_update(), ops.equal(self.iterations, 0))
            weights = self._trainable_variables if self.ema_overwrite_frequency else []
            for variable in (*self._model_variables_moving_average, *weights):
                if variable is not None:
                    yield variable, may

    def _is_update(self) -> Any:
        """Whether the batch at hand completes an update."""
        return ops.equal((self._iterations + 1) % self.gradient_accumulation_steps, 0)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude variables from weight decay, before the first step; it is saved with the optimizer.

        Args:
            var_list: Variables to exclude. They are saved by their places among the trainable variables, so only once
                the optimizer is built.
            var_names: Regular expressions; a variable is excluded where one is found in its name.

        Raises:
            ValueError: If ``var_names`` is a string, or the optimizer is part of a compiled step already.
        """
        if isinstance(var_names, str):
            raise ValueError(f"var_names must be a list of names; received {var_names!r}: write [{var_names!r}]")
        self._refuse_if_traced("what is excluded from weight decay")
        super().exclude_from_weight_decay(var_list, var_names)
        self._undecayed_names = tuple(sorted(set(var_names or ())))
        self._undecayed_indices = ()

    def _refuse_if_traced(self, what: str) -> None:
        if self._traced:
            raise ValueError(
                f"{what} is part of the training step that was compiled, and cannot change any more. Save the model, "
                "load it, and change the loaded optimizer before it trains"
            )

    def build(self, variables: Sequence[Any]) -> None:
        """Create the optimizer variables of ``variables``, in one fixed order."""
        if self.built:
            return
        super().build(variables)
        if self._undecayed_indices:
            listed = [variables[index] for index in self._undecayed_indices]
            super().exclude_from_weight_decay(listed, self._undecayed_names)

    def _excluded_indices(self) -> list[int]:
        """Places of the variables that were excluded one by one."""
        keys: set[Any] = getattr(self, "_exclude_from_weight_decay", set())
        if not self.built:
            if keys:
                warnings.warn(
                    "var_list of exclude_from_weight_decay is not part of this optimizer's configuration: build the "
                    "optimizer first, or give var_names",
                    stacklevel=3,
                )
            return list(self._undecayed_indices)
        return sorted(index for key, index in self._trainable_variables_indices.items() if key in keys)

    def get_config(self) -> dict[str, Any]:
        """All arguments, and what is excluded from weight decay where anything is."""
        config = super().get_config()
        excluded = {"names": list(self._undecayed_names), "variables": self._excluded_indices()}
        return {**config, "excluded_from_weight_decay": excluded} if any(excluded.values()) else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> BaseOptimizer:
        """The optimizer that `get_config` describes."""
        arguments = dict(config)
        excluded = arguments.pop("excluded_from_weight_decay", None)
        optimizer = super().from_config(arguments, custom_objects)
        if excluded:
            optimizer.exclude_from_weight_decay(var_names=excluded["names"])
            optimizer._undecayed_indices = tuple(excluded["variables"])
        return optimizer
