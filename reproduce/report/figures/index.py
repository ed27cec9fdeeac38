"""Which figures there are: of a study, and of the catalog."""

from __future__ import annotations

from functools import cache

from paper_optimizers import get, names
from paper_optimizers.spec import OptimizerSpec
from reproduce.report.figures.comparison import accuracy_picture
from reproduce.report.figures.decays import curve_picture, evolved_picture
from reproduce.report.figures.forest import study_forest
from reproduce.report.figures.graphs import decay_graph, optimizer_graph
from reproduce.report.figures.learning import LOSS, learning_picture
from reproduce.report.figures.rates import rate_picture
from reproduce.report.figures.schedules import schedule_picture
from reproduce.report.figures.updates import step_picture, surface_picture
from reproduce.report.results import COMPARED, StudyResults
from reproduce.report.style import Picture


def study_pictures(study: StudyResults, reference: str) -> list[Picture]:
    """Draw accuracies; where all are compared also differences, learning curves, losses and rates of each task."""
    found = [accuracy_picture(study)]
    for task in study.tasks_run if study.name in COMPARED else ():
        found += [each for each in (study_forest(study, task),) if each is not None]
        found.append(learning_picture(study, task, reference))
        found.append(learning_picture(study, task, reference, LOSS))
        found.append(rate_picture(study, task))
    return found


@cache  # The same values each time, so that the reports of several profiles draw them once.
def catalog_pictures(warmup_fraction: float, hold_fraction: float) -> tuple[Picture, ...]:
    """The figures that need no rows: graphs, schedules over a run with this warm-up and hold, decays, updates."""
    graphs, functions = _fixed_pictures()
    return (*graphs, schedule_picture(warmup_fraction, hold_fraction), *functions)


def catalog_specs() -> dict[str, OptimizerSpec]:
    """Every optimizer of the catalog."""
    return {name: get(name) for name in names()}


@cache
def _fixed_pictures() -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    specs = catalog_specs()
    return (
        (optimizer_graph("Opt9", specs["Opt9"]), decay_graph("Opt7", specs["Opt7"].decays[0])),
        (curve_picture(), evolved_picture(), surface_picture(specs), step_picture(specs)),
    )
