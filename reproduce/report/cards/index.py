"""Which cards there are: of the catalog, of what only Keras has, and of what a search found."""

from __future__ import annotations

from paper_optimizers import describe, names
from reproduce.report.cards.card import Card, Comparison, Rates
from reproduce.report.cards.catalog import catalog_card
from reproduce.report.cards.keras import KNOWN, keras_card
from reproduce.report.cards.runs import measured_of
from reproduce.report.cards.usage import Shape
from reproduce.report.page.inputs import ReportInputs
from reproduce.report.speed import StepCost


def cards(inputs: ReportInputs) -> list[Card]:
    """A card for every optimizer of the catalog, in its order, for Keras' own, and those that were handed in."""
    of_runs = measured_of(inputs.studies, inputs.settings, inputs.reference)

    shape = Shape(inputs.warmup_fraction, inputs.hold_fraction)

    def measured(name: str) -> tuple[list[Rates], list[Comparison], StepCost | None, str, Shape]:
        rates, comparisons = of_runs.get(name, ([], []))
        return rates, comparisons, inputs.step_costs.get(name), inputs.reference, shape

    found = [catalog_card(describe(name), *measured(name)) for name in names()]
    return [*found, *(keras_card(name, *measured(name)) for name in KNOWN), *inputs.cards]
