"""Searches compared: several algorithms, spaces and seeds under one budget, and their finds scored again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.results_layout import LEDGER_FILE
from reproduce.search.cache import ScoreCache, read_cache
from reproduce.search.plan import Scorers, SearchPlan, comparison_plans, data_of
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import AnyRecord
from reproduce.search.rescoring import baselines, rescore
from reproduce.search.results import Finalist, top
from reproduce.search.trials import Trial

#: Runs a plan over the ledger at a path, with scores known from other searches.
RunPlan = Callable[[SearchPlan, Path, ScoreCache], list[AnyRecord]]


@dataclass(frozen=True)
class ComparedSearch:
    """One search of a comparison and its records."""

    plan: SearchPlan
    records: Sequence[AnyRecord]

    @property
    def kind(self) -> str:
        """See `SearchPlan.kind`."""
        return self.plan.kind

    def finds(self, protocol: SearchProtocol) -> list[Finalist]:
        """Its best within the budget, as contenders that bear its name."""
        settings = protocol.comparison
        return top(self.records, settings.top, settings.epochs, protocol.screening_epochs, f"{self.plan.name} ")


def run_comparison(protocol: SearchProtocol, folder: Path, scorers: Scorers, run: RunPlan) -> list[ComparedSearch]:
    """Run every search of the comparison, one after another; each takes over scores that those before it know.

    Args:
        protocol: The protocol.
        folder: Each search has its ledger in a folder below it.
        scorers: For the checksums of the data.
        run: See `RunPlan`.
    """
    done: list[ComparedSearch] = []
    for plan in comparison_plans(protocol):
        before = [(each.plan.name, folder / each.plan.name / LEDGER_FILE) for each in done]
        cache = read_cache(before, plan.protocol_hash, data_of(scorers))
        done.append(ComparedSearch(plan, run(plan, folder / plan.name / LEDGER_FILE, cache)))
    return done


def compared(searches: Sequence[ComparedSearch]) -> Mapping[str, list[Sequence[AnyRecord]]]:
    """The records of the searches of each kind, by seed."""
    found: dict[str, list[Sequence[AnyRecord]]] = {}
    for search in searches:
        found.setdefault(search.kind, []).append(search.records)
    return found


def compare_finals(
    protocol: SearchProtocol,
    path: Path,
    searches: Sequence[ComparedSearch],
    scorers: Scorers,
    on_trial: Callable[[Trial, int], None],
    notify: Callable[[str], None],
) -> list[Trial]:
    """Score every search's best again, beside the baselines; see `rescore`."""
    found = [finalist.contender for search in searches for finalist in search.finds(protocol)]
    contenders = [*found, *baselines(protocol.rescoring.baselines)]
    return rescore(protocol, path, scorers["evolution"], contenders, protocol.rescoring.seeds, on_trial, notify)
