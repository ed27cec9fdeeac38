"""The part of docs/choose.md on text and transformers: the rates that tuning chose in studies of other networks."""

from __future__ import annotations

from collections.abc import Iterator

from reproduce.counts import enumerated
from reproduce.report.collection import Collection
from reproduce.report.figures.rates import sensitivity
from reproduce.report.pages.answer import kept_collections
from reproduce.report.pages.tables import markdown
from reproduce.report.results import Result, StudyResults

#: The study of networks that are not convolutional.
STUDY = "architectures"


def networks_tables() -> str:
    """Tabulate, for each profile with rows of the study, the chosen rate and its accuracy by optimizer and network."""
    return "\n".join(part for found in kept_collections() for part in _of_profile(found))


def _of_profile(found: Collection) -> Iterator[str]:
    study = found.study(STUDY)
    if study is None or not study.tasks_run:
        return
    counts = [len(result.finals) for task in study.tasks_run for result in study.of_task(task)]
    steps = enumerated(
        [f"{task} {max(row.steps for row in study.rows if row.task == task)}" for task in study.tasks_run]
    )
    devices = "; ".join(sorted({row.device for row in study.rows}))
    yield (
        f"Study `{STUDY}` of profile `{found.profile}`: the peak rate that tuning chose ({_tuning(study)}), and test "
        f"accuracy in percent at it (n = {' to '.join(map(str, sorted({min(counts), max(counts)})))} seeds). Updates: "
        f"{steps}. {devices}.\n"
    )
    columns = {"optimizer": ""} | dict.fromkeys(study.tasks_run, ":")
    names = dict.fromkeys(result.optimizer for task in study.tasks_run for result in study.of_task(task))
    yield markdown(columns, [(name, *(_cell(study.result(task, name)) for task in study.tasks_run)) for name in names])


def _tuning(study: StudyResults) -> str:
    seeds = len(study.protocol.seeds.tune)
    return "one seed a rate" if seeds == 1 else f"{seeds} seeds a rate"


def _cell(result: Result | None) -> str:
    """``"0.1: 31.9"``; a dash where an optimizer has no final runs."""
    if result is None or result.test is None or not result.tuning:
        return "-"
    return f"{sensitivity(result).chosen:g}: {100 * result.test.mean:.1f}"
