"""Cards of the catalog's optimizers, and what they share with those of other specs."""

from __future__ import annotations

from paper_optimizers.catalog import CatalogEntry, Invariances
from paper_optimizers.latex import graph_to_latex
from paper_optimizers.program import compile_spec
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.cards.card import Card, state_of
from reproduce.report.cards.usage import Shape, rate_text, usage_of
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.style import file_name

_FAMILIES = {
    "evolved": "Evolved optimizer",
    "adam-variant": "Evolved variant of Adam",
    "released": "As in the published code",
    "baseline": "Baseline",
}
#: Each optimizer of these families is a class that users import.
_WITH_CLASS = ("evolved", "adam-variant")
_MOMENTUM = {"none": "", "classical": "momentum", "nesterov": "Nesterov momentum"}


def catalog_card(entry: CatalogEntry, rate: float | None, shape: Shape) -> Card:
    """Make the card of an optimizer of the catalog without runs; its usage has this rate, of this shape."""
    spec = entry.spec
    return Card(
        name=entry.name,
        file=file_name(entry.name),
        family=_FAMILIES[entry.family],
        origin=entry.origin,
        deviations=entry.deviations,
        update=entry.equation,
        latex=spec.to_latex(),
        factor=None if spec.schedule is None else graph_to_latex(spec.schedule),
        momentum=momentum_words(spec),
        words=entry.description,
        invariances=invariance_lines(entry.invariances),
        graph=optimizer_graph(entry.name, spec),
        facts=(*(("Needs", f"{need.text[0].upper()}{need.text[1:]}.") for need in entry.needs), *_clipping(entry)),
        state=state_of(states(spec)),
        usage=_usage(entry, f"{rate_text(rate)}, {shape.arguments}"),
    )


def _clipping(entry: CatalogEntry) -> tuple[tuple[str, str], ...]:
    """Why the usage of one that needs clipped gradients has none."""
    if all(need.name != "clipped_gradients" for need in entry.needs):
        return ()
    text = (
        "Our runs had none. Add clipnorm=1 to the usage where gradients may be large, as in deep networks: those whose "
        "norm is at most 1 stay as they are."
    )
    return (("Clipping", text),)


def momentum_words(spec: OptimizerSpec) -> str:
    """Say which momentum the update passes through; empty for nothing."""
    return _MOMENTUM[spec.momentum.type]


def states(spec: OptimizerSpec) -> int:
    """How many numbers the spec keeps for every weight."""
    program = compile_spec(spec)
    return len(program.moments) + len(program.states) + (spec.momentum.type != "none")


def invariance_lines(measured: Invariances) -> tuple[str, ...]:
    """A line for each."""
    scale = {
        "invariant": "Scale: multiplying all gradients by a number leaves the update as it is.",
        "proportional": "Scale: multiplying all gradients by a number multiplies the update by it.",
        "none": "Scale: the update depends nonlinearly on gradient scale, so scaling the loss changes training.",
    }[measured.gradient_scale]
    odd = "Sign: negating gradients and weights negates the update."
    weight = "Weight: the update does not read the weight."
    return (
        scale,
        odd if measured.odd else "Sign: not symmetric, gradients of opposite sign give updates of different size.",
        weight if measured.weight else "Weight: the update reads the weight.",
    )


def _usage(entry: CatalogEntry, arguments: str) -> str:
    if entry.family in _WITH_CLASS:
        return usage_of(f"from paper_optimizers import {entry.name}", f"{entry.name}({arguments})")
    return usage_of(
        "from paper_optimizers import GraphOptimizer, get", f'GraphOptimizer(get("{entry.name}"), {arguments})'
    )
