"""The interpreter of Optax: any spec as a gradient transformation over any pytree."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from paper_optimizers.docstrings import with_mathematics
from paper_optimizers.optax.namespace import OPTAX
from paper_optimizers.optax.settings import Settings, checked_settings
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import Draw, TensorState

#: Counted updates stay here, so that one more is an int32 too. Every decay has long been at its last value.
_LAST_COUNT = 2**31 - 2


class GraphState(NamedTuple):
    """The state kept from update to update; all but ``count`` and ``key`` have the structure of the parameters.

    Attributes:
        count: Updates so far, an int32.
        moments: A tree of averages for each of the spec's moments.
        states: A tree for each of its stateful nodes.
        velocity: A tree, or None without momentum.
        key: Seeds the masks of a spec with dropout nodes; None for others.
    """

    count: jax.Array
    moments: tuple[Any, ...]
    states: tuple[Any, ...]
    velocity: Any
    key: jax.Array | None


@with_mathematics(rate="learning_rate", counted="updates")
def graph_optimizer(
    spec: OptimizerSpec | str | Mapping[str, Any],
    learning_rate: Any = None,
    total_steps: int | None = None,
    *,
    warmup_steps: int | None = None,
    hold_steps: int | None = None,
    decay: bool = True,
    momentum: float | None = None,
    seed: int | None = None,
    weight_decay: float | None = None,
    mask: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """Make a gradient transformation that runs any `OptimizerSpec`.

    Use it for an optimizer that is data: a spec of your own, one that a search found, or one of the catalog without a
    function of its own, such as ``"Lion"``. Functions `opt1` to `opt10` and `a1` to `a5` have these arguments but spec.

    The updates that it returns are to be added to the parameters (`optax.apply_updates`); learning rate, momentum and
    weight decay are in them. ``None`` in the place of a gradient leaves its parameter and state as they are.

    Args:
        spec (OptimizerSpec, str or Mapping): A spec, a name of the catalog such as ``"Opt4"``, or a spec's JSON form as
            plain data.
        learning_rate (float, array or schedule): A number or an array is constant; a number given with
            ``warmup_steps`` or ``hold_steps`` is the peak of a `warmup_hold_cosine`. There is no default.
        total_steps (int): T, the number of updates of the run. Needed by specs with decay functions, a schedule factor
            or one-cycle momentum; taken from a `warmup_hold_cosine` where not given. Past T every decay holds its last
            value.
        warmup_steps (int): Updates of the warm-up, for the rate and for one-cycle momentum.
        hold_steps (int): Updates at the peak after the warm-up.
        decay (bool): Whether edge decays and the schedule factor are applied.
        momentum (float): A constant momentum coefficient in [0, 1) instead of the spec's; only for specs with momentum.
        seed (int): Seed of the dropout masks of specs that have them; without one every transformation draws others.
        weight_decay (float): Decoupled: before each step it takes so much of the weight, times ``eta``.
        mask (tree or callable): Which parameters decay, as for `optax.adamw`.

    Raises:
        ValueError: If the learning rate is missing, the spec needs ``total_steps`` and none is known, an argument is
            out of its range, or two contradict each other.
        KeyError: For a name that is not in the catalog.

    Examples:
        >>> from paper_optimizers import from_text
        >>> from paper_optimizers.optax import graph_optimizer
        >>> spec = from_text("Nest ~ tanh([a1][arcsinh(g)])")
        >>> transformation = graph_optimizer(spec, 0.1, total_steps=5_000, warmup_steps=500)
    """
    given = {
        "total_steps": total_steps,
        "warmup_steps": warmup_steps,
        "hold_steps": hold_steps,
        "decay": decay,
        "momentum": momentum,
        "seed": seed,
        "weight_decay": weight_decay,
    }
    title = spec if isinstance(spec, str) else "graph_optimizer"
    return _transformation(title, checked_settings(title, spec, learning_rate, given, OPTAX), mask)


def _transformation(title: str, settings: Settings, mask: Any) -> optax.GradientTransformationExtraArgs:
    """Make the transformation of these settings; ``title`` is its name in messages."""
    if mask is not None and settings.weight_decay is None:
        raise ValueError("mask says which parameters decay: pass weight_decay= with it")
    key = _new_key(settings) if settings.pure.program.num_draws else None
    return optax.GradientTransformationExtraArgs(
        partial(_initial_state, settings, key), partial(_updated, title, settings, mask)
    )


def _initial_state(settings: Settings, key: jax.Array | None, params: optax.Params) -> GraphState:
    _check_types(params)
    program = settings.pure.program

    def zeros() -> Any:
        return jax.tree.map(lambda leaf: jnp.zeros_like(leaf, dtype=_dtype(leaf)), params)

    return GraphState(
        count=jnp.zeros([], jnp.int32),
        moments=tuple(zeros() for _ in program.moments),
        states=tuple(zeros() for _ in program.states),
        velocity=None if program.spec.momentum.type == "none" else zeros(),
        key=key,
    )


def _updated(
    title: str,
    settings: Settings,
    mask: Any,
    updates: optax.Updates,
    state: GraphState,
    params: optax.Params | None = None,
    **extra_args: Any,
) -> tuple[optax.Updates, GraphState]:
    del extra_args
    if params is None and settings.reads_weights:
        raise ValueError(f"{title} reads the parameters and received none: call update(gradients, state, params)")
    return _Update(settings, state, params, mask)(updates)


class _Update:
    """One update of all leaves: what the step alone decides is computed once."""

    def __init__(self, settings: Settings, state: GraphState, params: Any, mask: Any) -> None:
        self._settings, self._state, self._params = settings, state, params
        values = settings.pure.values(state.count)
        self._values = values if settings.momentum is None else values._replace(momentum=settings.momentum)
        self._rate = settings.rate_at(state.count)
        self._mask = mask(params) if callable(mask) else mask

    def __call__(self, gradients: Any) -> tuple[Any, GraphState]:
        """The changes to add to the parameters, and the state after them."""
        leaves, structure = jax.tree.flatten(gradients, is_leaf=_is_none)
        state = self._state
        trees = (*state.moments, *state.states, *(() if state.velocity is None else (state.velocity,)))
        kept = [structure.flatten_up_to(tree) for tree in trees]
        weights = leaves if self._params is None else structure.flatten_up_to(self._params)
        decayed = self._decayed(structure, gradients)
        changes, after = [], []
        for index, gradient in enumerate(leaves):
            arrays = [leaf[index] for leaf in kept]
            if gradient is not None:
                change, arrays = self._leaf(index, gradient, weights[index], arrays, decayed[index])
                gradient = change.astype(jnp.result_type(gradient))
            changes.append(gradient)
            after.append(arrays)
        moved = [structure.unflatten([arrays[number] for arrays in after]) for number in range(len(trees))]
        parts = self._tensor_state(moved)
        count = jnp.minimum(state.count, _LAST_COUNT - 1) + 1
        return structure.unflatten(changes), GraphState(count, *parts, state.key)

    def _leaf(self, index: int, gradient: Any, weight: Any, arrays: list[Any], decayed: bool) -> tuple[Any, list[Any]]:
        dtype = _dtype(weight)

        def cast(value: Any) -> Any:
            return value if value is None or isinstance(value, float) else jnp.asarray(value, dtype)

        change, state = self._settings.pure.change(
            self._values.map(cast),
            cast(self._rate),
            jnp.asarray(gradient, dtype),
            jnp.asarray(weight, dtype),
            self._tensor_state(arrays),
            weight_decay=cast(self._settings.weight_decay) if decayed else None,
            draw=self._draw(index),
        )
        return change, list(state.arrays())

    def _tensor_state(self, parts: list[Any]) -> TensorState:
        moments = len(self._settings.pure.program.moments)
        states = moments + len(self._settings.pure.program.states)
        return TensorState(tuple(parts[:moments]), tuple(parts[moments:states]), (*parts[states:], None)[0])

    def _decayed(self, structure: Any, gradients: Any) -> list[bool]:
        """Whether each leaf decays; one that the mask leaves out does not."""
        if self._settings.weight_decay is None or self._mask is None:
            return [self._settings.weight_decay is not None] * structure.num_leaves
        spread = jax.tree.map(
            lambda flag, part: jax.tree.map(lambda leaf: bool(flag), part, is_leaf=_is_none), self._mask, gradients
        )
        return list(structure.flatten_up_to(spread))

    def _draw(self, index: int) -> Draw | None:
        if self._state.key is None:
            return None
        key = jax.random.fold_in(jax.random.fold_in(self._state.key, self._state.count), index)
        return lambda number, tensor: jax.random.uniform(jax.random.fold_in(key, number), tensor.shape, tensor.dtype)


def _is_none(value: Any) -> bool:
    return value is None


def _dtype(leaf: Any) -> Any:
    """The type in which a leaf's step is computed and its state kept."""
    return jnp.float64 if jnp.result_type(leaf) == jnp.float64 else jnp.float32


def _check_types(params: Any) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            raise TypeError(
                f"parameters must be real floating-point arrays; received {jnp.result_type(leaf)} at "
                f"{jax.tree_util.keystr(path) or 'the root'}. Leave it out, with optax.masked for one"
            )


def _new_key(settings: Settings) -> jax.Array:
    return jax.random.PRNGKey(secrets.randbits(31) if settings.seed is None else settings.seed)
