"""Normalisation and swish with the gradient written out: the numbers of the plain form, and what is kept for them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reproduce.population.networks.batch_innermost import EPSILON
from reproduce.population.networks.convolutions import patches
from reproduce.population.networks.normalisation import normalised_swish, swish_outside_training

SHAPE = (5, 6, 4, 3)


def plain(product, bias, gamma, beta):
    """As the library derives it."""
    moved = product if bias is None else product + bias
    mean, variance = moved.mean((0, 1, 2)), moved.var((0, 1, 2))
    return jax.nn.swish((moved - mean) * (gamma / jnp.sqrt(variance + EPSILON)) + beta), mean, variance


def arguments(with_bias, members=4):
    draw = np.random.default_rng(0).normal
    product, *others = (draw(size=(members, *shape)).astype(np.float32) for shape in (SHAPE, *3 * [SHAPE[-1:]]))
    bias, gamma, beta = others
    return 3 * product + 1, bias if with_bias else None, gamma, beta


@pytest.mark.parametrize("with_bias", [False, True])
def test_values_and_gradients_are_those_of_the_plain_form_for_members_side_by_side(with_bias):
    given = arguments(with_bias)
    change = np.random.default_rng(1).normal(size=given[0].shape).astype(np.float32)

    def loss(form):
        return lambda arguments, change: (form(*arguments)[0] * change).sum()

    found, wanted = (jax.jit(jax.vmap(form))(*given) for form in (normalised_swish, plain))
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5), found, wanted)
    found, wanted = (jax.jit(jax.vmap(jax.grad(loss(form))))(given, change) for form in (normalised_swish, plain))
    assert (found[1] is None) == (not with_bias)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-4), found, wanted)


@pytest.mark.parametrize("with_bias", [False, True])
def test_outside_training_running_statistics_take_the_place_of_the_batch(with_bias):
    product, bias, gamma, beta = (each if each is None else each[0] for each in arguments(with_bias))
    expected, *statistics = plain(product, bias, gamma, beta)
    found = swish_outside_training(product, bias, gamma, beta, statistics)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def kept(function, *arguments):
    """Shapes and types of what the gradient keeps of the size of the first argument or more."""
    _, pull = jax.vjp(function, *arguments)
    size = arguments[0].size
    return [(each.shape, str(each.dtype)) for each in jax.tree.leaves(pull) if each.size >= size]


def test_the_gradient_keeps_what_came_in_and_nothing_else_of_its_size():
    product, _, gamma, beta = (each if each is None else each[0] for each in arguments(False))
    low = jnp.asarray(product, jnp.bfloat16)
    assert kept(lambda x: normalised_swish(x, None, gamma, beta)[0], low) == [(SHAPE, "bfloat16")]
    assert len(kept(lambda x: plain(x, None, gamma, beta)[0], low)) > 1
    kernel = jnp.ones((3, 3, SHAPE[-1], 8), jnp.bfloat16)
    found = kept(lambda x, kernel: patches(x, kernel, 1), low, kernel)
    assert (SHAPE, "bfloat16") in found
    assert max(np.prod(shape) for shape, _ in found) == low.size
