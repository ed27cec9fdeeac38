"""Tables of what a search found: the best scored again, and how much of a difference is chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reproduce.counts import expected_maximum
from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.levels import confidence_words
from reproduce.report.analysis.power import POWER, settling_runs
from reproduce.report.analysis.searches import are_of_several_tasks, contenders_against, margin_of_scores
from reproduce.report.statistics import Summary, summarise
from reproduce.report.table import (
    NONE,
    Cell,
    Column,
    Table,
    count,
    missing,
    percent,
    points,
    signed,
    words,
)
from reproduce.report.tables.comparisons import interval_text, placed
from reproduce.search.results import Finalist
from reproduce.search.trials import Contender, SeedScores, Trial, chosen_rates, seed_scores


def rescoring_table(
    name: str, finalists: Sequence[Finalist], baselines: Sequence[Contender], trials: Sequence[Trial], where: str
) -> Table:
    """The finalists and the baselines with fresh seeds.

    Args:
        name: Of the files.
        finalists: In the order of the search.
        baselines: What they are compared with.
        trials: Scores of all of them on common seeds.
        where: Profile, data set and stage, for the caption.

    Returns:
        Finalists by their new mean, best first, then the baselines; for each baseline a column with the difference to
        it and its verdict, and a column with the interval.
    """
    seeds = len({trial.seed for trial in trials})
    scores = {each.fingerprint: seed_scores(trials, each) for each in [*_contenders(finalists), *baselines]}
    lines = [
        _RescoringLine(each.contender, each.text, each.search_score, scores[each.contender.fingerprint])
        for each in finalists
    ]
    lines.sort(key=lambda each: -each.scores.rank)
    known = [_RescoringLine(each, each.spec.to_text(), None, scores[each.fingerprint]) for each in baselines]
    columns: tuple[Column[_RescoringLine], ...] = (
        Column("candidate", "candidate", lambda each: words(each.contender.name)),
        Column("searched", "search_score", lambda each: percent(each.search_score, 2), numeric=True),
        Column("again", "rescored_mean", lambda each: percent(each.mean, 2), numeric=True),
        Column("sd", "rescored_sd", lambda each: percent(each.sd, 2), numeric=True),
        Column("trained", "n_trained", lambda each: _trained(each.scores), numeric=True),
        Column("shrinkage", "shrinkage", lambda each: points(each.shrinkage, 2), numeric=True),
    )
    return Table.of(
        name=name,
        title="The best candidates scored again",
        caption=(
            f"{placed(where, (trial.device for trial in trials))}: {scored_by(trials)} on the validation samples "
            "of the search, by which it chose too, with the rate chosen by its rule for each run. again: mean over "
            f"those of n = {seeds} fresh seeds with which it could be trained (trained: how many); shrinkage: what "
            "they took off the score that a candidate was chosen by; rate: the peak of most seeds, on each task. To a "
            "tuned baseline: the difference in points on common seeds, where a run that could not be trained counts 0, "
            'with its verdict on "better" and the interval; those of a column are one family, and hold together with '
            f"{confidence_words(seeds)} (artifact/ANALYSIS.md)."
        ),
        columns=(
            *columns,
            *(
                column
                for each in baselines
                for column in _baseline_columns(
                    each.name, contenders_against(trials, _contenders(finalists), each, seeds)
                )
            ),
            Column("rate", "rate", lambda each: _rates(trials, each.contender)),
            Column("formula", "formula", lambda each: words(each.text)),
        ),
        items=[*lines, *known],
    )


class _RescoringLine(NamedTuple):
    """An optimizer with fresh seeds, and the score that a search chose it by, if one did."""

    contender: Contender
    text: str
    search_score: float | None
    scores: SeedScores

    @property
    def summary(self) -> Summary | None:
        return summarise(list(self.scores.trained.values()))

    @property
    def mean(self) -> float | None:
        return None if self.summary is None else self.summary.mean

    @property
    def sd(self) -> float | None:
        return None if self.summary is None else self.summary.sd

    @property
    def shrinkage(self) -> float | None:
        return None if self.search_score is None or self.mean is None else self.search_score - self.mean


def rates_text(trials: Sequence[Trial], contender: Contender) -> str:
    """The contender's `chosen_rates`, as ``"0.01, 0.1"``; empty where it was never trained."""
    return ", ".join(NONE if rate is None else f"{rate:g}" for rate in chosen_rates(trials, contender))


def scored_by(trials: Sequence[Trial]) -> str:
    """A caption's words for the measure of a score."""
    if are_of_several_tasks(trials):
        return "mean share, in percent, of the tasks' reference accuracies"
    return "best accuracy in percent"


def points_of(trials: Sequence[Trial]) -> str:
    """Words for the unit of a difference of scores."""
    if are_of_several_tasks(trials):
        return "points of the mean share of the tasks' reference accuracies"
    return "points of the best validation accuracy"


def _contenders(finalists: Sequence[Finalist]) -> list[Contender]:
    return [finalist.contender for finalist in finalists]


def _trained(scores: SeedScores) -> Cell:
    return Cell(f"{len(scores.trained)}/{len(scores.compared)}", len(scores.trained))


def _rates(trials: Sequence[Trial], contender: Contender) -> Cell:
    text = rates_text(trials, contender)
    return words(text) if text else missing(NONE)


def _baseline_columns(name: str, found: Mapping[str, Difference]) -> tuple[Column[_RescoringLine], ...]:
    """The difference of each candidate to one baseline with its verdict, and the interval."""

    def verdict(each: _RescoringLine) -> Cell:
        own = found.get(each.contender.fingerprint) if each.search_score is not None else None
        return missing(NONE) if own is None else Cell(f"{signed(100 * own.mean, 2)} {own.verdict}", own.mean)

    def interval(each: _RescoringLine) -> Cell:
        own = found.get(each.contender.fingerprint) if each.search_score is not None else None
        if own is None or own.low is None or own.high is None:
            return missing(NONE)
        return Cell(interval_text(own.low, own.high), own.low)

    return (
        Column(f"to {name}", f"difference_to_{name}", verdict),
        Column("interval", f"low_to_{name}", interval, numeric=True),
    )


def noise_table(name: str, contender: Contender, trials: Sequence[Trial], searched: int, where: str) -> Table:
    """Tabulate what chance does to one optimizer's score.

    Args:
        name: Of the files.
        contender: The optimizer.
        trials: Its scores with different seeds.
        searched: How many candidates the protocol's search scores at most, for the expected best of as many reruns.
        where: Profile, data set and stage, for the caption.
    """
    scores = seed_scores(trials, contender)
    summary = summarise(list(scores.trained.values()))
    if summary is None or summary.sd is None:
        raise ValueError("the noise of a score takes two trained runs or more")
    best = summary.mean + summary.sd * expected_maximum(searched)
    untrained = f" ({scores.untrained} more could not be trained)" if scores.untrained else ""
    margin = margin_of_scores(trials, summary.mean)
    # Of two independent scores the difference varies more than either.
    settling = settling_runs(math.sqrt(2) * summary.sd / margin)
    lines = [
        ("mean", percent(summary.mean, 2)),
        ("standard deviation", percent(summary.sd, 2)),
        (f"expected best of {searched:,} reruns", percent(best, 2)),
        (f"seeds that settle a difference of {100 * margin:.2g} points", count(settling)),
    ]
    return Table.of(
        name=name,
        title=f"The noise of one score: {contender.name}",
        caption=(
            f"{placed(where, (trial.device for trial in trials))}: {contender.name} scored with n = "
            f"{summary.n} seeds{untrained}; percent. Settle: with so many independent scores of each of two optimizers "
            f"the difference is found if it is there, and excluded if it is not, with probability {POWER}. The "
            "expected best takes scores to be normal."
        ),
        columns=(
            Column("of its scores", "quantity", lambda line: words(line[0])),
            Column("value", "value", lambda line: line[1], numeric=True),
        ),
        items=lines,
    )
