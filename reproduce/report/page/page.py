"""The report: one HTML page that needs nothing but itself, from tables, figures, cards and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reproduce.counts import number_of
from reproduce.report.html import render
from reproduce.report.overall import repeated_words, shared_tasks
from reproduce.report.page.report import HEADINGS, SUMMARY, Report
from reproduce.report.results import StudyResults, num_diverged
from reproduce.report.style import Picture
from reproduce.report.table import Source, Table
from reproduce.study.rows import Row

#: The cells of runs, by device, back end and precision.
_Trained = dict[str, list[tuple[str, ...]]]
#: Headings of the runs' table.
_COLUMNS = ("Rate", "Seed", "Outcome", "Steps", "Validation %", "Test %", "Seconds")


class _PageSection(NamedTuple):
    """The tables and figures under one heading; figures with their numbers."""

    heading: str
    tables: Sequence[Table]
    figures: Sequence[tuple[int, Picture]]

    @property
    def anchor(self) -> str:
        """Its address on the page."""
        return "-".join(self.heading.lower().split())


def build_page(report: Report) -> str:
    """The page; the same report gives the same text."""
    runs = runs_of(report.studies)
    anchors = {source: f"#runs-{number}" for number, source in enumerate(runs, start=1)}
    return render(
        "page.html",
        parts=list(_parts(report)),
        summary={SUMMARY: report.summary},
        cards=report.cards,
        facts=facts(report),
        runs=_by_task(runs),
        run_columns=_COLUMNS,
        link=anchors.get,
    )


def facts(report: Report) -> str:
    """Where the numbers come from, in a paragraph."""
    rows = [row for study in report.studies for row in study.rows]
    if not rows:
        return f"Profile {report.profile}. Nothing has been run."
    devices = "; ".join(sorted({row.device for row in rows}))
    optimizers = number_of(len({row.optimizer for row in rows}), "optimizer")
    studies = (
        f"{number_of(len(report.studies), 'study', 'studies')} ({', '.join(each.name for each in report.studies)})"
    )
    tasks = number_of(len(shared_tasks(report.studies)), "task")
    hours = sum(row.seconds for row in rows) / 3600
    return (
        f"Profile {report.profile}: {number_of(len(rows), 'run')} of {optimizers} on {tasks} in {studies}, "
        f"{num_diverged(rows)} of them diverged, {hours:.1f} hours in all, on {devices}. "
        f"{repeated_words(report.studies)}Numbers are comparable within a profile and a data set, and with nothing "
        "else."
    )


def runs_of(studies: Sequence[StudyResults]) -> dict[Source, list[Row]]:
    """The rows of each study, task, optimizer and phase, in the order of the studies and of their tasks."""
    runs: dict[Source, list[Row]] = {}
    for study in studies:
        for row in study.rows_by_task:
            runs.setdefault(Source(study.name, row.task, row.optimizer, row.phase), []).append(row)
    return runs


def _parts(report: Report) -> Iterator[_PageSection]:
    """A part for each heading that has a table or a figure."""
    number = 1
    for heading in dict.fromkeys((*HEADINGS, *report.tables, *report.pictures)):
        tables, pictures = report.tables.get(heading, ()), report.pictures.get(heading, ())
        if tables or pictures or (heading == SUMMARY and report.summary):
            yield _PageSection(heading, tables, list(enumerate(pictures, start=number)))
        number += len(pictures)


def _by_task(runs: Mapping[Source, Sequence[Row]]) -> dict[str, list[tuple[Source, _Trained]]]:
    """The runs' cells, by what the list of a study's task is called, and by what they were trained on."""
    places: dict[tuple[str, str], list[Source]] = {}
    for source in runs:
        places.setdefault((source.study, source.task), []).append(source)
    return {
        f"{study}, {task}: {number_of(sum(len(runs[each]) for each in sources), 'run')}": [
            (each, _by_machine(runs[each])) for each in sources
        ]
        for (study, task), sources in places.items()
    }


def _by_machine(rows: Sequence[Row]) -> _Trained:
    found: _Trained = {}
    for row in rows:
        found.setdefault(f"{row.device}; {row.backend}, {row.precision}", []).append(_cells(row))
    return found


def _cells(row: Row) -> tuple[str, ...]:
    outcome = "finished" if row.diverged_at is None else f"diverged at step {row.diverged_at}"
    return (
        *(f"{row.rate:g}", str(row.seed), outcome, str(row.steps)),
        *(_percent(row.validation_accuracy), _percent(row.test_accuracy), f"{row.seconds:.1f}"),
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
