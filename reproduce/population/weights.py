"""The parameters of one network as one vector, and as the tensors that it is made of."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from reproduce.population.problems import Arrays, Problem


class FlatWeights:
    """How the P parameters of a problem's network lie in a vector, tensor after tensor.

    Attributes:
        shapes: Of the tensors, in the order of the vector.
        sizes: Their numbers of elements.
        is_embedding: Which of them are embeddings; see `Problem`.
    """

    def __init__(self, problem: Problem) -> None:
        parameters, _ = problem.initial(np.random.default_rng(0))
        self.shapes = tuple(np.shape(array) for array in parameters)
        self.sizes = tuple(int(np.prod(shape)) for shape in self.shapes)
        self.is_embedding = tuple(place in problem.embeddings for place in range(len(self.shapes)))

    @property
    def count(self) -> int:
        """Number P of weights."""
        return sum(self.sizes)

    def tensors(self, vector: Any) -> Arrays:
        """The tensors of ``vector`` [P]."""
        starts = np.cumsum((0, *self.sizes[:-1]))
        return tuple(
            lax.dynamic_slice_in_dim(vector, int(start), size).reshape(shape)
            for start, size, shape in zip(starts, self.sizes, self.shapes, strict=True)
        )

    def vector(self, tensors: Arrays) -> Any:
        """The vector [P] of ``tensors``."""
        return jnp.concatenate([array.reshape(-1) for array in tensors])


def first_weights(parameters: Arrays) -> NDArray[np.float32]:
    """The vector of NumPy arrays, in the type that weights are trained in."""
    return np.concatenate([np.ravel(array) for array in parameters]).astype(np.float32)
