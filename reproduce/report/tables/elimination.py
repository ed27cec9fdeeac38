"""The table of an elimination: one line for each optimizer, one column for each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reproduce.elimination.rounds import RoundResult, Standing
from reproduce.report.analysis.best import compare_with_best
from reproduce.report.statistics import summarise
from reproduce.report.table import NONE, Cell, Column, Mark, Table, fixed, marked, missing, words
from reproduce.report.tables.comparisons import MARKS, listed, placed
from reproduce.search.trials import Contender, SeedScores


def elimination_table(results: Sequence[RoundResult], where: str, devices: Iterable[str]) -> Table:
    """Mean score of each optimizer in each round it took part in; entrants by how far they came.

    Args:
        results: The rounds.
        where: Profile, for the caption.
        devices: What they were computed on, for the same.
    """
    by_round = [{each.contender.fingerprint: each for each in result.standings} for result in results]
    first = results[0].standings
    entrants = sorted(
        (each.contender for each in first if not each.is_baseline),
        key=lambda each: _how_far(each, by_round),
        reverse=True,
    )
    baselines = [each.contender for each in first if each.is_baseline]
    tasks = listed(name for result in results for name in result.settings.surrogate.names)
    rounds = "; ".join(f"{result.settings.name}, n = {len(result.settings.seeds)}" for result in results)
    return Table.of(
        name="elimination",
        title="Progressive elimination",
        caption=(
            f"{placed(f'{where}, {tasks}', devices)}: best validation accuracy in percent, mean over seeds, "
            f"the rate chosen by the rule of the search ({rounds}). A dash: eliminated before. In brackets, "
            "where runs could not be trained: how many could, of which the mean is; the others count 0 in what "
            "follows. "
            f"{MARKS} Rounds decide by the mean, also between optimizers of which either may be the best."
        ),
        columns=(
            Column("optimizer", "optimizer", lambda each: words(each.name)),
            *(_column(result.settings.name, standings) for result, standings in zip(results, by_round, strict=True)),
            Column("formula", "formula", lambda each: words(each.spec.to_text())),
        ),
        sections={"evolved": entrants, "baselines": baselines},
        section_name="group",
    )


def _how_far(contender: Contender, rounds: Sequence[Mapping[str, Standing]]) -> tuple[int, float]:
    """Rounds taken part in, then the rank in the last of them."""
    taken = [each[contender.fingerprint] for each in rounds if contender.fingerprint in each]
    return len(taken), taken[-1].scores.rank


def _column(name: str, standings: Mapping[str, Standing]) -> Column[Contender]:
    best = max(each.scores.rank for each in standings.values())
    beside = compare_with_best({key: each.scores.compared for key, each in standings.items()})

    def cell(contender: Contender) -> Cell:
        standing = standings.get(contender.fingerprint)
        if standing is None:
            return missing(NONE)
        found = beside.get(contender.fingerprint)
        possible: Mark | None = "possible" if found is None or found.high > 0 else None
        return marked(_mean(standing.scores), "best" if standing.scores.rank == best else possible)

    return Column(name, name, cell, numeric=True)


def _mean(scores: SeedScores) -> Cell:
    """The mean of the runs that could be trained, and how many could where some could not."""
    mean = summarise(list(scores.trained.values()))
    text = NONE if mean is None else fixed(100 * mean.mean, 2)
    counted = f" ({len(scores.trained)}/{len(scores.compared)})" if scores.untrained else ""
    return Cell(text + counted, None if mean is None else mean.mean)
