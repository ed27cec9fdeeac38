"""The door to JAX: the optimizers as gradient transformations of Optax, and the schedules as its schedules.

>>> import jax.numpy as jnp
>>> from paper_optimizers.optax import opt7
>>> transformation = opt7(6, total_steps=1000, warmup_steps=100)
>>> state = transformation.init({"kernel": jnp.ones(3)})

It needs JAX, Optax and NumPy, and imports neither Keras nor another framework.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

try:
    import optax as _optax
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in ("optax", "jax", "jaxlib"):
        raise
    raise ModuleNotFoundError(
        f"paper_optimizers.optax needs JAX and Optax, and {error.name} is not installed: "
        "pip install 'paper-optimizers[optax]'",
        name=error.name,
    ) from None

from paper_optimizers.catalog import made_by_name as _made_by_name
from paper_optimizers.optax.evolved import (
    a1,
    a2,
    a3,
    a4,
    a5,
    opt1,
    opt2,
    opt3,
    opt4,
    opt5,
    opt6,
    opt7,
    opt8,
    opt9,
    opt10,
)
from paper_optimizers.optax.schedules import evolved_schedule, warmup_hold_cosine
from paper_optimizers.optax.transformation import GraphState, graph_optimizer
from paper_optimizers.suggestions import missing_attribute as _missing_attribute

del _optax

__all__ = [
    "GraphState",
    "a1",
    "a2",
    "a3",
    "a4",
    "a5",
    "evolved_schedule",
    "graph_optimizer",
    "opt1",
    "opt2",
    "opt3",
    "opt4",
    "opt5",
    "opt6",
    "opt7",
    "opt8",
    "opt9",
    "opt10",
    "warmup_hold_cosine",
]


if not _TYPE_CHECKING:  # A checker of types finds what is missing by itself.

    def __getattr__(name: str) -> None:
        raise _missing_attribute(__name__, name, __all__, _made_by_name(name, "graph_optimizer({}, ...)"))
