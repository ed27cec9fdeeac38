"""The published log's findings as a document, as CSV tables and as tables on screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from reproduce.files import csv_text, write_text
from reproduce.published.findings import (
    CauseFinding,
    DuplicateFinding,
    NoiseFinding,
    PhaseFinding,
    RepeatFinding,
    StepFinding,
    cause_findings,
    duplicate_findings,
    noise_finding,
    phase_findings,
    step_findings,
)
from reproduce.published.log import LoggedEvaluation
from reproduce.screen import say, screen_table, show_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Repeats and candidates shown on screen; the files have them all.
_SHOWN = 5
_WIDTH = 48


@dataclass(frozen=True)
class LogReport:
    """Everything that is said about a log.

    Attributes:
        rows: How many evaluations it has.
        phases: Acceptance and cost.
        duplicates: Of each stage.
        causes: Of rejections.
        steps: Of the particles.
        noise: From repeats; None where there are too few.
    """

    rows: int
    phases: tuple[PhaseFinding, ...]
    duplicates: tuple[DuplicateFinding, ...]
    causes: tuple[CauseFinding, ...]
    steps: tuple[StepFinding, ...]
    noise: NoiseFinding | None

    @property
    def worse_steps(self) -> int:
        """Steps after which a particle was worse than before."""
        return sum(step.worse for step in self.steps)


def report_on(rows: Sequence[LoggedEvaluation], fingerprints: Sequence[str]) -> LogReport:
    """The report on a log.

    Args:
        rows: The log.
        fingerprints: One for each row; see `reproduce.published.log.fingerprints_of`.
    """
    return LogReport(
        rows=len(rows),
        phases=tuple(phase_findings(rows)),
        duplicates=tuple(duplicate_findings(rows, fingerprints)),
        causes=tuple(cause_findings(rows)),
        steps=tuple(step_findings(rows)),
        noise=noise_finding(rows, fingerprints),
    )


def write_report(report: LogReport, folder: Path) -> None:
    """Write ``log.json`` and, as CSV, ``phases``, ``duplicates``, ``causes``, ``steps``, ``repeats``, ``beyond_noise``.

    Raises:
        ReproduceError: If the folder cannot be written.
    """
    document = {
        "rows": report.rows,
        "phases": [asdict(each) for each in report.phases],
        "duplicates": [asdict(each) for each in report.duplicates],
        "causes": [asdict(each) for each in report.causes],
        "steps": {"count": len(report.steps), "worse": report.worse_steps},
        "noise": _noise_document(report.noise),
    }
    write_text(folder / "log.json", json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    _write_csv(folder / "phases.csv", PhaseFinding, map(asdict, report.phases))
    _write_csv(folder / "duplicates.csv", DuplicateFinding, map(asdict, report.duplicates))
    _write_csv(folder / "causes.csv", CauseFinding, map(asdict, report.causes))
    _write_csv(folder / "steps.csv", StepFinding, map(asdict, report.steps))
    if report.noise is not None:
        repeats = (asdict(each) | {"scores": len(each.scores)} for each in report.noise.repeats)
        _write_csv(folder / "repeats.csv", RepeatFinding, repeats)
        _write_csv(folder / "beyond_noise.csv", _Beyond, map(asdict, map(_beyond, report.noise.beyond)))


def show_report(report: LogReport, console: Console) -> None:
    """Print the report."""
    phases = screen_table(
        ("phase", "candidates", "scored", "accepted", "minutes", "seconds each", "best"), (False, *[True] * 6)
    )
    for phase in report.phases:
        accepted = "-" if phase.scored == phase.rows else f"{phase.acceptance:.1%}"
        phases.add_row(
            phase.phase, str(phase.rows), str(phase.scored), accepted, f"{phase.minutes:.0f}",
            _number(phase.mean_seconds, ".0f"), _number(phase.best, ".4f"),
        )  # fmt: skip
    duplicates = screen_table(("stage", "scored", "texts", "functions", "scored again", "share"), (False, *[True] * 5))
    for found in report.duplicates:
        counts = (found.scored, found.texts, found.functions, found.repeated)
        duplicates.add_row(found.stage, *map(str, counts), f"{found.repeated_share:.1%}")
    causes = screen_table(("candidates", "in the log", "rejected"), (False, True, True))
    for cause in report.causes:
        causes.add_row(cause.kind, str(cause.rows), str(cause.rejected))
    for table in (phases, duplicates, causes):
        show_table(console, table)
        console.print()
    for phase in report.phases:
        if phase.scored == phase.rows:
            say(
                console, f"The log has no rejected candidate of the phase {phase.phase}: what it rejected is not in it."
            )
    say(console, _worse_steps(report))
    if report.noise is None:
        say(console, "No function was scored three times: the log says nothing about noise.")
    else:
        _show_noise(report.noise, console)


def _worse_steps(report: LogReport) -> str:
    """How many steps made a particle worse, and what of them the log may lack."""
    said = f"The best child was worse than its parent in {report.worse_steps} of {len(report.steps)} steps"
    children = [step.children for step in report.steps]
    if len(set(children)) < 2:
        return f"{said}."
    return (
        f"{said}. The log has {min(children)} to {max(children)} scored children of a step, {median(children):g} in "
        "the median: a step whose best child it lacks looks worse than it was."
    )


def _show_noise(noise: NoiseFinding, console: Console) -> None:
    repeats = screen_table(("scored more than once", "n", "mean", "sd"), (False, True, True, True))
    for repeat in noise.repeats[:_SHOWN]:
        repeats.add_row(_short(repeat.text), str(len(repeat.scores)), f"{repeat.mean:.4f}", f"{repeat.sd:.4f}")
    show_table(console, repeats)
    say(
        console,
        f"Repeats of one function differ by a standard deviation of {noise.pooled_sd:.4f} "
        f"({noise.degrees_of_freedom} degrees of freedom). {noise.scored} reruns of the first above are expected to "
        f"reach {noise.expected_best:.4f} at best; {len(noise.beyond)} of {noise.scored} scores are higher:",
    )
    beyond = screen_table(("candidate", "score"), (False, True))
    for row in noise.beyond[:_SHOWN]:
        beyond.add_row(_short(row.text), _number(row.score, ".4f"))
    show_table(console, beyond)


def _short(text: str) -> str:
    return escape(text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}...")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _noise_document(noise: NoiseFinding | None) -> dict[str, Any] | None:
    if noise is None:
        return None
    return {
        "repeats": [asdict(each) for each in noise.repeats],
        "pooled_sd": noise.pooled_sd,
        "degrees_of_freedom": noise.degrees_of_freedom,
        "scored": noise.scored,
        "expected_best": noise.expected_best,
        "beyond": [asdict(_beyond(row)) for row in noise.beyond],
    }


@dataclass(frozen=True)
class _Beyond:
    """A row beyond noise."""

    line: int
    text: str
    score: float | None


def _beyond(row: LoggedEvaluation) -> _Beyond:
    return _Beyond(row.line, row.text, row.score)


def _write_csv(path: Path, kind: type[DataclassInstance], rows: Iterable[dict[str, Any]]) -> None:
    write_text(path, csv_text([field.name for field in fields(kind)], (row.values() for row in rows)))
