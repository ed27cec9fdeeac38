"""Cards of the catalog's optimizers, and what they share with those of other specs."""

from __future__ import annotations

from collections.abc import Sequence

import paper_optimizers
from paper_optimizers.catalog import CatalogEntry, Invariances
from paper_optimizers.latex import graph_to_latex
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.card import Card, Comparison, Rates, state_of, usage_of
from reproduce.report.card_runs import middle_rate
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.inputs import StepCost
from reproduce.report.words import WORDS

_FAMILIES = {
    "evolved": "Evolved optimizer",
    "adam-variant": "Evolved variant of Adam",
    "released": "As in the published code",
    "baseline": "Baseline",
}
_MOMENTUM = {"none": "", "classical": "momentum", "nesterov": "Nesterov momentum"}


def catalog_card(
    entry: CatalogEntry, rates: Sequence[Rates], results: Sequence[Comparison], cost: StepCost | None, reference: str
) -> Card:
    """The card of an optimizer of the catalog, from its entry and its runs."""
    spec = entry.spec
    return Card(
        name=entry.name,
        family=_FAMILIES[entry.family],
        origin=entry.origin,
        deviations=entry.deviations,
        update=entry.equation,
        latex=spec.to_latex(),
        factor=None if spec.schedule is None else graph_to_latex(spec.schedule),
        momentum=momentum_words(spec),
        words=WORDS.get(entry.name, ""),
        invariances=invariance_lines(entry.invariances),
        graph=optimizer_graph(entry.name, spec),
        rates=tuple(rates),
        comparisons=tuple(results),
        state=state_of(states(spec)),
        cost=cost,
        reference=reference,
        usage=_usage(entry, middle_rate(rates)),
    )


def momentum_words(spec: OptimizerSpec) -> str:
    """What the update passes through; empty for nothing."""
    return _MOMENTUM[spec.momentum.type]


def states(spec: OptimizerSpec) -> int:
    """How many numbers the spec keeps for every weight."""
    program = compile_spec(spec)
    return len(program.moments) + len(program.states) + (spec.momentum.type != "none")


def total_steps(spec: OptimizerSpec) -> str:
    """The argument that says how long the run is, where the spec asks for it."""
    return ", total_steps=epochs * steps_per_epoch" if spec.needs_total_steps else ""


def invariance_lines(measured: Invariances) -> tuple[str, ...]:
    """A line for each."""
    scale = {
        "invariant": "Scale: multiplying all gradients by a number leaves the update as it is.",
        "proportional": "Scale: multiplying all gradients by a number multiplies the update by it.",
        "none": "Scale: the update hangs on the size of the gradients, so scaling the loss changes training.",
    }[measured.gradient_scale]
    odd = "Sign: negating gradients and weights negates the update."
    weight = "Weight: the update does not read the weight."
    return (
        scale,
        odd if measured.odd else "Sign: not symmetric, gradients of opposite sign give updates of different size.",
        weight if measured.weight else "Weight: the update reads the weight.",
    )


def _usage(entry: CatalogEntry, rate: float) -> str:
    arguments = f"{rate:g}{total_steps(entry.spec)}"
    if entry.name in paper_optimizers.__all__:
        return usage_of(f"from paper_optimizers import {entry.name}", f"{entry.name}({arguments})")
    start = "from paper_optimizers import GraphOptimizer, get"
    return usage_of(start, f'GraphOptimizer(get("{entry.name}"), {arguments})')
