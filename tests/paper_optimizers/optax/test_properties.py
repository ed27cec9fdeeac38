"""One table: every evolved optimizer times the properties that Optax asks of its own."""

import dataclasses
import functools
import io
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optax", reason="Optax is not installed: pip install 'paper-optimizers[optax]'")
import jax
import jax.numpy as jnp
import optax

from paper_optimizers.optax import graph_optimizer
from tests.paper_optimizers import parabola
from tests.paper_optimizers.cases import EVOLVED
from tests.paper_optimizers.optax.cases import close, made, tree, walk


def converges(name: str) -> None:
    """On a parabola most of the loss goes."""
    transformation = graph_optimizer(name, parabola.rate(name), **parabola.RUN)
    params = jnp.zeros(3)

    def step(carry: Any, _: None) -> tuple[Any, None]:
        params, state = carry
        updates, state = transformation.update(2.0 * (params - parabola.TARGET), state, params)
        return (optax.apply_updates(params, updates), state), None

    (params, _), _ = jax.lax.scan(step, (params, transformation.init(params)), None, length=parabola.STEPS)
    assert parabola.is_descended(params)


def keeps_types(name: str) -> None:
    """Of weights in 16 bits too, whose state is float32."""
    for dtype in (jnp.bfloat16, jnp.float16, jnp.float32):
        params = tree(dtype=dtype)
        transformation = made(name)
        state = transformation.init(params)
        updates, after = transformation.update(tree(1, dtype), state, params)
        assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(dtype)}
        assert [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(after)] == [
            (leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state)
        ]
        assert {leaf.dtype for leaf in jax.tree.leaves(state)} <= {jnp.dtype("float32"), jnp.dtype("int32")}
        assert {leaf.dtype for leaf in jax.tree.leaves(optax.apply_updates(params, updates))} == {jnp.dtype(dtype)}


def traces_once(name: str) -> None:
    """From step to step nothing of what is traced changes."""
    transformation, params = made(name), tree()
    state = transformation.init(params)
    update = jax.jit(transformation.update)
    for step in range(4):
        updates, state = update(tree(step), state, params)
        params = optax.apply_updates(params, updates)
    assert update._cache_size() == 1


def keeps_structure(name: str) -> None:
    """None stays None, and state, updates and parameters have one structure."""
    transformation, params = made(name), tree()
    state = transformation.init(params)
    updates, state = transformation.update(tree(1), state, params)
    for part in (updates, *state.moments, *state.states, *([] if state.velocity is None else [state.velocity])):
        assert jax.tree.structure(part) == jax.tree.structure(params)


def scans(name: str) -> None:
    """A scan over gradients takes the steps of a loop."""
    transformation, params = made(name), tree()
    gradients = [tree(step) for step in range(5)]

    def step(carry: Any, gradient: Any) -> tuple[Any, None]:
        params, state = carry
        updates, state = transformation.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), None

    stacked = jax.tree.map(lambda *each: jnp.stack(each), *gradients)
    (scanned, state), _ = jax.lax.scan(step, (params, transformation.init(params)), stacked)
    close(scanned, walk(transformation, params, gradients)[-1])
    assert int(state.count) == 5


def maps(name: str) -> None:
    """Three runs at once are three runs."""
    transformation = made(name)
    starts, gradients = [tree(seed) for seed in range(3)], [tree(seed + 5) for seed in range(3)]
    params, gradient = (jax.tree.map(lambda *each: jnp.stack(each), *trees) for trees in (starts, gradients))
    state = jax.vmap(transformation.init)(params)
    for _ in range(2):
        updates, state = jax.vmap(transformation.update)(gradient, state, params)
        params = jax.vmap(optax.apply_updates)(params, updates)
    for index in range(3):
        alone = walk(transformation, starts[index], [gradients[index]] * 2)[-1]
        close(jax.tree.map(lambda leaf, index=index: leaf[index], params), alone)


def accumulates(name: str) -> None:
    """Two equal batches that are accumulated are one update."""
    gradients = [tree(step) for step in range(3)]
    several = walk(optax.MultiSteps(made(name), 2), tree(), [each for each in gradients for _ in range(2)])
    close(several[-1], walk(made(name), tree(), gradients)[-1])


def skips_what_is_not_finite(name: str) -> None:
    """With apply_if_finite a NaN moves nothing, and its step is not counted."""
    bad = jax.tree.map(lambda leaf: leaf * jnp.nan, tree())
    with_bad = walk(optax.apply_if_finite(made(name), 5), tree(), [tree(1), bad, tree(2)])
    close(with_bad[-1], walk(made(name), tree(), [tree(1), tree(2)])[-1])


def passes_nan_on(name: str) -> None:
    """Alone it hides none."""
    params = [jnp.ones(2)]
    transformation = made(name)
    state = transformation.init(params)
    for _ in range(2):
        updates, state = transformation.update([jnp.asarray([jnp.nan, 0.5])], state, params)
    assert bool(jnp.isnan(updates[0][0]))
    assert bool(jnp.isnan(updates[0][1])) == (name == "A5")  # its norm is that of the whole tensor


def takes_schedules(name: str) -> None:
    """A schedule of Optax and the same rates as arrays, injected, are one."""
    schedule = optax.cosine_decay_schedule(0.05, 8)
    plain = {"warmup_steps": None, "hold_steps": None}
    inner = optax.inject_hyperparams(graph_optimizer, static_args=("total_steps", "warmup_steps", "hold_steps"))
    injected = inner(name, schedule, total_steps=12)
    gradients = [tree(step) for step in range(4)]
    taken = walk(injected, tree(), gradients)
    close(taken[-1], walk(made(name, schedule, **plain), tree(), gradients)[-1])


def takes_dataclasses(name: str) -> None:
    """And empty trees."""

    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class Layer:
        kernel: Any
        bias: Any

    params = Layer(jnp.ones((2, 2)), None)
    moved = walk(made(name, warmup_steps=0), params, [params, params])[-1]
    assert isinstance(moved, Layer)
    assert moved.bias is None
    for empty in ({}, [], ()):
        assert walk(made(name), empty, [empty])[-1] == empty


def goes_on_from_a_file(name: str) -> None:
    """The state is plain arrays: NumPy's own file brings it back bit by bit, and the run goes on as it would have."""
    transformation, params, file = made(name), tree(), io.BytesIO()

    @jax.jit
    def step(run: Any, gradient: Any) -> Any:
        params, state = run
        updates, state = transformation.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    half = functools.reduce(step, [tree(number) for number in range(3)], (params, transformation.init(params)))
    leaves, structure = jax.tree.flatten(half)
    np.savez(file, *leaves)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        restored = jax.tree.unflatten(structure, list(map(jnp.asarray, arrays.values())))
    close(restored, half, 0.0)
    rest = [tree(number) for number in range(3, 6)]
    close(functools.reduce(step, rest, restored), functools.reduce(step, rest, half), 0.0)


def leaves_what_has_no_gradient(name: str) -> None:
    """None in the place of a gradient moves neither parameter nor state."""
    transformation, params = made(name), {"a": jnp.ones(2), "b": jnp.ones(3)}
    state = transformation.init(params)
    updates, after = transformation.update({"a": jnp.ones(2), "b": None}, state, params)
    assert updates["b"] is None
    for before, now in zip((*state.moments, *state.states), (*after.moments, *after.states), strict=True):
        np.testing.assert_array_equal(before["b"], now["b"])


PROPERTIES = (
    converges, keeps_types, traces_once, keeps_structure, scans, maps, accumulates, skips_what_is_not_finite,
    passes_nan_on, takes_schedules, takes_dataclasses, goes_on_from_a_file, leaves_what_has_no_gradient,
)  # fmt: skip


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", EVOLVED)
@pytest.mark.filterwarnings("ignore:.*received the constant rate")
def test_property(name: str, check: Any) -> None:
    check(name)
