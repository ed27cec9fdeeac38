"""Several studies at once: the tasks that they share, and optimizers compared over all tasks.

Studies share a task where data, settings and initial weights are the same, whatever each study calls it. What is said
over all studies counts such a task once, and of each optimizer the runs of one study alone: the others trained the same
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reproduce.counts import Estimate, number_of
from reproduce.protocols import plain_settings, settings_hash
from reproduce.report.results import Result, StudyResults, alike, in_catalog_order
from reproduce.report.statistics import (
    Ranks,
    average_ranks,
    holm,
    interquartile_mean,
    stratified_bootstrap,
    wilcoxon,
)

#: By optimizer and task: the score of each run.
Scores = Mapping[str, Mapping[str, Sequence[float]]]
#: Settings of a task that change no number.
_IMMATERIAL = ("name", "runner")
#: Every interval's draws begin here, so that an optimizer's interval does not depend on which others there are.
_SEED = 20240404


@dataclass(frozen=True)
class SharedTask:
    """One task, with the names that studies give it.

    Attributes:
        places: Study and task wherever it has runs, in the order of the studies.
        results: Of each optimizer, those of the study that has most of its runs; of equals the first study's.
    """

    places: tuple[tuple[str, str], ...]
    results: Mapping[str, Result]

    @property
    def label(self) -> str:
        """Its first study and its name there: ``"main/cifar10"``."""
        return "/".join(self.places[0])


@dataclass(frozen=True)
class Overall:
    """A comparison over tasks.

    Attributes:
        tasks: The tasks on which every optimizer of the comparison has runs.
        left_out: Optimizers that lack some task.
        labels: Of the optimizers compared, those that are one function on every task under the first one's name.
        scores: Of the optimizers compared, on these tasks alone.
        interquartile_means: With their bootstrap intervals, runs drawn again within each task.
        ranks: Of the mean on each task.
        p_values: Wilcoxon's, of the means on the tasks against the reference's, corrected by Holm; empty without it.
    """

    tasks: tuple[str, ...]
    left_out: tuple[str, ...]
    labels: Mapping[str, str]
    scores: Scores
    interquartile_means: Mapping[str, Estimate]
    ranks: Ranks
    p_values: Mapping[str, float]

    def label(self, name: str) -> str:
        """The names of all that are one function with this one."""
        return self.labels.get(name, name)

    @property
    def smallest_p_value(self) -> float:
        """The smallest p-value that Wilcoxon's test can give for so many tasks, before correction."""
        return float(2.0 ** (1 - len(self.tasks)))


def shared_tasks(studies: Sequence[StudyResults]) -> list[SharedTask]:
    """The different tasks of these studies, in the order of the studies and their tasks."""
    groups: dict[object, list[tuple[StudyResults, str]]] = {}
    for study in studies:
        for task in study.tasks_run:
            groups.setdefault(_identity(study, task), []).append((study, task))
    return [
        SharedTask(tuple((study.name, task) for study, task in places), _most_run(places)) for places in groups.values()
    ]


def num_repeated(studies: Sequence[StudyResults]) -> int:
    """How many rows repeat another: the same task, optimizer, rate, weight decay, seed, precision and back end."""
    labels = {place: shared.label for shared in shared_tasks(studies) for place in shared.places}
    rows = [(labels[study.name, row.task], row) for study in studies for row in study.rows]
    different = {
        (label, row.fingerprint or row.optimizer, row.rate, row.weight_decay, row.seed, row.precision, row.backend)
        for label, row in rows
    }
    return len(rows) - len(different)


def repeated_words(studies: Sequence[StudyResults]) -> str:
    """A sentence on runs that repeat others, with a space after it; nothing where there are none."""
    repeated = num_repeated(studies)
    if not repeated:
        return ""
    repeat = "repeats another of the" if repeated == 1 else "repeat others of the"
    return f"{number_of(repeated, 'run')} {repeat} same data, settings, optimizer, rate, weight decay and seed. "


def compare_studies(studies: Sequence[StudyResults], reference: str) -> Overall | None:
    """The comparison over all tasks of these studies, each task once, and optimizers of one function everywhere once.

    Scores are test accuracies of final runs on the scale of `above_guessing`.

    Args:
        studies: The studies.
        reference: The optimizer that others are tested against.

    Returns:
        The comparison, or None with fewer than two tasks or functions.
    """
    # What a protocol writes out is of its study alone: another's spec of the same name may be another function.
    every = (entrant for study in studies for entrant in study.entrants if entrant.kind != "spec")
    entrants = in_catalog_order(every)
    scores: dict[str, dict[str, Sequence[float]]] = {entrant.name: {} for entrant in entrants}
    firsts: dict[str, tuple[str, ...]] = dict.fromkeys(scores, ())
    by_name = {study.name: study for study in studies}
    for shared in shared_tasks(studies):
        groups = {
            name: group.names[0]
            for study in dict.fromkeys(result.study for result in shared.results.values())
            for group in by_name[study].functions(dict(shared.places)[study])
            for name in group.names
        }
        for name, result in shared.results.items():
            if name not in firsts:
                continue
            firsts[name] += (groups[name],)
            if result.finals:
                runs = zip(result.finals, result.test_by_seed.values(), strict=True)
                scores[name][shared.label] = [above_guessing(accuracy, row.num_classes) for row, accuracy in runs]
    labels = {names[0]: ", ".join(names) for names in alike(firsts)}
    return _compare({name: scores[name] for name in labels}, labels, reference)


def _compare(scores: Scores, labels: Mapping[str, str], reference: str) -> Overall | None:
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
        labels=labels,
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


def _identity(study: StudyResults, task: str) -> object:
    """A key that is equal for tasks that are the same: their settings, data and weights."""
    row = next(row for row in study.rows if row.task == task)
    settings = plain_settings(study.protocol.task(task))
    return settings_hash({key: each for key, each in settings.items() if key not in _IMMATERIAL}), row.data, row.weights


def _most_run(places: Sequence[tuple[StudyResults, str]]) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for study, task in places:
        for result in study.of_task(task):
            most = found.get(result.optimizer)
            if (result.tuning or result.finals) and (most is None or _num_runs(result) > _num_runs(most)):
                found[result.optimizer] = result
    return found


def _num_runs(result: Result) -> tuple[int, int]:
    """Count the runs that are reported, and those that chose the rate."""
    return len(result.finals), len(result.tuning)
