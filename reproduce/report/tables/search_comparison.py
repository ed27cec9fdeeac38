"""The table of compared searches: what each found within its budget, and what fresh seeds leave of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from reproduce.report.statistics import summarise
from reproduce.report.table import NONE, Cell, Column, Table, count, missing, one_section, percent, points, words
from reproduce.report.tables.comparisons import placed
from reproduce.search.comparison import ComparedSearch
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import Evaluation, Header
from reproduce.search.rescoring import baselines
from reproduce.search.results import budgeted
from reproduce.search.trials import Contender, SeedScores, Trial, seed_scores


def comparison_table(
    protocol: SearchProtocol,
    searches: Sequence[ComparedSearch],
    trials: Sequence[Trial],
    screening_epochs: int,
    where: str,
) -> Table:
    """One line for each kind of search, then one for each baseline scored beside their finds.

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
    devices = [trial.device for trial in trials]
    devices += [record.device for search in searches for record in search.records if isinstance(record, Header)]
    settings, seeds = protocol.comparison, len(protocol.comparison.seeds)
    lines = [_line(kind, each, protocol, trials, screening_epochs) for kind, each in kinds.items()]
    lines += [_baseline_line(each, trials) for each in baselines(protocol.rescoring.baselines)]
    return Table(
        name="search_comparison",
        title="Searches under one budget",
        caption=(
            f"{placed(where, devices)}: n = {seeds} searches of each kind, from the same random candidates for each "
            f"seed, then {settings.epochs:,} epochs of training on the evolution stage. best: the best score within "
            f"the budget, mean over searches; again: that candidate's mean over {len(protocol.rescoring.seeds)} "
            "fresh seeds, mean over searches, with its standard deviation; "
            f"top {settings.top}: the same for the {settings.top} best of each search together. They are chosen by "
            "their scores in the search alone, so that fresh seeds flatter "
            "none; a run that could not be trained counts 0 (untrained: how many of all of these). shrinkage: best "
            "less the mean of those of its runs with fresh seeds that could be trained, mean over searches. evaluated: "
            "candidates that the budget was enough for, those that all started from included, in all searches of a "
            "kind; reused: of those, scores known from a search before. "
            f"With {seeds} searches of each kind the table shows, and does not test, differences."
        ),
        columns=(
            Column("search", "search"),
            Column("best", "best_score", numeric=True),
            Column("again", "rescored_best", numeric=True),
            Column("sd", "rescored_sd", numeric=True),
            Column(f"top {settings.top}", "rescored_top", numeric=True),
            Column("untrained", "untrained_runs", numeric=True),
            Column("shrinkage", "shrinkage", numeric=True),
            Column("evaluated", "evaluated", numeric=True),
            Column("reused", "reused", numeric=True),
        ),
        sections=one_section(lines),
    )


def _line(
    kind: str, searches: Sequence[ComparedSearch], protocol: SearchProtocol, trials: Sequence[Trial], screening: int
) -> tuple[Cell, ...]:
    bests, agains, tops, shrinkages = [], [], [], []
    rescored: list[SeedScores] = []
    within: list[Evaluation] = []
    for search in searches:
        within += budgeted(search.records, protocol.comparison.epochs, screening)
        found = search.finds(protocol)
        scores = [seed_scores(trials, finalist.contender) for finalist in found]
        rescored += scores
        bests += [found[0].search_score] if found else []
        if scores and all(each.compared for each in scores):
            agains.append(scores[0].rank)
            tops.append(statistics.fmean(each.rank for each in scores))
        if scores and scores[0].trained:
            shrinkages.append(found[0].search_score - statistics.fmean(scores[0].trained.values()))
    best, again, top, shrinkage = summarise(bests), summarise(agains), summarise(tops), summarise(shrinkages)
    return (
        words(kind),
        percent(None if best is None else best.mean, 2),
        percent(None if again is None else again.mean, 2),
        percent(None if again is None else again.sd, 2),
        percent(None if top is None else top.mean, 2),
        _untrained(rescored),
        points(None if shrinkage is None else shrinkage.mean, 2),
        count(len(within)),
        count(sum(record.cached is not None for record in within)),
    )


def _baseline_line(contender: Contender, trials: Sequence[Trial]) -> tuple[Cell, ...]:
    scores = seed_scores(trials, contender)
    again = percent(scores.rank, 2) if scores.compared else missing()
    none = missing(NONE)
    return words(contender.name), none, again, none, none, _untrained([scores]), none, none, none


def _untrained(scores: Sequence[SeedScores]) -> Cell:
    """How many of the runs with fresh seeds could not be trained, of how many."""
    untrained = sum(each.untrained for each in scores)
    return Cell(f"{untrained}/{sum(len(each.compared) for each in scores)}", untrained)
