"""Opt1 to Opt10 and A1 to A5 as gradient transformations: `graph_optimizer` with the catalog's specs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeAlias

import optax

from paper_optimizers.catalog import describe
from paper_optimizers.docstrings import Manual, docstring
from paper_optimizers.optax.settings import OPTAX_DOOR
from paper_optimizers.optax.transformation import graph_optimizer

_Arguments = ParamSpec("_Arguments")
_Transformation: TypeAlias = "optax.GradientTransformationExtraArgs"

_MANUAL = Manual(
    rate="learning_rate",
    base=graph_optimizer,
    example=(
        ">>> import jax.numpy as jnp\n"
        ">>> from paper_optimizers.optax import {name}\n"
        ">>> transformation = {name}({rate}, total_steps=5_000, warmup_steps=500)\n"
        ">>> state = transformation.init({{'kernel': jnp.ones(3)}})"
    ),
    clipped=(
        ">>> import jax.numpy as jnp\n"
        ">>> import optax\n"
        ">>> from paper_optimizers.optax import {name}\n"
        ">>> transformation = optax.chain(\n"
        "...     optax.clip_by_global_norm(1.0), {name}({rate}, total_steps=5_000, warmup_steps=500)\n"
        "... )\n"
        ">>> state = transformation.init({{'kernel': jnp.ones(3)}})"
    ),
)


def _evolved(
    name: str, make: Callable[Concatenate[Any, _Arguments], _Transformation]
) -> Callable[_Arguments, _Transformation]:
    """``make`` with the spec of ``name``, and with the rest of its signature."""

    def made(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Transformation:
        fault = OPTAX_DOOR.unknown_argument(kwargs, known, name.lower())
        if fault:
            raise TypeError(fault)
        return make(name, *args, **kwargs)

    entry, signature = describe(name), inspect.signature(make)
    known = [each for each in signature.parameters if each != "spec"]
    made.__name__ = made.__qualname__ = name.lower()
    made.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    made.__doc__ = docstring(entry, _MANUAL, made.__name__)
    return made


opt1, opt2, opt3, opt4, opt5 = (_evolved(f"Opt{number}", graph_optimizer) for number in range(1, 6))
opt6, opt7, opt8, opt9, opt10 = (_evolved(f"Opt{number}", graph_optimizer) for number in range(6, 11))
a1, a2, a3, a4, a5 = (_evolved(f"A{number}", graph_optimizer) for number in range(1, 6))
