"""Summary on top of the report: the question and the findings, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reproduce.report.analysis.answers import answers
from reproduce.report.analysis.studies import against, origin_of
from reproduce.report.analysis.verdicts import VERDICTS, Verdict
from reproduce.report.claims.claim import Checked, counted_by_source
from reproduce.report.collection import Collection
from reproduce.report.pages.answer import answer_picture, answer_sentence
from reproduce.report.results import COMPARED, REFERENCE, StudyResults
from reproduce.report.style import Picture


def summary_lines(found: Collection, checked: Sequence[Checked]) -> list[str]:
    """Say in a line each: the question, the reference, the claims, and which optimizers are one function."""
    given = list(answers(found.profile, found.studies))
    lines = [answer_sentence(given).replace("**", "")] if given else []
    compared = [study for study in found.studies if study.name in COMPARED]
    return [*lines, *_beside_reference(compared), *counted_by_source(checked), *_one_function(compared)]


def summary_pictures(found: Collection) -> list[Picture]:
    """Draw the forest plot of the question, where there is an answer."""
    given = list(answers(found.profile, found.studies))
    return [answer_picture(given)] if given else []


def _beside_reference(studies: Iterable[StudyResults]) -> list[str]:
    """Count the verdicts on the paper's functions beside the reference, over all tasks."""
    verdicts = [
        each.verdict
        for study in studies
        for task in study.tasks_run
        for each in against(study, task, study.result(task, REFERENCE))
        if origin_of(each.result.entrant) == "paper" and each.difference is not None
    ]
    if not verdicts:
        return []
    return [f"The paper's optimizers, better than {REFERENCE}, task by task: {_counted(verdicts)}."]


def _one_function(studies: Sequence[StudyResults]) -> list[str]:
    """Name the optimizers that no task of a study tells apart."""
    groups = [each.label for study in studies[:1] for each in study.functions_everywhere if len(each.names) > 1]
    return [f"One function on every task of {studies[0].name}: {'; '.join(groups)}."] if groups else []


def _counted(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
