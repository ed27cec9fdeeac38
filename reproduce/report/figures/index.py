"""Which figures there are: all of them, from what a report is written from, under the page's headings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from paper_optimizers import get, names
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.figures.comparison import accuracy_picture, overall_pictures
from reproduce.report.figures.decays import curve_picture, evolved_picture
from reproduce.report.figures.graphs import decay_graph, optimizer_graph
from reproduce.report.figures.learning import learning_picture
from reproduce.report.figures.rates import rate_picture
from reproduce.report.figures.schedules import schedule_pictures
from reproduce.report.figures.updates import step_picture, surface_picture
from reproduce.report.page.inputs import COMPARED, HEADINGS, RESULTS, ROBUSTNESS, SPACE, ReportInputs
from reproduce.report.runs import tasks
from reproduce.report.style import Picture
from reproduce.study.rows import Row


def all_pictures(inputs: ReportInputs) -> dict[str, list[Picture]]:
    """Every figure, by heading, in the page's order; figures that were handed in come last under theirs."""
    found: dict[str, list[Picture]] = {heading: [] for heading in HEADINGS}
    compared = {study: rows for study, rows in inputs.studies.items() if study in COMPARED}
    for study, rows in inputs.studies.items():
        found[RESULTS if study in compared else ROBUSTNESS] += study_pictures(study, rows, inputs.reference)
    if compared:
        found[RESULTS] += overall_pictures(compared, inputs.settings, inputs.reference)
    found[SPACE] += catalog_pictures(inputs.warmup_fraction, inputs.hold_fraction)
    for heading, pictures in inputs.pictures.items():
        found.setdefault(heading, []).extend(pictures)
    return {heading: pictures for heading, pictures in found.items() if pictures}


def study_pictures(study: str, rows: Sequence[Row], reference: str) -> list[Picture]:
    """Test accuracies; where all optimizers are compared, also learning curves and rate sensitivity of each task."""
    found = [accuracy_picture(study, rows)]
    for task in tasks(rows) if study in COMPARED else ():
        found.append(learning_picture(study, task, rows, "steps", reference))
        found.append(learning_picture(study, task, rows, "seconds", reference))
        found.append(rate_picture(study, task, rows))
    return found


def catalog_pictures(warmup_fraction: float, hold_fraction: float) -> list[Picture]:
    """The figures that need no rows: graphs, schedules over a run with this warm-up and hold, decays, updates."""
    return [*_graphs(), *_schedules(warmup_fraction, hold_fraction), *_functions()]


def catalog_specs() -> dict[str, OptimizerSpec]:
    """Every optimizer of the catalog."""
    return {name: get(name) for name in names()}


# The same values each time, so that the reports of several profiles draw them once.
@cache
def _graphs() -> tuple[Picture, ...]:
    return optimizer_graph("Opt9", get("Opt9")), decay_graph("Opt7", get("Opt7").decays[0])


@cache
def _schedules(warmup_fraction: float, hold_fraction: float) -> tuple[Picture, ...]:
    return tuple(schedule_pictures(warmup_fraction, hold_fraction))


@cache
def _functions() -> tuple[Picture, ...]:
    specs = catalog_specs()
    return curve_picture(), evolved_picture(), surface_picture(specs), step_picture(specs)
