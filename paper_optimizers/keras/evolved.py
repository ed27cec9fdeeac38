"""Opt1 to Opt10 and A1 to A5 as Keras optimizers, registered under the package name ``paper_optimizers``.

Each is `GraphOptimizer` with a spec of the catalog, whose files its docstring is written from.

Source: Morgan & Hougen, arXiv 2404.06679.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from paper_optimizers.catalog import describe, get
from paper_optimizers.docstrings import Manual, docstring
from paper_optimizers.keras.optimizer import GraphOptimizer
from paper_optimizers.one_cycle import RunPhases


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
        self._refuse_unknown(keras_arguments, (*RunPhases._fields, "decay", "momentum", "seed"))
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


_MANUAL = Manual(
    rate="learning_rate",
    base=GraphOptimizer,
    example=(
        ">>> from paper_optimizers import {name}\n"
        ">>> optimizer = {name}(learning_rate={rate}, total_steps=5_000, warmup_steps=500)"
    ),
    clipped=(
        ">>> from paper_optimizers import {name}\n"
        ">>> optimizer = {name}(learning_rate={rate}, total_steps=5_000, warmup_steps=500, clipnorm=1)"
    ),
)


def _evolved(cls: type[CatalogOptimizer]) -> type[CatalogOptimizer]:
    """Bind a class to the catalog's entry of its name, say what it does, and register it with Keras."""
    cls.catalog_name = cls.__name__
    cls.__doc__ = docstring(describe(cls.catalog_name), _MANUAL)
    return keras.saving.register_keras_serializable("paper_optimizers")(cls)


@_evolved
class Opt1(CatalogOptimizer):
    """The catalog's Opt1."""


@_evolved
class Opt2(CatalogOptimizer):
    """The catalog's Opt2."""


@_evolved
class Opt3(CatalogOptimizer):
    """The catalog's Opt3."""


@_evolved
class Opt4(CatalogOptimizer):
    """The catalog's Opt4."""


@_evolved
class Opt5(CatalogOptimizer):
    """The catalog's Opt5."""


@_evolved
class Opt6(CatalogOptimizer):
    """The catalog's Opt6."""


@_evolved
class Opt7(CatalogOptimizer):
    """The catalog's Opt7."""


@_evolved
class Opt8(CatalogOptimizer):
    """The catalog's Opt8."""


@_evolved
class Opt9(CatalogOptimizer):
    """The catalog's Opt9."""


@_evolved
class Opt10(CatalogOptimizer):
    """The catalog's Opt10."""


@_evolved
class A1(CatalogOptimizer):
    """The catalog's A1."""


@_evolved
class A2(CatalogOptimizer):
    """The catalog's A2."""


@_evolved
class A3(CatalogOptimizer):
    """The catalog's A3."""


@_evolved
class A4(CatalogOptimizer):
    """The catalog's A4."""


@_evolved
class A5(CatalogOptimizer):
    """The catalog's A5."""
