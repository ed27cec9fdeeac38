"""Opt1 to Opt10 and A1 to A5 as Keras optimizers, registered under the package name ``paper_optimizers``.

Each is `GraphOptimizer` with a spec of the catalog. Symbols in the equations: ``g`` the gradient, ``w`` the weight,
``v^``, ``s^``, ``lam^`` the bias-corrected averages of g, g^2, g^3 (beta 0.9, 0.99, 0.999), ``q1 = 0.3 g + 0.7 v^``,
``q2 = 0.05 g^2 + 0.95 s^``, ``q3 = 0.01 g^3 + 0.99 lam^``, ``a1`` to ``a14`` the decay curves, and clip(a, b) a clip of
``a`` to [-|b|, |b|].

Source: Morgan & Hougen, arXiv 2404.06679.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras

from paper_optimizers.catalog import get
from paper_optimizers.keras.optimizer import GraphOptimizer


class CatalogOptimizer(GraphOptimizer):
    """A `GraphOptimizer` whose spec is the catalog's entry ``catalog_name``."""

    catalog_name: ClassVar[str]

    def __init__(
        self,
        learning_rate: Any = None,
        *,
        total_steps: int | None = None,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        **keras_arguments: Any,
    ) -> None:
        """Arguments as for `GraphOptimizer`, without the spec."""
        super().__init__(
            get(self.catalog_name),
            learning_rate,
            total_steps=total_steps,
            warmup_steps=warmup_steps,
            hold_steps=hold_steps,
            decay=decay,
            momentum=momentum,
            seed=seed,
            **keras_arguments,
        )

    def get_config(self) -> dict[str, Any]:
        """All arguments; the spec is the catalog's."""
        config = super().get_config()
        del config["spec"]
        return config


_USAGE = """

Arguments are those of `GraphOptimizer` without the spec.

Examples:
    >>> from paper_optimizers import {name}
    >>> optimizer = {name}(learning_rate=0.05, total_steps=5_000, warmup_steps=500)

References:
    Morgan & Hougen, arXiv 2404.06679.
"""


def _evolved(cls: type[CatalogOptimizer]) -> type[CatalogOptimizer]:
    """Bind a class to the catalog's entry of its name, say how it is used, and register it with Keras."""
    cls.catalog_name = cls.__name__
    cls.__doc__ = inspect.cleandoc(cls.__doc__ or "") + _USAGE.format(name=cls.__name__)
    return keras.saving.register_keras_serializable("paper_optimizers")(cls)


@_evolved
class Opt1(CatalogOptimizer):
    """u = q1 + softsign(clip(1e-5 w, 1e-5 w - q2))."""


@_evolved
class Opt2(CatalogOptimizer):
    """u = q1 + softsign(1e-5 w / sqrt(1 + (1e-5 w - q2)^2))."""


@_evolved
class Opt3(CatalogOptimizer):
    """u = q1 + softsign(1e-5 w / sqrt(1 + (1e-5 w - q3)^2))."""


@_evolved
class Opt4(CatalogOptimizer):
    """u = q1 / clip(2, arctan(held_a13) exp(v^)).

    held_a13 is a13 but in the last step, where it keeps its value of the step before. The rate is multiplied by LR1's
    factor. Needs ``total_steps``.

    The divisor ends near 0, so that the last updates are about ``total_steps / 10`` times the gradient. Pass a learning
    rate that falls to 0, such as `WarmupHoldCosine`. As for `Opt5`, clip gradients that can be large.
    """


@_evolved
class Opt5(CatalogOptimizer):
    """u = q1 / clip(2, exp(v^)). The rate is multiplied by LR1's factor. Needs ``total_steps``.

    The divisor has no epsilon, as published: a gradient of -50 moves a weight by 1e23 times the rate. Where gradients
    can be large, clip them (``clipnorm=1``). A loss that is NaN after the first step says that they were not.
    """


@_evolved
class Opt6(CatalogOptimizer):
    """u = q1 / abs(deriv_tanh(a4) exp(1e-4 w)). The rate is multiplied by LR1's factor. Needs ``total_steps``."""


@_evolved
class Opt7(CatalogOptimizer):
    """u = tanh(max(a6, a10) arcsinh(q1)). Needs ``total_steps``."""


@_evolved
class Opt8(CatalogOptimizer):
    """u = arcsinh(max(a6, a10) arcsinh(q1)). Needs ``total_steps``."""


@_evolved
class Opt9(CatalogOptimizer):
    """u = erfc(a11) g exp(arctan(q2)). Nesterov momentum. Needs ``total_steps``."""


@_evolved
class Opt10(CatalogOptimizer):
    """u = bessel_i1e(bessel_i1e(a13 a2 g)). Nesterov momentum. Needs ``total_steps``."""


@_evolved
class A1(CatalogOptimizer):
    """u = clip(v^, sqrt(s^) + eps)."""


@_evolved
class A2(CatalogOptimizer):
    """u = clip(v^, ln(s^ + eps))."""


@_evolved
class A3(CatalogOptimizer):
    """u = clip(v^, sqrt(abs(ln(s^ + eps))))."""


@_evolved
class A4(CatalogOptimizer):
    """u = clip(v^, sig(s^ + eps))."""


@_evolved
class A5(CatalogOptimizer):
    """u = norm(clip(v^, sqrt(s^) + eps))."""
