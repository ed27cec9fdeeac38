"""Optimizers over all tasks of several studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reproduce.counts import Estimate
from reproduce.report.overall import Overall, compare_studies
from reproduce.report.results import StudyResults
from reproduce.report.table import Cell, Column, Table, fixed, missing, number, percent, words
from reproduce.report.tables.comparisons import setting


def across_table(studies: Sequence[StudyResults], reference: str) -> Table | None:
    """Interquartile mean, average rank and Wilcoxon's test; None where fewer than two tasks have been run."""
    overall = compare_studies(studies, reference)
    if overall is None:
        return None
    order = sorted(overall.scores, key=lambda name: -overall.interquartile_means[name].value)
    means, ranks = overall.interquartile_means, overall.ranks.average

    def of_compared(cell: Callable[[str], Cell]) -> Callable[[str], Cell]:
        return lambda name: cell(name) if name in means else missing()

    return Table.of(
        name="across_tasks",
        title="All tasks together",
        caption=_caption(studies, overall, reference),
        columns=(
            Column("Optimizer", "optimizer", lambda name: words(overall.label(name))),
            Column("IQM%", "interquartile_mean", of_compared(lambda name: percent(means[name].value)), numeric=True),
            Column("95 % interval", "", of_compared(lambda name: _interval(means[name])), numeric=True),
            Column("", "low", of_compared(lambda name: Cell("", means[name].low))),
            Column("", "high", of_compared(lambda name: Cell("", means[name].high))),
            Column("Rank", "average_rank", of_compared(lambda name: number(ranks[name], 1)), numeric=True),
            Column(
                "p (Holm)", "p_value", of_compared(lambda name: number(overall.p_values.get(name), 3)), numeric=True
            ),
        ),
        items=(*order, *overall.left_out),
    )


def _interval(mean: Estimate) -> Cell:
    return Cell(f"{fixed(100 * mean.low, 1)} to {fixed(100 * mean.high, 1)}", mean.low)


def _caption(studies: Sequence[StudyResults], overall: Overall, reference: str) -> str:
    ranks = overall.ranks
    runs = sum(len(runs) for by_task in overall.scores.values() for runs in by_task.values())
    sentences = [
        setting(*studies),
        f"{len(overall.tasks)} tasks ({', '.join(overall.tasks)}), {len(overall.scores)} functions, n = {runs} final "
        "runs. IQM: interquartile mean of the test accuracies of all runs, on a scale on which guessing is 0 and no "
        "error is 100, with a 95 % interval of a bootstrap that draws runs again within each task. Rank: mean over "
        "tasks, 1 the best. p: "
        f"Wilcoxon's signed-rank test of the means on the tasks against {reference}'s, corrected by Holm; "
        f"{len(overall.tasks)} tasks can give no p below {overall.smallest_p_value:.2g} before correction.",
    ]
    if ranks.p_value is not None and ranks.critical_difference is not None and ranks.detectable is not None:
        sentences.append(
            f"Friedman's test that all rank alike: p = {ranks.p_value:.2g}. Average ranks closer than "
            f"{ranks.critical_difference:.1f} are not told apart; {ranks.detectable:.1f} would be with probability "
            f"0.8, {len(overall.scores) - 1} is the most possible."
        )
    sentences.append("Tests and ranks take tasks for independent of each other; tasks made of the same images are not.")
    if overall.left_out:
        sentences.append("Not run: lacks at least one of these tasks.")
    return " ".join(sentences)
