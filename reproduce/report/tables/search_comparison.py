"""The table of compared searches: what each found within its budget, and what fresh seeds leave of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reproduce.report.analysis.levels import LEAST_SEARCHES, MARGIN_WORDS, confidence_words
from reproduce.report.analysis.searches import kinds_against, unpaired_seeds, unpaired_words
from reproduce.report.statistics import Summary, summarise
from reproduce.report.table import NONE, NOT_RUN, Cell, Column, Table, count, missing, percent, points, words
from reproduce.report.tables.comparisons import difference_columns, placed
from reproduce.report.tables.search import points_of, scored_by
from reproduce.search.comparison import ComparedSearch
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import Header, StageEvaluation
from reproduce.search.rescoring import baselines
from reproduce.search.results import budgeted, num_scored
from reproduce.search.trials import Contender, SeedScores, Trial, seed_scores


def comparison_table(
    protocol: SearchProtocol,
    searches: Sequence[ComparedSearch],
    trials: Sequence[Trial],
    where: str,
) -> Table:
    """One line for each kind of search, then one for each baseline scored beside their finds.

    Args:
        protocol: The protocol.
        searches: All of them.
        trials: Their finds with fresh seeds.
        where: For the caption.
    """
    devices = [trial.device for trial in trials]
    devices += [record.device for search in searches for record in search.records if isinstance(record, Header)]
    settings, seeds = protocol.comparison, len(protocol.comparison.seeds)
    kinds = dict.fromkeys(search.kind for search in searches)
    lines = [
        *(_of_kind([each for each in searches if each.kind == kind], protocol, trials) for kind in kinds),
        *(_of_baseline(each, trials) for each in baselines(protocol.rescoring.baselines)),
    ]
    own = searches[0].kind if seeds >= LEAST_SEARCHES else None
    columns = _columns(settings.top)
    if own is not None:
        found = kinds_against(protocol, searches, trials, own)
        columns += difference_columns(f"To {own}", lambda line: found.get(line.name), lambda line: _absent(line, own))
    return Table.of(
        name="search_comparison",
        title="Searches under one budget",
        caption=(
            f"{placed(where, devices)}: n = {seeds} searches of each kind, from the same random candidates for each "
            f"seed, then {settings.epochs:,} epochs of training on the evolution stage. "
            f"Scores: {scored_by(trials)}. best: the best score within the budget, mean over searches; again: that "
            f"candidate's mean over {len(protocol.rescoring.seeds)} "
            "fresh seeds, mean over searches, with its standard deviation; "
            f"top {settings.top}: the same for the {settings.top} best of each search together. They are chosen by "
            "their scores in the search alone, so that fresh seeds flatter "
            "none; a run that could not be trained counts 0 (untrained: how many of all of these). shrinkage: best "
            "less the mean of those of its runs with fresh seeds that could be trained, mean over searches. scored: "
            "candidates that the budget was enough for, on the short first stage or on both, those that all started "
            "from included, in all searches of a kind; evaluated: scores on the second stage, evolution; reused: of "
            "those, scores known from a search before. "
            f"{_not_tested(seeds) if own is None else _tested(own, trials, seeds)}"
            f"{'' if own is None else _unpaired(own, protocol, searches, trials, kinds)}"
        ),
        columns=columns,
        items=lines,
    )


def _columns(top: int) -> tuple[Column[_SearchLine], ...]:
    return (
        Column("search", "search", lambda line: words(line.name)),
        Column("best", "best_score", lambda line: percent(line.best, 2), numeric=True),
        Column("again", "rescored_best", _again, numeric=True),
        Column(
            "sd", "rescored_sd", lambda line: percent(None if line.again is None else line.again.sd, 2), numeric=True
        ),
        Column(f"top {top}", "rescored_top", lambda line: percent(line.top, 2), numeric=True),
        Column("untrained", "untrained_runs", lambda line: _untrained(line.rescored), numeric=True),
        Column("shrinkage", "shrinkage", lambda line: points(line.shrinkage, 2), numeric=True),
        Column(
            "scored", "scored", lambda line: missing(NONE) if line.scored is None else count(line.scored), numeric=True
        ),
        Column("evaluated", "evaluated", lambda line: _count(line.within), numeric=True),
        Column("reused", "reused", lambda line: _count(line.reused), numeric=True),
    )


def _not_tested(seeds: int) -> str:
    return f"With {seeds} searches of each kind the table shows, and does not test, differences."


def _tested(own: str, trials: Sequence[Trial], seeds: int) -> str:
    return (
        f'To {own}: difference of "again" in {points_of(trials)}, searches paired by seed and scored on one device, '
        'with its interval and the verdict on "better"; those of all kinds are one family, and hold together with '
        f"{confidence_words(seeds)}. EQUIVALENT: within {MARGIN_WORDS}; within 1 point where scores are shares. "
        "Settle: searches of each kind, with fresh seeds, that would settle what is UNDECIDED (artifact/ANALYSIS.md)."
    )


def _unpaired(
    own: str,
    protocol: SearchProtocol,
    searches: Sequence[ComparedSearch],
    trials: Sequence[Trial],
    kinds: Iterable[str],
) -> str:
    """Name the seeds with which a kind and ``own`` are no pair, by kind; nothing where all are."""
    lacking = {kind: unpaired_seeds(protocol, searches, trials, (kind, own)) for kind in kinds if kind != own}
    named = [f"{kind} has {unpaired_words(seeds)}" for kind, seeds in lacking.items() if seeds]
    return f" {'; '.join(named)}." if named and trials else ""


def _absent(line: _SearchLine, own: str) -> str:
    """The cell of a difference that is not there: of baselines and of the kind itself there is none."""
    return NONE if line.within is None or line.name == own else NOT_RUN


class _SearchLine(NamedTuple):
    """The searches of one kind, in means over them, or a baseline, which was not searched for.

    Attributes:
        name: The kind, or the baseline.
        best: The best score in the search.
        again: The mean of that candidate with fresh seeds.
        top: The mean of the best together.
        shrinkage: What fresh seeds took off the best score.
        rescored: All scores with fresh seeds.
        scored: Candidates with a score within the budget; None for a baseline.
        within: What was evaluated within the budget; None for a baseline.
    """

    name: str
    best: float | None
    again: Summary | None
    top: float | None
    shrinkage: float | None
    rescored: Sequence[SeedScores]
    scored: int | None
    within: Sequence[StageEvaluation] | None

    @property
    def reused(self) -> Sequence[StageEvaluation] | None:
        """Scores within the budget that were known from a search before."""
        return None if self.within is None else [each for each in self.within if each.cached is not None]


def _of_kind(searches: Sequence[ComparedSearch], protocol: SearchProtocol, trials: Sequence[Trial]) -> _SearchLine:
    found = [search.finds(protocol) for search in searches]
    scores = [[seed_scores(trials, each.contender) for each in of_search] for of_search in found]
    complete = [of_search for of_search in scores if of_search and all(each.compared for each in of_search)]
    trained = [
        (finalists[0].search_score, list(of_search[0].trained.values()))
        for finalists, of_search in zip(found, scores, strict=True)
        if of_search and of_search[0].trained
    ]
    epochs, screening = protocol.comparison.epochs, protocol.screening_epochs
    return _SearchLine(
        name=searches[0].kind,
        best=_mean(of_search[0].search_score for of_search in found if of_search),
        again=summarise([of_search[0].rank for of_search in complete]),
        top=_mean(statistics.fmean(each.rank for each in of_search) for of_search in complete),
        shrinkage=_mean(score - statistics.fmean(again) for score, again in trained),
        rescored=[each for of_search in scores for each in of_search],
        scored=sum(num_scored(search.records, epochs, screening) for search in searches),
        within=[each for search in searches for each in budgeted(search.records, epochs, screening)],
    )


def _of_baseline(contender: Contender, trials: Sequence[Trial]) -> _SearchLine:
    scores = seed_scores(trials, contender)
    again = Summary(scores.rank, None, len(scores.compared)) if scores.compared else None
    return _SearchLine(contender.name, None, again, None, None, [scores], None, None)


def _mean(values: Iterable[float]) -> float | None:
    summary = summarise(list(values))
    return None if summary is None else summary.mean


def _again(line: _SearchLine) -> Cell:
    if line.again is None:
        return missing(NOT_RUN if line.within is None else NONE)
    return percent(line.again.mean, 2)


def _count(evaluations: Sequence[StageEvaluation] | None) -> Cell:
    return missing(NONE) if evaluations is None else count(len(evaluations))


def _untrained(scores: Sequence[SeedScores]) -> Cell:
    """How many of the runs with fresh seeds could not be trained, of how many."""
    untrained = sum(each.untrained for each in scores)
    return Cell(f"{untrained}/{sum(len(each.compared) for each in scores)}", untrained)
