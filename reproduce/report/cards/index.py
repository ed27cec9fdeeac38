"""Which cards there are, of the catalog and of what only Keras has, with what studies measured of each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from paper_optimizers import describe, names
from reproduce.report.analysis.studies import Compared, against
from reproduce.report.cards.card import Card, Comparison, Rates
from reproduce.report.cards.catalog import catalog_card
from reproduce.report.cards.keras import KNOWN, keras_card
from reproduce.report.cards.usage import Shape
from reproduce.report.collection import Collection
from reproduce.report.figures.rates import sensitivity
from reproduce.report.overall import shared_tasks
from reproduce.report.results import REFERENCE, StudyResults


class _Measured(NamedTuple):
    """Rates and comparisons of one optimizer, by task."""

    rates: list[Rates]
    comparisons: list[Comparison]


def all_cards(found: Collection) -> list[Card]:
    """A card for every optimizer of the catalog, in its order, then for those that Keras alone has."""
    of_studies, shape = _measured(found.studies), Shape(*found.shape)

    def card_of(name: str) -> Card:
        rates, comparisons = of_studies.get(name, ([], []))
        rate = _middle(rates)
        card = keras_card(name, rate, shape) if name in KNOWN else catalog_card(describe(name), rate, shape)
        return replace(
            card,
            rates=tuple(rates),
            comparisons=tuple(comparisons),
            cost=found.step_costs.get(name),
            reference=REFERENCE,
        )

    return [card_of(name) for name in (*names(), *KNOWN)]


def _measured(studies: Sequence[StudyResults]) -> dict[str, _Measured]:
    """Collect, by optimizer, the rates that worked on each task, and the final runs there beside the reference's."""
    found: dict[str, _Measured] = {}
    by_name = {study.name: study for study in studies}
    for shared in shared_tasks(studies):
        compared = {place: _compared(by_name[place[0]], place[1]) for place in shared.places}
        for name, result in shared.results.items():
            measured = found.setdefault(name, _Measured([], []))
            if result.tuning:
                measured.rates.append(Rates(result.tuning_source, *sensitivity(result).good))
            if result.test is not None:
                own = compared[result.study, result.task].get(name)
                twins = () if own is None else tuple(twin for twin in own.names if twin != name)
                difference = None if own is None else own.difference
                measured.comparisons.append(
                    Comparison(result.source, result.test, result.num_diverged, difference, twins)
                )
    return found


def _compared(study: StudyResults, task: str) -> dict[str, Compared]:
    """Compare each optimizer's function with the reference on a task."""
    found = against(study, task, study.result(task, REFERENCE))
    return {name: each for each in found for name in each.names}


def _middle(rates: Sequence[Rates]) -> float | None:
    """The rate that examples show: to one digit the median over tasks of the middle of what worked; None of nothing."""
    if not rates:
        return None
    return float(f"{statistics.median((each.low * each.high) ** 0.5 for each in rates):.1g}")
