"""Optimizers compared over several tasks at once: interquartile means, ranks, and tests against a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.report.statistics import (
    Estimate,
    Ranks,
    average_ranks,
    holm,
    interquartile_mean,
    stratified_bootstrap,
    wilcoxon,
)

#: By optimizer and task: the score of each run.
Scores = Mapping[str, Mapping[str, Sequence[float]]]
#: Every interval's draws begin here, so that an optimizer's interval does not depend on which others there are.
_SEED = 20240404


@dataclass(frozen=True)
class Overall:
    """A comparison over tasks.

    Attributes:
        tasks: The tasks on which every optimizer of the comparison has runs.
        left_out: Optimizers that lack some task.
        scores: Of the optimizers compared, on these tasks alone.
        interquartile_means: With their bootstrap intervals, runs drawn again within each task.
        ranks: Of the mean on each task.
        p_values: Wilcoxon's, of the means on the tasks against the reference's, corrected by Holm; empty without it.
    """

    tasks: tuple[str, ...]
    left_out: tuple[str, ...]
    scores: Scores
    interquartile_means: Mapping[str, Estimate]
    ranks: Ranks
    p_values: Mapping[str, float]

    @property
    def smallest_p_value(self) -> float:
        """What Wilcoxon's test gives at the least for so many tasks, before correction."""
        return float(2.0 ** (1 - len(self.tasks)))


def compare_over_tasks(scores: Scores, reference: str) -> Overall | None:
    """The comparison, or None with fewer than two tasks or optimizers.

    Args:
        scores: Higher is better; on each task on a scale that tasks can be averaged on, as `above_guessing` gives.
        reference: The optimizer that others are tested against.
    """
    tasks = tuple(dict.fromkeys(task for by_task in scores.values() for task, runs in by_task.items() if runs))
    complete = {
        name: {task: tuple(by_task[task]) for task in tasks}
        for name, by_task in scores.items()
        if all(by_task.get(task) for task in tasks)
    }
    if len(tasks) < 2 or len(complete) < 2:
        return None
    means = {name: [float(np.mean(by_task[task])) for task in tasks] for name, by_task in complete.items()}
    others = [name for name in complete if name != reference]
    tested = {name: wilcoxon(means[name], means[reference]) for name in others} if reference in complete else {}
    return Overall(
        tasks=tasks,
        left_out=tuple(name for name in scores if name not in complete),
        scores=complete,
        interquartile_means={
            name: stratified_bootstrap(list(by_task.values()), interquartile_mean, np.random.default_rng(_SEED))
            for name, by_task in complete.items()
        },
        ranks=average_ranks(means),
        p_values=holm(tested),
    )


def above_guessing(accuracy: float, num_classes: int) -> float:
    """An accuracy on the scale where guessing is 0 and no error is 1."""
    return (accuracy - 1 / num_classes) / (1 - 1 / num_classes)
