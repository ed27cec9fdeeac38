"""Schedule-Free AdamW (Defazio et al. 2024, arXiv 2405.15682) as published, on every backend of Keras.

Three sequences: steps are taken on z, x is the mean of all z so far, and gradients are taken between the two, at
y = (1 - beta_1) z + beta_1 x. The model holds y while it is trained; x is what the method gives.

Keras 3.15 writes x in terms of y and the z before the step. On TensorFlow and PyTorch it reads z after the step, and y
is then x itself: gradients are taken at the mean. Here both are written in terms of the old z. When ``fit`` builds
Keras' class on TensorFlow, z starts at 0 and draws the weights there; here it starts at the weights, whoever builds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Keras' optimizer with its arguments and variables: `momentum` is z, the model's weights are y."""

    def build(self, variables: Sequence[Any]) -> None:
        """Make the variables; z starts at the weights that ``variables`` have now."""
        if self.built:
            return
        super(keras.optimizers.ScheduleFreeAdamW, self).build(variables)
        slots = [self._slots(weight) for weight in variables]
        self._momentums: list[Any] = [momentum for momentum, _ in slots]
        self._velocities: list[Any] = [velocity for _, velocity in slots]

    def _slots(self, weight: Any) -> tuple[Any, Any]:
        if self._overwrite_variable_with_gradient(weight):
            return None, None
        return (
            self.add_variable_from_reference(weight, "momentum", _copied(weight)),
            self.add_variable_from_reference(weight, "velocity", "zeros"),
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of z, and what it makes of y."""
        dtype = variable.dtype
        gradient, rate = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        step, beta_2 = ops.cast(self.iterations + 1, dtype), ops.cast(self.beta_2, dtype)
        if self.warmup_steps:
            rate = rate * ops.minimum(step / self.warmup_steps, 1)
        index = self._get_variable_index(variable)
        z, square = self._momentums[index], self._velocities[index]
        self.assign_add(square, (1 - beta_2) * (ops.square(gradient) - square))
        corrected = square / (1 - ops.power(beta_2, step))
        change = rate * gradient / (ops.sqrt(corrected) + self.epsilon)
        share = 1 / step
        # y before z: backends that assign in place would read the new z.
        own = 1 - self.beta_1 * (1 - share)
        self.assign(variable, (1 - share) * variable + share * z - own * change)
        self.assign_sub(z, change)

    def move_to_mean(self, weights: Sequence[Any]) -> None:
        """Give the model's ``weights``, those that the optimizer was built for, and z the value of x.

        There the method stays at a rate of 0: it is where it is to be measured, not where training goes on.
        """
        for weight in weights:
            z = self._momentums[self._get_variable_index(weight)]
            mean = (weight - (1 - self.beta_1) * z) / self.beta_1
            weight.assign(mean)
            z.assign(mean)


def _copied(weight: Any) -> Callable[..., Any]:
    """An initializer that gives a copy of the weight's value."""
    return lambda shape, dtype=None: ops.copy(weight.value)
