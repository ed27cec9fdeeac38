"""Opt1 to Opt10 and A1 to A5 as optimizers of PyTorch, and `create`, which makes any of the catalog by its name.

Each is `GraphOptimizer` with a spec of the catalog; `paper_optimizers.describe(name)` gives its equation.

Source: Morgan & Hougen, arXiv 2404.06679.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, ClassVar

from paper_optimizers.catalog import describe
from paper_optimizers.doors import facts_of
from paper_optimizers.torch.optimizer import GraphOptimizer


class CatalogOptimizer(GraphOptimizer):
    """A `GraphOptimizer` whose spec is the catalog's entry ``catalog_name``."""

    catalog_name: ClassVar[str]

    def __init__(self, params: Iterable[Any], lr: Any = None, **arguments: Any) -> None:
        """Arguments as for `GraphOptimizer`, without the spec."""
        super().__init__(params, self.catalog_name, lr, **arguments)


_USAGE = """u = {equation}.{facts}

Arguments are those of `GraphOptimizer` without the spec.

Examples:
    >>> import torch
    >>> from paper_optimizers.torch import {name}
    >>> model = torch.nn.Linear(3, 1)
    >>> optimizer = {name}(model.parameters(), lr=0.05, total_steps=5_000, warmup_steps=500)

References:
    Morgan & Hougen, arXiv 2404.06679.
"""


def _evolved(cls: type[CatalogOptimizer]) -> type[CatalogOptimizer]:
    """Bind a class to the catalog's entry of its name, and say what it computes and needs."""
    entry = describe(cls.__name__)
    cls.catalog_name = entry.name
    cls.__doc__ = inspect.cleandoc(_USAGE.format(name=entry.name, equation=entry.equation, facts=facts_of(entry)))
    return cls


@_evolved
class Opt1(CatalogOptimizer):
    """Opt1."""


@_evolved
class Opt2(CatalogOptimizer):
    """Opt2."""


@_evolved
class Opt3(CatalogOptimizer):
    """Opt3."""


@_evolved
class Opt4(CatalogOptimizer):
    """Opt4."""


@_evolved
class Opt5(CatalogOptimizer):
    """Opt5."""


@_evolved
class Opt6(CatalogOptimizer):
    """Opt6."""


@_evolved
class Opt7(CatalogOptimizer):
    """Opt7."""


@_evolved
class Opt8(CatalogOptimizer):
    """Opt8."""


@_evolved
class Opt9(CatalogOptimizer):
    """Opt9."""


@_evolved
class Opt10(CatalogOptimizer):
    """Opt10."""


@_evolved
class A1(CatalogOptimizer):
    """A1."""


@_evolved
class A2(CatalogOptimizer):
    """A2."""


@_evolved
class A3(CatalogOptimizer):
    """A3."""


@_evolved
class A4(CatalogOptimizer):
    """A4."""


@_evolved
class A5(CatalogOptimizer):
    """A5."""


_CLASSES = {cls.__name__: cls for cls in CatalogOptimizer.__subclasses__()}


def create(name: str, params: Iterable[Any], lr: Any = None, **arguments: Any) -> GraphOptimizer:
    """The catalog's optimizer called ``name``, of a class of its own where it has one.

    Args:
        name: Such as ``"Opt4"``, ``"A1"``, ``"Opt1-released"`` or ``"Lion"``.
        params: As for `GraphOptimizer`.
        lr: Likewise.
        **arguments: Likewise.

    Raises:
        KeyError: With the nearest name, if the catalog has none of this name.
        ValueError: As `GraphOptimizer`.

    Examples:
        >>> import torch
        >>> optimizer = create("Lion", [torch.nn.Parameter(torch.ones(2))], lr=0.01)
    """
    describe(name)
    cls = _CLASSES.get(name)
    return GraphOptimizer(params, name, lr, **arguments) if cls is None else cls(params, lr, **arguments)
