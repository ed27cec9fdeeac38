"""The network with the batch innermost against the form with channels last: values, gradients, statistics, answers."""

from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reproduce.population.device import default_layout
from reproduce.population.networks.batch_innermost import features_in_training, patches, scattered
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.convolutions import convolution_of
from reproduce.population.problems import classification

#: Filters, (height, width), channels, images of a batch.
SIZES = {
    "even": (4, (8, 8), 3, 64),
    "odd": (5, (15, 15), 3, 12),
    "oblong, odd after the first stride": (3, (10, 7), 2, 9),
    "search": (12, (16, 16), 3, 64),
    "mid": (6, (32, 32), 3, 16),
    "MNIST": (4, (28, 28), 1, 20),
    "one pixel high": (2, (1, 2), 1, 5),
}
EACH = [pytest.param(size, marks=[pytest.mark.slow] if number > 2 else []) for number, size in enumerate(SIZES)]
FORMS = ("batch-innermost", "patches")
BIASES = (1, 5, 9)
KEY = jax.random.key(5)


def network(size: str, **settings: object) -> ConvNet:
    filters, _, channels, _ = SIZES[size]
    return replace(ConvNet(filters, channels, 10, scale=1.0), **settings)


def moved(net: ConvNet) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Parameters and statistics away from the zeros and ones they begin with; variances stay above zero."""
    random = np.random.default_rng(3)
    parameters, statistics = net.initial(random)
    parameters = tuple(array + np.float32(0.1) * random.normal(size=array.shape) for array in parameters)
    statistics = tuple(array + random.uniform(0, 0.5, array.shape) for array in statistics)
    return tuple(np.float32(array) for array in parameters), tuple(np.float32(array) for array in statistics)


def batch(size: str) -> tuple[np.ndarray, np.ndarray]:
    _, sides, channels, images = SIZES[size]
    random = np.random.default_rng(0)
    return random.random((images, *sides, channels), np.float32), random.integers(0, 10, images).astype(np.int32)


@cache
def trained(net: ConvNet, size: str):
    """Loss, statistics after a step, right answers and gradients."""
    problem = classification(net.initial, net.apply)
    parameters, statistics = moved(net)
    step = jax.jit(jax.value_and_grad(problem.train, has_aux=True))
    (loss, (after, correct)), gradients = step(parameters, statistics, batch(size), KEY)
    return float(loss), after, float(correct), gradients


def difference(one, other) -> float:
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


@pytest.mark.parametrize("size", EACH)
def test_a_step_is_that_of_the_form_with_channels_last(size):
    ours, theirs = (trained(network(size, convolution=form), size) for form in FORMS)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-6)
    assert ours[2] == theirs[2]
    for one, other in zip(ours[1], theirs[1], strict=True):
        assert difference(one, other) < 3e-7
    for number, (one, other) in enumerate(zip(ours[3], theirs[3], strict=True)):
        assert one.dtype == np.float32
        if number in BIASES:  # Zero but for rounding.
            assert np.abs(one).max() < 1e-6
            assert np.abs(other).max() < 1e-6
        else:
            assert difference(one, other) < 5e-6, number


def test_without_biases_a_step_is_the_same_but_for_their_gradients():
    plain = [trained(network("even", convolution=form, conv_bias=False), "even") for form in FORMS]
    for one, other in zip(plain[0][3], plain[1][3], strict=True):
        assert difference(one, other) < 5e-6
    problem = classification(*(getattr(network("even"), name) for name in ("initial", "apply")))
    parameters, statistics = moved(network("even", conv_bias=False))
    zeros = [np.zeros_like(parameters[3 * block + 1]) for block in range(3)]
    filled = [
        array
        for block in range(3)
        for array in (parameters[3 * block], zeros[block], *parameters[3 * block + 1 : 3 * block + 3])
    ]
    (loss, (after, _)), gradients = jax.jit(jax.value_and_grad(problem.train, has_aux=True))(
        (*filled, *parameters[-2:]), statistics, batch("even"), KEY
    )
    assert plain[0][0] == pytest.approx(float(loss), rel=1e-6)
    for one, other in zip(plain[0][1], after, strict=True):
        assert difference(one, other) < 3e-7
    kept = [array for number, array in enumerate(gradients) if number not in BIASES]
    for one, other in zip(plain[0][3], kept, strict=True):
        assert difference(one, other) < 5e-6


@pytest.mark.parametrize("size", EACH)
def test_outside_training_it_answers_as_the_form_with_channels_last(size):
    problems = [classification(net.initial, net.apply) for net in (network(size, convolution=form) for form in FORMS)]
    parameters, statistics = moved(network(size))
    ours, theirs = (np.asarray(jax.jit(each.evaluate)(parameters, statistics, batch(size)).loss) for each in problems)
    assert difference(ours, theirs) < 3e-7
    assert ours.mean(dtype=np.float64) == pytest.approx(theirs.mean(dtype=np.float64), rel=1e-7)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_running_statistics_keep_the_share_that_is_asked_for(momentum):
    ours, theirs = (
        trained(network("even", convolution=form, batch_norm_momentum=momentum, dropout=0.0), "even")[1]
        for form in FORMS
    )
    for one, other in zip(ours, theirs, strict=True):
        assert difference(one, other) < 3e-7


def test_in_half_precision_products_alone_are_rounded():
    """Of products with 8 bits: closer to float32 than the form whose values between are rounded too."""
    whole = trained(network("even", convolution="batch-innermost"), "even")
    ours, theirs = (trained(network("even", convolution=form, dtype="bfloat16"), "even") for form in FORMS)
    far = [[difference(*pair) for pair in zip(each[3], whole[3], strict=True)] for each in (ours, theirs)]
    for number, (mine, their) in enumerate(zip(*far, strict=True)):
        if number not in BIASES:
            assert 1e-5 < mine < 0.03
            assert mine < 2 * their
    assert all(array.dtype == np.float32 for array in (*ours[1], *ours[3]))


@pytest.mark.parametrize("sides", [(8, 6), (7, 8), (8, 5), (2, 2), (1, 1)])
@pytest.mark.parametrize("stride", [1, 2])
def test_scattering_is_the_transpose_of_patches(sides, stride):
    random = np.random.default_rng(1)
    x = jnp.asarray(random.normal(size=(3, *sides, 4)), jnp.float32)
    seen = jax.jit(patches, static_argnums=1)(x, stride)
    change = jnp.asarray(random.normal(size=seen.shape), jnp.float32)
    back = jax.jit(lambda each: scattered(each, x.shape, stride))(change)
    assert float(jnp.vdot(seen, change)) == pytest.approx(float(jnp.vdot(x, back)), rel=1e-4, abs=1e-4)
    (expected,) = jax.jit(jax.linear_transpose(lambda each: patches(each, stride), x))(change)
    np.testing.assert_allclose(back, expected, rtol=0, atol=1e-5)


def test_the_gradient_of_the_images_is_whole_too():
    """Along a direction it is the difference of values there, taken in float64."""
    parameters, _ = moved(network("even"))
    random = np.random.default_rng(2)
    with jax.enable_x64(True):
        images, direction = random.random((2, 3, 8, 8, 6))
        weights = jnp.asarray(random.normal(size=(16, 6)))

        def value(x):
            return (features_in_training(parameters[:-2], x, "float64")[0] * weights).sum()

        slope = float(jnp.vdot(jax.jit(jax.grad(value))(jnp.asarray(images)), direction))
        step, value = 1e-4, jax.jit(value)
        ends = [float(value(jnp.asarray(images + sign * step * direction))) for sign in (1, -1)]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-3)


def test_statistics_have_no_gradient():
    parameters, _ = moved(network("even"))
    images = jnp.asarray(batch("even")[0].transpose(3, 1, 2, 0))

    @jax.jit
    @jax.grad
    def slopes(each):
        return sum(array.sum() for array in features_in_training(each, images, "float32")[1])

    assert all(not np.any(array) for array in slopes(parameters[:-2]))


def test_members_side_by_side_have_the_gradients_that_they_have_alone():
    net = network("odd", convolution="batch-innermost")
    problem = classification(net.initial, net.apply)
    members = [net.initial(np.random.default_rng(seed)) for seed in range(3)]
    stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *members)

    def gradient(parameters, statistics):
        return jax.grad(problem.train, has_aux=True)(parameters, statistics, batch("odd"), KEY)[0]

    together = jax.jit(jax.vmap(gradient))(*stacked)
    for number, member in enumerate(members):
        for place, (one, other) in enumerate(zip(together, jax.jit(gradient)(*member), strict=True)):
            if place not in BIASES:
                assert difference(one[number], other) < 5e-6


def test_the_layout_of_the_device_chooses_the_form():
    assert [default_layout(each) for each in ("cpu", "gpu", "tpu")] == ["map", "vectorise", "vectorise"]
    assert [convolution_of(each) for each in ("map", "vectorise")] == list(FORMS)
    if default_layout() == "map":
        size = "even"
        chosen, named = (trained(network(size, convolution=form), size) for form in (None, "batch-innermost"))
        for one, other in zip(chosen[3], named[3], strict=True):
            np.testing.assert_array_equal(one, other)
