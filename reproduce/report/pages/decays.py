"""Sentences on decay functions and schedule factors, from the study that leaves them out."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.counts import enumerated
from reproduce.report.analysis.studies import Compared, against, in_pairs, origin_of
from reproduce.report.pages.answer import PLAIN, kept_collections
from reproduce.report.pages.rates import StudyTask
from reproduce.report.results import REFERENCE
from reproduce.report.table import signed
from reproduce.report.tables.ablations import decay_pairs

_STUDY = "decays"


def decays_sentence() -> str:
    """Say which of the paper's optimizers lose accuracy without decays, how much, and how they compare with Adam then.

    The rows are those of the most telling profile, on the first task of its study.
    """
    profile = kept_collections()[0]
    study = next((each for each in profile.studies if each.name == _STUDY), None)
    if study is None:
        return "No study without them has been run.\n"
    task = StudyTask(study, study.tasks_run[0])
    compared = in_pairs(study, task.task, decay_pairs(study.entrants))
    losers = [each for each in compared if each.verdict == "SUPPORTED" and origin_of(each.result.entrant) == "paper"]
    if not losers:
        return f"None of the paper's optimizers was shown to lose accuracy without them on {task.title}.\n"
    bare = {each.reference.optimizer for each in losers}
    beside = [
        each
        for each in against(study, task.task, study.result(task.task, REFERENCE))
        if bare & set(each.names) and each.difference is not None
    ]
    verdicts = {PLAIN[each.verdict] for each in beside}
    least, most = _ends(losers)
    low, high = _ends(beside)
    return (
        f"Without them {enumerated([each.label for each in losers])} lose {least.lstrip('+')} to {most.lstrip('+')} "
        f"points on {task.title} (profile `{profile.profile}`, {task.updates:,} updates, "
        f"n = {len(losers[0].result.finals)}). Then they lie {low} to {high} points from {REFERENCE}: "
        f"{enumerated(sorted(verdicts))}.\n"
    )


def _ends(found: Sequence[Compared]) -> tuple[str, str]:
    """The smallest and the largest difference, in points."""
    points = [100 * each.difference.mean for each in found if each.difference is not None]
    return signed(min(points), 1), signed(max(points), 1)
