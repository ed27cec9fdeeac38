"""The table of compared searches: what each found within its budget, and what fresh seeds leave of it."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.report.statistics import summarise
from reproduce.report.table import Cell, Column, Table, count, one_section, percent, points, words
from reproduce.search.comparison import ComparedSearch
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import Evaluation
from reproduce.search.results import budgeted
from reproduce.search.trials import Contender, Trial, scores_by_seed


def comparison_table(
    protocol: SearchProtocol,
    searches: Sequence[ComparedSearch],
    trials: Sequence[Trial],
    screening_epochs: int,
    where: str,
) -> Table:
    """One line for each kind of search.

    Args:
        protocol: The protocol.
        searches: All of them.
        trials: Their finds with fresh seeds.
        screening_epochs: Of the evolution stage.
        where: For the caption.
    """
    kinds: dict[str, list[ComparedSearch]] = {}
    for search in searches:
        kinds.setdefault(search.kind, []).append(search)
    settings, seeds = protocol.comparison, len(protocol.comparison.seeds)
    lines = [_line(kind, each, protocol, trials, screening_epochs) for kind, each in kinds.items()]
    return Table(
        name="search_comparison",
        title="Searches under one budget",
        caption=(
            f"{where}: n = {seeds} searches of each kind, from the same random candidates for each seed, then "
            f"{settings.epochs:,} epochs of training on the evolution stage. best: the best score within the budget, "
            f"mean over searches; again: the best mean of its {settings.top} best over "
            f"{len(protocol.rescoring.seeds)} fresh seeds, mean over searches, with its standard deviation; evaluated: "
            "candidates that the budget was enough for; taken over: of those, scores known from a search before it. "
            f"With {seeds} searches of each kind the table shows, and does not test, differences."
        ),
        columns=(
            Column("search", "search"),
            Column("best", "best_score", numeric=True),
            Column("again", "rescored_best", numeric=True),
            Column("sd", "rescored_sd", numeric=True),
            Column("shrinkage", "shrinkage", numeric=True),
            Column("evaluated", "evaluated", numeric=True),
            Column("taken over", "taken_over", numeric=True),
        ),
        sections=one_section(lines),
    )


def _line(
    kind: str, searches: Sequence[ComparedSearch], protocol: SearchProtocol, trials: Sequence[Trial], screening: int
) -> tuple[Cell, ...]:
    bests, agains, shrinkages = [], [], []
    within: list[Evaluation] = []
    for search in searches:
        found = search.finds(protocol)
        within += budgeted(search.records, protocol.comparison.epochs, screening)
        if not found:
            continue
        means = [_mean(trials, finalist.contender) for finalist in found]
        bests.append(found[0].search_score)
        agains.append(max(means))
        shrinkages.append(found[0].search_score - means[0])
    best, again, shrinkage = summarise(bests), summarise(agains), summarise(shrinkages)
    return (
        words(kind),
        percent(None if best is None else best.mean, 2),
        percent(None if again is None else again.mean, 2),
        percent(None if again is None else again.sd, 2),
        points(None if shrinkage is None else shrinkage.mean, 2),
        count(len(within)),
        count(sum(record.cached is not None for record in within)),
    )


def _mean(trials: Sequence[Trial], contender: Contender) -> float:
    summary = summarise(list(scores_by_seed(trials, contender).values()))
    return 0.0 if summary is None else summary.mean
