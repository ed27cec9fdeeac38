"""Opt1 to Opt10 and A1 to A5 as optimizers of PyTorch, and `create`, which makes any of the catalog by its name.

Each is `GraphOptimizer` with a spec of the catalog; `paper_optimizers.describe(name)` gives its equation.

Source: Morgan & Hougen, arXiv 2404.06679.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from paper_optimizers.catalog import describe
from paper_optimizers.docstrings import Manual, docstring
from paper_optimizers.torch.optimizer import GraphOptimizer
from paper_optimizers.torch.settings import TORCH_DOOR


class CatalogOptimizer(GraphOptimizer):
    """A `GraphOptimizer` whose spec is the catalog's entry ``catalog_name``."""

    catalog_name: ClassVar[str]

    def __init__(self, params: Iterable[Any], lr: Any = None, **arguments: Any) -> None:
        _refuse_unknown(arguments, type(self).__name__)
        super().__init__(params, self.catalog_name, lr, **arguments)


_ARGUMENTS = frozenset(inspect.signature(GraphOptimizer).parameters) - {"params", "spec"}


def _refuse_unknown(arguments: Mapping[str, Any], title: str) -> None:
    fault = TORCH_DOOR.unknown_argument(arguments, _ARGUMENTS, title)
    if fault:
        raise TypeError(fault)


_MANUAL = Manual(
    rate="lr",
    base=GraphOptimizer,
    example=(
        ">>> import torch\n"
        ">>> from paper_optimizers.torch import {name}\n"
        ">>> model = torch.nn.Linear(3, 1)\n"
        ">>> optimizer = {name}(model.parameters(), lr={rate}, total_steps=5_000, warmup_steps=500)"
    ),
    clipped=(
        ">>> import torch\n"
        ">>> from paper_optimizers.torch import {name}\n"
        ">>> model = torch.nn.Linear(3, 1)\n"
        ">>> optimizer = {name}(model.parameters(), lr={rate}, total_steps=5_000, warmup_steps=500)\n"
        ">>> model(torch.ones(2, 3)).mean().backward()\n"
        ">>> norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
        ">>> optimizer.step()"
    ),
)


def _evolved(cls: type[CatalogOptimizer]) -> type[CatalogOptimizer]:
    """Bind a class to the catalog's entry of its name, and say what it does."""
    cls.catalog_name = cls.__name__
    cls.__doc__ = docstring(describe(cls.catalog_name), _MANUAL)
    return cls


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


_CLASSES = {cls.__name__: cls for cls in CatalogOptimizer.__subclasses__()}


def create(name: str, params: Iterable[Any], lr: Any = None, **arguments: Any) -> GraphOptimizer:
    """The catalog's optimizer called ``name``, of a class of its own where it has one.

    Args:
        name: A name of the catalog such as ``"Opt4"``, ``"A1"``, ``"Opt1-released"`` or ``"Lion"``.
        params: Parameters or groups, as `GraphOptimizer` takes them.
        lr: The learning rate, as there.
        **arguments: Its other arguments.

    Raises:
        KeyError: With the nearest name, if the catalog has none of this name.
        TypeError: For an argument that `GraphOptimizer` does not have, with the nearest that it has.
        ValueError: As `GraphOptimizer`.

    Examples:
        >>> import torch
        >>> optimizer = create("Lion", [torch.nn.Parameter(torch.ones(2))], lr=0.003)
    """
    describe(name)
    _refuse_unknown(arguments, name)
    cls = _CLASSES.get(name)
    return GraphOptimizer(params, name, lr, **arguments) if cls is None else cls(params, lr, **arguments)
