"""The door's transformations among Optax' own, Orbax and Flax, and over two devices."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optax", reason="Optax is not installed: pip install 'paper-optimizers[optax]'")
import jax
import jax.numpy as jnp
import optax

import paper_optimizers.optax as door
from paper_optimizers.optax import graph_optimizer
from tests.paper_optimizers.cases import EVOLVED
from tests.paper_optimizers.optax.cases import RUN, close, made, tree, walk

STATIC = ("total_steps", "warmup_steps", "hold_steps")
ROOT = Path(__file__).resolve().parents[3]


def test_chain_and_clipping() -> None:
    gradients = [jax.tree.map(lambda leaf: 30.0 * leaf, tree(step)) for step in range(3)]
    chained = optax.chain(optax.clip_by_global_norm(1.0), made("Opt4"))
    clip = optax.clip_by_global_norm(1.0)
    clipped = [clip.update(gradient, clip.init(tree()))[0] for gradient in gradients]
    close(walk(chained, tree(), gradients)[-1], walk(made("Opt4"), tree(), clipped)[-1])


def test_extra_arguments_pass() -> None:
    params = tree()
    chained = optax.chain(made("Opt1"), optax.scale(1.0))
    updates, _ = chained.update(tree(1), chained.init(params), params, value=3.0, more=None)
    assert jax.tree.structure(updates) == jax.tree.structure(params)


def test_injected_numbers_can_be_changed() -> None:
    transformation = optax.inject_hyperparams(door.opt9, static_args=STATIC)(0.1, momentum=0.5, weight_decay=0.1, **RUN)
    gradients = [tree(1), tree(2)]
    close(
        walk(transformation, tree(), gradients)[-1],
        walk(door.opt9(0.1, momentum=0.5, weight_decay=0.1, **RUN), tree(), gradients)[-1],
    )
    params = tree()
    state = transformation.init(params)
    update = jax.jit(transformation.update)
    _, state = update(tree(1), state, params)
    state.hyperparams["learning_rate"] = jnp.zeros_like(state.hyperparams["learning_rate"])
    state.hyperparams["momentum"] = jnp.zeros_like(state.hyperparams["momentum"])
    updates, state = update(tree(2), state, params)
    assert all(bool(jnp.all(leaf == 0)) for leaf in jax.tree.leaves(updates))
    assert update._cache_size() == 1


def test_groups_and_masks() -> None:
    params, gradients = {"a": jnp.ones(3), "b": jnp.full(2, 0.5)}, [{"a": jnp.ones(3), "b": jnp.ones(2)}] * 3
    groups = optax.multi_transform({"x": made("Opt9"), "y": made("A5")}, {"a": "x", "b": "y"})
    moved = walk(groups, params, gradients)[-1]
    for key, name in (("a", "Opt9"), ("b", "A5")):
        alone = walk(made(name), {key: params[key]}, [{key: each[key]} for each in gradients])
        close(moved[key], alone[-1][key])
    masked = walk(optax.masked(made("Opt9"), {"a": True, "b": False}), params, gradients)[-1]
    close(masked["a"], moved["a"])
    close(masked["b"], params["b"] + 3.0)


def test_weight_decay_by_mask() -> None:
    params, gradients = {"a": jnp.ones(3), "b": {"c": jnp.ones(2)}}, [{"a": jnp.ones(3), "b": {"c": jnp.ones(2)}}] * 3
    decayed, plain = (walk(made("Opt1", weight_decay=decay), params, gradients)[-1] for decay in (0.5, None))
    for mask in ({"a": True, "b": False}, lambda tree: {"a": True, "b": {"c": False}}):
        mixed = walk(made("Opt1", weight_decay=0.5, mask=mask), params, gradients)[-1]
        close(mixed, {"a": decayed["a"], "b": plain["b"]}, 0.0)
    assert not np.allclose(decayed["a"], plain["a"])


def test_accumulated_batches_are_averaged() -> None:
    gradients = [tree(step) for step in range(4)]
    means = [jax.tree.map(lambda a, b: (a + b) / 2, *gradients[index : index + 2]) for index in (0, 2)]
    close(walk(optax.MultiSteps(made("Opt9"), 2), tree(), gradients)[-1], walk(made("Opt9"), tree(), means)[-1])


@pytest.mark.parametrize("name", EVOLVED)
def test_a_run_goes_on_from_a_checkpoint(name: str, tmp_path: Path) -> None:
    orbax = pytest.importorskip("orbax.checkpoint", reason="Orbax is not installed")
    transformation, gradients = made(name), [tree(step) for step in range(6)]
    params = {"dense": {"kernel": jnp.ones((4, 3))}}
    gradients = [{"dense": {"kernel": each["dense"]["kernel"]}} for each in gradients]
    state = transformation.init(params)
    for gradient in gradients[:3]:
        updates, state = transformation.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
    with orbax.StandardCheckpointer() as keeper:
        keeper.save(tmp_path / "run", {"params": params, "state": state})
        keeper.wait_until_finished()
        restored = keeper.restore(tmp_path / "run", {"params": params, "state": state})
    assert type(restored["state"]) is type(state)

    def end(params: Any, state: Any) -> Any:
        for gradient in gradients[3:]:
            updates, state = transformation.update(gradient, state, params)
            params = optax.apply_updates(params, updates)
        return params

    close(end(params, state), end(**restored), 0.0)


def test_flax_trains_with_one() -> None:
    nnx = pytest.importorskip("flax.nnx", reason="Flax is not installed")
    model = nnx.Linear(3, 1, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, door.opt1(0.02, 100, warmup_steps=10), wrt=nnx.Param)
    inputs = jax.random.normal(jax.random.key(1), (32, 3))
    targets = inputs @ jnp.asarray([[1.0], [-2.0], [0.5]])

    def loss(model: Any) -> Any:
        return jnp.mean(jnp.square(model(inputs) - targets))

    @nnx.jit
    def step(model: Any, optimizer: Any) -> Any:
        value, gradients = nnx.value_and_grad(loss)(model)
        optimizer.update(model, gradients)
        return value

    losses = [float(step(model, optimizer)) for _ in range(100)]
    assert losses[-1] < 0.1 * losses[0]


SHARDED = """
import jax, jax.numpy as jnp, numpy as np, optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tests.paper_optimizers.cases import EVOLVED
from tests.paper_optimizers.optax.cases import made, walk
assert jax.device_count() == 2
rows = NamedSharding(Mesh(np.array(jax.devices()), ("rows",)), PartitionSpec("rows"))
values = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)
for name in EVOLVED:
    alone = walk(made(name), {"w": jnp.asarray(values[0])}, [{"w": jnp.asarray(each)} for each in values[1:]])
    start = {"w": jax.device_put(values[0], rows)}
    gradients = [{"w": jax.device_put(each, rows)} for each in values[1:]]
    state = made(name).init(start)
    kept = [leaf for leaf in jax.tree.leaves(state) if leaf.ndim]
    assert all(leaf.sharding.is_equivalent_to(rows, leaf.ndim) for leaf in kept), name
    both = walk(made(name), start, gradients)
    assert both[-1]["w"].sharding.is_equivalent_to(rows, 2), name
    np.testing.assert_allclose(both[-1]["w"], alone[-1]["w"], rtol=1e-6, atol=1e-6, err_msg=name)
print("equal")
"""


def test_two_devices_are_one() -> None:
    """In a process of its own: the number of devices is fixed when JAX is first used."""
    import os

    flags = "--xla_force_host_platform_device_count=2"
    result = subprocess.run(
        [sys.executable, "-c", SHARDED],
        cwd=ROOT, env={**os.environ, "XLA_FLAGS": flags}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stdout.strip() == "equal", result.stderr[-3000:]


def test_sixteen_bits_follow_float32() -> None:
    """Updates of 1e-3 that bfloat16 averages would lose are not lost in the state."""
    params, gradient = jnp.ones(4), jnp.full(4, 0.01)
    wide = graph_optimizer("Adam", 0.01)
    state = wide.init(params.astype(jnp.bfloat16))
    whole = wide.init(params)
    for _ in range(50):
        _, state = wide.update(gradient.astype(jnp.bfloat16), state, params.astype(jnp.bfloat16))
        _, whole = wide.update(gradient.astype(jnp.bfloat16).astype(jnp.float32), whole, params)
    close(state.moments, whole.moments)
