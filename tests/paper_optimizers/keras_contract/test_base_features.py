"""What every Keras optimizer does around its own step."""

import json
from typing import Any

import keras
import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.curves import numpy_progress
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import evaluate_graph
from tests.paper_optimizers.keras_contract.worlds import (
    BACKEND,
    OPTIMIZERS,
    TOTAL_STEPS,
    arrays,
    assert_equal,
    compiled,
    fit,
    gradient_arrays,
    gradients_of,
    make_model,
    make_variables,
    train,
)

RATE, DECAY = 0.05, 0.1


def tensors(values: list[np.ndarray]) -> list[Any]:
    return [keras.ops.convert_to_tensor(value.astype("float32")) for value in values]


def decay_shares(optimizer: keras.optimizers.Optimizer) -> list[float]:
    """By hand, the share of a weight that `DECAY` takes in each of the first steps: it follows the applied rate."""
    factor = optimizer.spec.schedule
    factors = [1.0] * 3 if factor is None else evaluate_graph(factor, NUMPY, numpy_progress(np.arange(3), TOTAL_STEPS))
    return [DECAY * RATE * float(factor) for factor in factors]


def test_weight_decay_comes_before_the_step_and_apart_from_it(make) -> None:
    decaying, plain = make(weight_decay=DECAY), make()
    ours, theirs = make_variables(), make_variables()
    for step, share in enumerate(decay_shares(plain)):
        for variable in theirs:
            variable.assign(variable * (1.0 - share))
        train(decaying, ours, [step])
        train(plain, theirs, [step])
        assert_equal(ours, theirs, 1e-6)


@pytest.mark.parametrize("name", ["Opt4", "Opt5", "Opt6"])
def test_weight_decay_follows_the_schedule_factor(name: str) -> None:
    """With no gradient only the decay moves: as of Keras' Adam at the rates of the same schedule."""
    for step, share in ((1, 0.157), (50, 0.498), (99, 1.96)):
        constant = getattr(po, name)(0.1, total_steps=100, weight_decay=0.1)
        cosine = getattr(po, name)(po.WarmupHoldCosine(0.1, 100), weight_decay=0.1)
        adam = keras.optimizers.Adam(po.EvolvedSchedule("LR1", 0.1, 100), weight_decay=0.1)
        lost, following, expected = (1.0 - weight_after(optimizer, step) for optimizer in (constant, cosine, adam))
        assert lost == pytest.approx(share * 0.1 * 0.1, rel=5e-3)
        assert following == pytest.approx(expected, abs=1e-6)


def weight_after(optimizer: keras.optimizers.Optimizer, step: int) -> float:
    """A weight of 1 after ``step``, without a gradient."""
    variable = keras.Variable(np.ones(2, "float32"))
    optimizer.build([variable])
    optimizer.iterations.assign(step)
    optimizer.apply([keras.ops.zeros(2)], [variable])
    return float(arrays([variable])[0][0])


def test_variables_can_be_excluded_from_weight_decay(make) -> None:
    plain, by_name, by_list = make(), make(weight_decay=DECAY), make(weight_decay=DECAY)
    kept, named, listed = make_variables(), make_variables(), make_variables()
    by_name.exclude_from_weight_decay(var_names=["weight_1"])
    by_list.exclude_from_weight_decay(var_list=[listed[1]])
    for optimizer, variables in ((plain, kept), (by_name, named), (by_list, listed)):
        train(optimizer, variables, range(2))
    assert_equal([named[1]], [kept[1]])
    assert_equal([listed[1]], [kept[1]])
    assert not np.allclose(arrays(named)[0], arrays(kept)[0])


def clipped(name: str, limit: float, gradients: list[np.ndarray]) -> list[np.ndarray]:
    """Clipping by hand."""
    if name == "clipvalue":
        return [np.clip(gradient, -limit, limit) for gradient in gradients]
    norms = [np.linalg.norm(gradient) for gradient in gradients]
    if name == "global_clipnorm":
        norms = [np.linalg.norm(norms)] * len(gradients)
    return [gradient * min(1.0, limit / norm) for gradient, norm in zip(gradients, norms, strict=True)]


@pytest.mark.parametrize("name", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_gradients_are_clipped_before_the_spec_sees_them(make, name: str) -> None:
    clipping, plain = make(**{name: 0.5}), make()
    ours, theirs = make_variables(), make_variables()
    for step in range(3):
        clipping.apply(gradients_of(step), ours)
        plain.apply(tensors(clipped(name, 0.5, gradient_arrays(step))), theirs)
        assert_equal(ours, theirs, 2e-6)


def test_the_norm_node_is_another_thing() -> None:
    """A node clips what it is given: here twice the gradient, to norm 1; `clipnorm` the gradient, to norm 0.1."""
    spec = po.from_text("None ~ norm((g)+(g))")
    gradient = np.array([3.0, 4.0], "float32")
    moves = []
    for arguments in ({}, {"clipnorm": 0.1}):
        variable = keras.Variable(np.zeros(2, "float32"))
        po.GraphOptimizer(spec, 1.0, **arguments).apply([keras.ops.convert_to_tensor(gradient)], [variable])
        moves.append(arrays([variable])[0])
    np.testing.assert_allclose(moves, [-gradient / 5, -0.2 * gradient / 5], rtol=1e-6)


def test_one_kind_of_clipping_excludes_the_others(make) -> None:
    with pytest.raises(ValueError, match="Only one of `clipnorm`, `clipvalue` and `global_clipnorm`"):
        make(clipnorm=1.0, clipvalue=1.0)


def test_the_moving_average_of_the_weights_is_kept(make) -> None:
    averaging, plain = make(use_ema=True, ema_momentum=0.9), make()
    ours, theirs = make_variables(), make_variables()
    expected: list[np.ndarray] = []
    for step in range(4):
        train(averaging, ours, [step])
        train(plain, theirs, [step])
        weights = arrays(theirs)
        expected = [0.9 * a + 0.1 * w for a, w in zip(expected, weights, strict=True)] if expected else weights
        assert_equal(ours, weights)
        assert_equal(averaging._model_variables_moving_average, expected, 1e-6)
    averaging.finalize_variable_values(ours)
    assert_equal(ours, expected, 1e-6)


def test_the_average_overwrites_the_weights(make) -> None:
    optimizer = make(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    variables = make_variables()
    train(optimizer, variables, range(1))
    first = arrays(variables)
    plain, free = make(), make_variables()
    train(plain, free, range(2))
    train(optimizer, variables, [1])
    assert_equal(variables, [0.5 * a + 0.5 * b for a, b in zip(first, arrays(free), strict=True)], 1e-6)


def test_static_loss_scale(make) -> None:
    scaled, plain = make(loss_scale_factor=256.0), make()
    ours, theirs = make_variables(), make_variables()
    assert scaled.scale_loss(1.0) == 256.0
    scaled.apply(tensors([256.0 * gradient for gradient in gradient_arrays(0)]), ours)
    train(plain, theirs, [0])
    assert_equal(ours, theirs)


@pytest.mark.parametrize("name", ["Opt4", "everything"])
def test_a_multi_optimizer_can_hold_it(name: str) -> None:
    variables, alone, others = make_variables(), make_variables(), make_variables()
    inner, twin = OPTIMIZERS[name](), OPTIMIZERS[name]()
    choice = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), {variables[1].path: inner})
    optimizer = keras.optimizers.MultiOptimizer(choice)
    sgd = keras.optimizers.SGD(0.1)
    for step in range(3):
        optimizer.apply(gradients_of(step), variables)
        sgd.apply(gradients_of(step)[:1], others[:1])
        twin.apply(gradients_of(step)[1:], alone[1:])
    assert_equal(variables, [others[0], alone[1]], 1e-6)
    document = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    revived = keras.saving.deserialize_keras_object(document)
    assert keras.saving.serialize_keras_object(revived) == document


def test_a_multi_optimizer_trains_in_fit() -> None:
    choice = keras.optimizers.OptimizerMap(
        po.Opt1(0.05), {".*hidden/.*": OPTIMIZERS["everything"](), ".*output/bias": keras.optimizers.Adam()}
    )
    model = make_model()
    model.compile(keras.optimizers.MultiOptimizer(choice), "mse")
    assert np.isfinite(fit(model).history["loss"]).all()
    assert [int(inner.iterations) for inner in model.optimizer.optimizers] == [6, 6, 6]


def test_an_empty_list_is_skipped_and_missing_gradients_are_refused(make) -> None:
    optimizer = make()
    variables = make_variables()
    optimizer.apply([])
    with pytest.raises(ValueError, match="must already be built"):
        optimizer.apply(gradients_of(0))
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply([None, None], variables)
    assert int(optimizer.iterations) == 0
    with pytest.raises(ValueError, match="list of 1 gradients"):
        optimizer.apply(gradients_of(0)[:1])


def test_a_missing_gradient_leaves_its_variable_alone(make) -> None:
    optimizer = make()
    variables = make_variables(shapes=((3, 2), (20,)))
    optimizer.build(variables)
    weights = arrays(variables)
    untouched = [v for v in optimizer.variables if "weight_0" in v.path]
    for step in range(2):
        gradient = keras.ops.convert_to_tensor(gradient_arrays(step, ((20,),))[0])
        with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
            optimizer.apply([None, gradient], variables)
    assert_equal(variables[:1], weights[:1])
    assert not any(array.any() for array in arrays(untouched))
    assert not np.array_equal(arrays(variables)[1], weights[1])
    assert int(optimizer.iterations) == 2


def test_an_unknown_variable_is_refused(make) -> None:
    optimizer = make()
    train(optimizer, make_variables(), range(1))
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply(gradients_of(0), make_variables())


def test_apply_gradients_takes_pairs(make) -> None:
    optimizer, twin = make(), make()
    ours, theirs = make_variables(), make_variables()
    assert int(optimizer.apply_gradients(zip(gradients_of(0), ours, strict=True))) == 1
    train(twin, theirs, [0])
    assert_equal(ours, theirs)


def test_variables_overwritten_by_their_gradients_have_no_slots(make) -> None:
    optimizer = make()
    variables = make_variables()
    variables[0].overwrite_with_gradient = True
    train(optimizer, variables, range(2))
    assert_equal(variables[:1], gradients_of(1)[:1])
    assert not any("weight_0" in v.path for v in optimizer.variables)


def test_constraints_are_applied_after_the_step(make) -> None:
    optimizer, free = make(), make()
    variables, theirs = make_variables(), make_variables()
    variables[0].constraint = keras.constraints.NonNeg()
    train(optimizer, variables, range(1))
    train(free, theirs, range(1))
    assert arrays(theirs)[0].min() < 0.0
    assert_equal(variables, [np.maximum(arrays(theirs)[0], 0.0), theirs[1]])


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.Variable is TensorFlow's")
def test_plain_tensorflow_variables(make) -> None:
    import tensorflow as tf

    plain = [tf.Variable(value, name=f"plain_{i}") for i, value in enumerate(arrays(make_variables()))]
    variables = make_variables()
    optimizer, twin = make(), make()
    for step in range(3):
        optimizer.apply_gradients(zip(gradients_of(step), plain, strict=True))
        train(twin, variables, [step])
    assert_equal(plain, variables)
    half = tf.Variable(tf.ones((3,), tf.bfloat16), name="half")
    make().apply_gradients([(tf.zeros((3,), tf.bfloat16), half)])
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply_gradients([(None, plain[0]), (gradients_of(0)[1], plain[1])])


@pytest.mark.skipif(BACKEND == "torch", reason="Keras compiles nothing there")
@pytest.mark.parametrize("length_is_known", [True, False])
def test_fit_may_compile_a_step_that_makes_the_variables(length_is_known: bool) -> None:
    model = compiled(OPTIMIZERS["everything"](), jit_compile=True)
    x, y = np.ones((24, 3), "float32"), np.ones((24, 2), "float32")
    data = (x, y) if length_is_known else (((x[at : at + 8], y[at : at + 8]) for at in (0, 8, 16)),)
    model.fit(*data, batch_size=8 if length_is_known else None, verbose=0)
    assert int(model.optimizer.iterations) == 3


@pytest.mark.parametrize(
    "arguments", [{}, {"weight_decay": 0.1}, {"gradient_accumulation_steps": 2}, {"use_ema": True, "ema_momentum": 0.5}]
)
def test_batches_that_never_came_are_no_steps(arguments: dict[str, Any]) -> None:
    """Where `fit` does not know how many batches there are, on TensorFlow it asks for one too many in each epoch."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(24, 3)).astype("float32"), random.normal(size=(24, 2)).astype("float32")
    known, unknown = (compiled(OPTIMIZERS["everything"](**arguments)) for _ in range(2))
    fits = 1 if "use_ema" in arguments else 2  # On JAX, Keras cannot fit twice with averages.
    for _ in range(fits):
        known.fit(x, y, batch_size=8, shuffle=False, verbose=0)
        unknown.fit(((x[at : at + 8], y[at : at + 8]) for at in (0, 8, 16)), verbose=0)
    assert int(unknown.optimizer.iterations) == 3 * fits // arguments.get("gradient_accumulation_steps", 1)
    assert_equal(unknown.trainable_variables, known.trainable_variables, 1e-6)
    assert_equal(unknown.optimizer.variables, known.optimizer.variables, 1e-6)
