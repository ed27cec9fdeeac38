"""Every form of the convolution against sums written out in float64: values, derivatives, members side by side."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.convolutions import CONVOLUTIONS

RANDOM = np.random.default_rng(0)
MEMBERS, KERNELS = 3, RANDOM.normal(size=(3, 3, 3, 4, 5))
#: Members' images by their height and width.
IMAGES = {(5, 6): RANDOM.normal(size=(3, 2, 5, 6, 4)), (6, 4): RANDOM.normal(size=(3, 2, 6, 4, 4))}


def written_out(images: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Zeros around the images as "same" puts them: a place that is over goes to the bottom and to the right."""
    sizes = images.shape[1:3]
    counts = [-(-size // stride) for size in sizes]
    missing = [max((count - 1) * stride + 3 - size, 0) for count, size in zip(counts, sizes, strict=True)]
    padded = np.pad(images, ((0, 0), *((few // 2, few - few // 2) for few in missing), (0, 0)))
    answer = np.zeros((len(images), *counts, kernel.shape[-1]))
    for row in range(counts[0]):
        for column in range(counts[1]):
            seen = padded[:, row * stride : row * stride + 3, column * stride : column * stride + 3]
            answer[:, row, column] = np.einsum("nijc,ijcf->nf", seen, kernel)
    return answer


@pytest.mark.parametrize("size", IMAGES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("form", CONVOLUTIONS)
def test_values_and_derivatives_are_the_sums(form, stride, size):
    """A convolution is linear in its images and in its kernel: a derivative along a direction is its value there."""

    def convolve(images, kernel):
        return CONVOLUTIONS[form](images, kernel, stride)

    own = IMAGES[size]
    images, kernels = jnp.float32(own), jnp.float32(KERNELS)
    expected = np.stack([written_out(*pair, stride) for pair in zip(own, KERNELS, strict=True)])
    np.testing.assert_allclose(convolve(images[0], kernels[0]), expected[0], rtol=0, atol=2e-5)
    together = jax.jit(jax.vmap(convolve))
    np.testing.assert_allclose(together(images, kernels), expected, rtol=0, atol=2e-5)
    shared = np.stack([written_out(own[0], kernel, stride) for kernel in KERNELS])
    np.testing.assert_allclose(jax.vmap(convolve, (None, 0))(images[0], kernels), shared, rtol=0, atol=2e-5)

    weights = RANDOM.normal(size=expected.shape)
    slopes = jax.jit(
        jax.vmap(jax.grad(lambda *pair: (convolve(*pair[:2]) * pair[2]).sum(), argnums=(0, 1)))
    )(images, kernels, jnp.float32(weights))  # fmt: skip
    directions = RANDOM.normal(size=own.shape), RANDOM.normal(size=KERNELS.shape)
    for member in range(MEMBERS):
        moved = (directions[0][member], KERNELS[member]), (own[member], directions[1][member])
        for slope, direction, pair in zip(slopes, directions, moved, strict=True):
            value = (weights[member] * written_out(*pair, stride)).sum()
            assert np.vdot(slope[member], direction[member]) == pytest.approx(value, abs=2e-3)


def test_the_surrogate_computes_in_the_form_it_is_given():
    images = RANDOM.integers(0, 256, (8, 8, 8, 3)).astype(np.uint8)
    networks = [ConvNet(2, 3, 10, convolution=form) for form in ("patches", "shifts")]
    parameters, statistics = networks[0].initial(np.random.default_rng(0))
    one, other = (np.asarray(jax.jit(each.apply)(parameters, statistics, images, None)[0]) for each in networks)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(one).max())
    assert not np.array_equal(one, other)
