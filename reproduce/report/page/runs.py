"""The page's appendix: every run as a line of a table, grouped so that numbers link to what they are made of."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reproduce.counts import number_of
from reproduce.report.results import StudyResults
from reproduce.report.table import Source
from reproduce.study.rows import Row

_COLUMNS = ("Rate", "Seed", "Outcome", "Steps", "Validation %", "Test %", "Seconds", "Device", "Back end")


@dataclass(frozen=True)
class RunList:
    """The rows of all studies, grouped.

    Attributes:
        groups: The rows of each study, task, optimizer and phase, in the order of the ledgers.
    """

    groups: Mapping[Source, Sequence[Row]]

    @cached_property
    def _anchors(self) -> Mapping[Source, str]:
        return {source: f"runs-{number}" for number, source in enumerate(self.groups, start=1)}

    def link(self, source: Source) -> str | None:
        """The address of a group on the page; None if it has no rows."""
        return f"#{self._anchors[source]}" if source in self._anchors else None

    def to_html(self) -> str:
        """A closed section for each study and task, with a table of its runs."""
        sections: dict[tuple[str, str], list[Source]] = {}
        for source in self.groups:
            sections.setdefault((source.study, source.task), []).append(source)
        return "\n".join(self._section(*key, sources) for key, sources in sections.items())

    def _section(self, study: str, task: str, sources: Sequence[Source]) -> str:
        total = sum(len(self.groups[source]) for source in sources)
        heading = html.escape(f"{study}, {task}: {number_of(total, 'run')}")
        head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
        bodies = "\n".join(self._body(source) for source in sources)
        return (
            f'<details class="runs"><summary>{heading}</summary>\n<div class="scroll" tabindex="0" role="region" '
            f'aria-label="{heading}"><table>\n<caption><span>Every run of {heading}.</span></caption>\n'
            f"<thead><tr>{head}</tr></thead>\n{bodies}\n</table></div></details>"
        )

    def _body(self, source: Source) -> str:
        phase = {"tune": "to choose the rate", "final": "at the chosen rate"}[source.phase]
        heading = html.escape(f"{source.optimizer}, {phase}")
        lines = "\n".join(_line(row) for row in self.groups[source])
        return (
            f'<tbody id="{self._anchors[source]}" tabindex="-1"><tr class="section"><th colspan="{len(_COLUMNS)}" '
            f'scope="rowgroup"><span>{heading}</span></th></tr>\n{lines}</tbody>'
        )


def list_runs(studies: Sequence[StudyResults]) -> RunList:
    """The groups of these studies, in their order."""
    groups: dict[Source, list[Row]] = {}
    for study in studies:
        for row in study.rows_by_task:
            groups.setdefault(Source(study.name, row.task, row.optimizer, row.phase), []).append(row)
    return RunList(groups)


def _line(row: Row) -> str:
    outcome = "finished" if row.diverged_at is None else f"diverged at step {row.diverged_at}"
    cells = (
        *(f"{row.rate:g}", str(row.seed), outcome, str(row.steps)),
        *(_percent(row.validation_accuracy), _percent(row.test_accuracy), f"{row.seconds:.1f}"),
        *(row.device, f"{row.backend}, {row.precision}"),
    )
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
