"""Loss scaling, low precision and dtypes."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

import paper_optimizers as po
from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    OPTIMIZERS,
    arrays,
    assert_equal,
    compiled,
    fit,
    gradient_arrays,
    gradients_of,
    make_variables,
    train,
)


@pytest.fixture(autouse=True)
def _restored_defaults() -> Iterator[None]:
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def scaled_step(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable], factor: float) -> None:
    """One step of a LossScaleOptimizer, stateless on JAX, where Keras asks for it."""
    with np.errstate(over="ignore"):
        scaled = [(factor * gradient.astype("float64")).astype("float32") for gradient in gradient_arrays(0)]
    gradients = [keras.ops.convert_to_tensor(gradient) for gradient in scaled]
    if BACKEND != "jax":
        optimizer.apply(gradients, variables)
        return
    weights, state = optimizer.stateless_apply(
        [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
    )
    for variable, value in zip([*variables, *optimizer.variables], [*weights, *state], strict=True):
        variable.assign(value)


def test_a_skipped_step_moves_nothing(make) -> None:
    inner, twin = make(), make()
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0)
    variables, theirs = make_variables(), make_variables()
    optimizer.build(variables)
    scaled_step(optimizer, variables, 8.0)
    before = arrays([*variables, *inner.variables])
    for factor in (1e39, np.nan):  # the first overflows float32
        scaled_step(optimizer, variables, factor)
        assert_equal([*variables, *inner.variables], before)
    assert float(keras.ops.convert_to_numpy(optimizer.dynamic_scale.value)) == 2.0
    scaled_step(optimizer, variables, 2.0)
    for _ in range(2):
        twin.apply(gradients_of(0), theirs)
    assert_equal([*variables, *inner.variables], [*theirs, *twin.variables], 1e-6)
    assert int(optimizer.iterations) == 2


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_gradients_of_zero_in_low_precision_keep_everything_finite(make, dtype: str) -> None:
    optimizer = make()
    variables = make_variables(dtype)
    for _ in range(3):
        optimizer.apply([keras.ops.zeros(v.shape, dtype) for v in variables], variables)
    everything = [*variables, *optimizer.variables]
    assert all(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(v, "float32"))).all() for v in everything)
    assert {v.dtype for v in variables} == {dtype}
    slots = [v for v in optimizer.variables if "weight_" in v.path]
    assert {v.dtype for v in slots} <= {"float32"}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_follows_float32(make, dtype: str) -> None:
    half, full = make(), make()
    variables, theirs = make_variables(dtype), make_variables()
    for a, b in zip(theirs, variables, strict=True):
        a.assign(keras.ops.cast(b, "float32"))
    for step in range(3):
        gradients = gradients_of(step, dtype)
        half.apply(gradients, variables)
        full.apply([keras.ops.cast(gradient, "float32") for gradient in gradients], theirs)
    assert_equal([keras.ops.cast(v, "float32") for v in variables], theirs, 0.05)


def test_averages_move_where_the_dtype_would_round_beta_to_one() -> None:
    optimizer = po.GraphOptimizer(po.from_text("None ~ id(lam hat)"), learning_rate=0.001)
    variable = keras.Variable(np.ones(3), dtype="bfloat16")
    optimizer.apply([keras.ops.ones((3,), "bfloat16")], [variable])
    (average,) = arrays(v for v in optimizer.variables if v.path.endswith("moment_3_0.999"))
    np.testing.assert_allclose(average, 0.001, rtol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_rows_19_and_20_policies_in_fit(name: str, policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    model = compiled(OPTIMIZERS[name]())
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    assert np.isfinite(fit(model).history["loss"]).all()
    assert {v.dtype for v in model.trainable_variables} == {"bfloat16" if policy == "bfloat16" else "float32"}
    slots = [v for v in model.optimizer.variables if "kernel" in v.path]
    assert slots
    assert {v.dtype for v in slots} == {"float32"}


@pytest.mark.skipif(BACKEND == "jax", reason="JAX has no float64 unless it is switched on at its start")
def test_float64_is_float64_throughout(make) -> None:
    """Save that Keras' own maximum and minimum give float32 on PyTorch, whatever they are given."""
    keras.config.set_floatx("float64")
    optimizer = make(seed=7)
    if optimizer.spec.is_random:
        pytest.skip("the oracle would draw other masks")
    variables = make_variables("float64")
    oracle = po.NumpyOptimizer(optimizer.spec, total_steps=optimizer.total_steps)
    weights = arrays(variables)
    for step in range(5):
        weights = oracle.step(weights, gradient_arrays(step), 0.05)
        train(optimizer, variables, [step])
        assert_equal(variables, weights, 1e-12 if BACKEND == "tensorflow" else 1e-7)
    slots = [v for v in optimizer.variables if "weight_" in v.path]
    assert {v.dtype for v in [*variables, *slots]} == {"float64"}


@pytest.mark.skipif(BACKEND == "jax", reason="JAX has no float64 unless it is switched on at its start")
def test_float64_weights_in_a_float32_session(make) -> None:
    double, single = make(), make()
    variables, theirs = make_variables("float64"), make_variables()
    train(double, variables, range(3))
    train(single, theirs, range(3))
    assert {v.dtype for v in variables} == {"float64"}
    assert_equal(variables, theirs, 1e-5)


@pytest.mark.parametrize("floatx", ["float16", "bfloat16"])
def test_low_precision_can_be_the_default_type(floatx: str) -> None:
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(floatx)
    for name in ("Opt4", "everything"):
        optimizer = OPTIMIZERS[name]()
        variables = make_variables(floatx)
        train(optimizer, variables, range(3))
        assert {v.dtype for v in variables} == {floatx}
        assert all(np.isfinite(np.asarray(a, "float32")).all() for a in arrays(variables))


@pytest.mark.parametrize("floatx", ["float16", "bfloat16"])
def test_a_long_schedule_counts_right_in_low_precision(floatx: str) -> None:
    """Step 100,000 is infinite in float16, and one with its neighbours in bfloat16: only the rate may be rounded."""
    schedule = po.EvolvedSchedule("LR1", 0.1, 200_000, 20_000)
    steps = [100, 19_999, 66_000, 100_000, 199_000]
    keras.config.set_floatx(floatx)
    called = [schedule(step) for step in steps]
    assert {keras.backend.standardize_dtype(rate.dtype) for rate in called} == {floatx}
    found = [float(keras.ops.convert_to_numpy(keras.ops.cast(rate, "float32"))) for rate in called]
    np.testing.assert_allclose(found, schedule.values(steps), rtol=2**-8)


def test_a_gradient_of_another_dtype_is_cast(make) -> None:
    optimizer, twin = make(), make()
    variables, theirs = make_variables(), make_variables()
    rounded = gradients_of(0, "bfloat16")
    optimizer.apply(rounded, variables)
    twin.apply([keras.ops.cast(gradient, "float32") for gradient in rounded], theirs)
    assert_equal(variables, theirs)


def test_layers_of_two_dtypes_train_together() -> None:
    half = keras.layers.Dense(4, dtype="bfloat16")
    model = keras.Sequential([keras.Input((3,)), half, keras.layers.Dense(2)])
    model.compile(OPTIMIZERS["everything"](learning_rate=1e-4), "mse")
    assert np.isfinite(fit(model).history["loss"]).all()
    assert [v.dtype for v in model.trainable_variables] == ["bfloat16", "bfloat16", "float32", "float32"]
