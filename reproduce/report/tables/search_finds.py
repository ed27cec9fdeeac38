"""The table of what each of the compared searches found: its formula, its rates, and its scores with fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.levels import confidence_words
from reproduce.report.analysis.searches import contenders_against
from reproduce.report.statistics import summarise
from reproduce.report.table import NONE, NOT_RUN, Column, Table, missing, percent, words
from reproduce.report.tables.comparisons import difference_columns, placed
from reproduce.report.tables.search import points_of, rates_text, scored_by
from reproduce.search.comparison import ComparedSearch
from reproduce.search.protocol import SearchProtocol
from reproduce.search.rescoring import baselines
from reproduce.search.trials import Contender, SeedScores, Trial, seed_scores


def finds_table(
    protocol: SearchProtocol, searches: Sequence[ComparedSearch], trials: Sequence[Trial], where: str
) -> Table:
    """One line for the best find of each search, by kind of search, then one for each baseline.

    Args:
        protocol: The protocol.
        searches: All of them.
        trials: Their finds and the baselines with fresh seeds; a run that could not be trained counts 0.
        where: For the caption.
    """
    known, seeds = baselines(protocol.rescoring.baselines), len(protocol.rescoring.seeds)
    kinds: dict[str, list[Contender]] = {}
    for search in searches:
        kinds.setdefault(search.kind, []).extend(each.contender for each in search.finds(protocol)[:1])
    sections = {kind: _lines(found, known, protocol, trials) for kind, found in kinds.items()}
    sections["baselines"] = [_FindLine.of(each, None, trials) for each in known]
    return Table.of(
        name="search_finds",
        title="What each search found",
        caption=(
            f"{placed(where, (trial.device for trial in trials))}: the best find of each of n = {len(searches)} "
            f"searches, scored again with {seeds} fresh seeds. Scores: {scored_by(trials)}. formula: the optimizer as "
            "text, to be copied from the page as it is shown, or from the CSV file. With names of paper_optimizers, "
            'GraphOptimizer(from_text("FORMULA"), learning_rate=RATE, total_steps=STEPS, warmup_steps=STEPS // 10) '
            "loads it (docs/tutorials/spec.md). rate: the peak that the search's rule chose for most fresh seeds, "
            f"on {', then on '.join(protocol.evolution.names)}; begin tuning there. "
            "again: the mean, where a run that could not be trained counts 0. "
            f"To {known[0].name}: the difference in {points_of(trials)}, paired by seed, with its interval and the "
            f'verdict on "better"; those of one kind of search are one family, and hold together with '
            f"{confidence_words(seeds)} (artifact/ANALYSIS.md)."
        ),
        columns=_columns(known[0].name),
        sections=sections if kinds else {},
        section_name="kind",
    )


def _columns(baseline: str) -> tuple[Column[_FindLine], ...]:
    columns: tuple[Column[_FindLine], ...] = (
        Column("search, and number of the find", "find", lambda line: words(line.contender.name)),
        Column("formula", "formula", lambda line: words(line.contender.spec.to_text())),
        Column("rate", "rate", lambda line: words(line.rates) if line.rates else missing(NOT_RUN)),
        Column(
            "again",
            "rescored",
            lambda line: percent(line.again, 2) if line.scores.compared else missing(NOT_RUN),
            numeric=True,
        ),
        Column("sd", "rescored_sd", lambda line: percent(line.sd, 2), numeric=True),
    )
    compared = difference_columns(f"To {baseline}", lambda line: line.difference, _absent)
    # How many seeds there are, and would settle it, the CSV file has: the formula takes what room there is.
    return columns + tuple(replace(each, title="") if each.title in ("Settle", "n") else each for each in compared)


class _FindLine(NamedTuple):
    """A find, or a baseline, which was not searched for.

    Attributes:
        contender: The optimizer.
        rates: Of each task; empty where it could not be trained.
        scores: With fresh seeds.
        difference: To the first baseline; None of a baseline, and without scores.
    """

    contender: Contender
    rates: str
    scores: SeedScores
    difference: Difference | None

    @classmethod
    def of(cls, contender: Contender, difference: Difference | None, trials: Sequence[Trial]) -> _FindLine:
        return cls(contender, rates_text(trials, contender), seed_scores(trials, contender), difference)

    @property
    def again(self) -> float:
        return self.scores.rank

    @property
    def sd(self) -> float | None:
        summary = summarise(list(self.scores.compared.values()))
        return None if summary is None else summary.sd


def _lines(
    found: Sequence[Contender], known: Sequence[Contender], protocol: SearchProtocol, trials: Sequence[Trial]
) -> list[_FindLine]:
    """The finds of one kind of search, whose differences to the first baseline are one family."""
    planned = len(protocol.rescoring.seeds)
    against = contenders_against(trials, found, known[0], planned)
    return [_FindLine.of(each, against.get(each.fingerprint), trials) for each in found]


def _absent(line: _FindLine) -> str:
    """Say why a difference is missing: a baseline has none, another was not run."""
    return NOT_RUN if not line.scores.compared else NONE
