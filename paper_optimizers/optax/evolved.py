"""Opt1 to Opt10 and A1 to A5 as gradient transformations: `graph_optimizer` with the catalog's specs."""

from __future__ import annotations

from typing import Any, Protocol

import optax

from paper_optimizers.catalog import describe
from paper_optimizers.optax.transformation import graph_optimizer


class Evolved(Protocol):
    """What makes a transformation of one spec; arguments are those of `graph_optimizer` without the spec."""

    def __call__(
        self,
        learning_rate: Any = None,
        total_steps: int | None = None,
        *,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        weight_decay: float | None = None,
        mask: Any = None,
    ) -> optax.GradientTransformationExtraArgs:
        """The transformation."""


def _evolved(name: str) -> Evolved:
    def make(
        learning_rate: Any = None,
        total_steps: int | None = None,
        *,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        weight_decay: float | None = None,
        mask: Any = None,
    ) -> optax.GradientTransformationExtraArgs:
        return graph_optimizer(
            name,
            learning_rate,
            total_steps=total_steps,
            warmup_steps=warmup_steps,
            hold_steps=hold_steps,
            decay=decay,
            momentum=momentum,
            seed=seed,
            weight_decay=weight_decay,
            mask=mask,
        )

    entry = describe(name)
    factor = "" if entry.spec.schedule is None else " The rate is multiplied by LR1's factor."
    momentum = "" if entry.spec.momentum.type == "none" else " Nesterov momentum."
    steps = " Needs ``total_steps``." if entry.spec.needs_total_steps else ""
    needs = "".join(f"\n\nNeeds {need.text}." for need in entry.needs)
    make.__name__ = make.__qualname__ = name.lower()
    make.__doc__ = (
        f"{name}: u = {entry.equation}.{factor}{momentum}{steps}{needs}\n\n"
        "Arguments are those of `graph_optimizer` without the spec.\n\n"
        "References:\n    Morgan & Hougen, arXiv 2404.06679."
    )
    return make


opt1, opt2, opt3, opt4, opt5 = (_evolved(f"Opt{number}") for number in range(1, 6))
opt6, opt7, opt8, opt9, opt10 = (_evolved(f"Opt{number}") for number in range(6, 11))
a1, a2, a3, a4, a5 = (_evolved(f"A{number}") for number in range(1, 6))
