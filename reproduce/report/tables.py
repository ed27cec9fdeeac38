"""The main table from results, as CSV, Markdown and LaTeX: pure functions, the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reproduce.report.results import Result, same_results, summarise_rows
from reproduce.study.optimizers import Entrant
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Row

NOT_RUN = "not run"
_KINDS = {"catalog": "spec", "keras": "Keras"}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        name: Of its files, without suffix.
        caption: One paragraph.
        header: Column titles.
        numeric: For each column, whether it is set flush right.
        cells: Rows of text, as shown.
        raw: The same rows for the CSV file: numbers unrounded, empty where not run.
        raw_header: Column names of the CSV file.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    cells: tuple[tuple[str, ...], ...]
    raw: tuple[tuple[str, ...], ...]
    raw_header: tuple[str, ...]


def main_table(protocol: Protocol, entrants: Sequence[Entrant], rows: Sequence[Row]) -> Table:
    """Every optimizer of the protocol with its accuracy, and the difference to the reference."""
    results = summarise_rows(protocol, entrants, rows)
    reference = protocol.optimizers.reference
    return Table(
        name="main",
        caption=_caption(protocol, results, same_results(protocol, entrants, rows), rows),
        header=(
            *("Optimizer", "Kind", "Rate", "Val%", "Test%", "sd", "n"),
            *(f"vs {reference}", "95 % interval", "Verdict"),
        ),
        numeric=(False, False, True, True, True, True, True, True, True, False),
        cells=tuple(_cells(result, reference) for result in results),
        raw=tuple(_raw(result) for result in results),
        raw_header=(
            *("optimizer", "kind", "rate", "rate_at_edge", "validation_accuracy", "test_accuracy_mean"),
            *("test_accuracy_sd", "n", "diverged", "difference", "difference_low", "difference_high", "verdict"),
        ),
    )


def to_csv(table: Table) -> str:
    """Comma-separated values with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.raw_header)
    writer.writerows(table.raw)
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """A Markdown table under its caption."""
    lines = [
        _markdown_line(table.header),
        "|" + "|".join("---:" if numeric else "---" for numeric in table.numeric) + "|",
        *(_markdown_line(cells) for cells in table.cells),
    ]
    return f"{table.caption}\n\n" + "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """A LaTeX table that needs the package booktabs."""
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{latex_text(table.caption)}}}",
        rf"  \label{{tab:{table.name}}}",
        rf"  \begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        _latex_line(table.header),
        r"    \midrule",
        *(_latex_line(cells) for cells in table.cells),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """``text`` with what LaTeX reads as commands escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def _caption(
    protocol: Protocol, results: Sequence[Result], same: Sequence[tuple[str, ...]], rows: Sequence[Row]
) -> str:
    tasks = _listed(row.task for row in rows) or "no data"
    devices = _listed(f"{row.device}, {row.backend}" for row in rows) or "no device"
    reference = protocol.optimizers.reference
    sentences = [
        f"Profile {protocol.profile}, {tasks}, {devices}.",
        "Kind: a spec of this project's catalog, or Keras' own optimizer.",
        "Validation and test accuracy in percent at the end of training, at the rate chosen on validation, over n "
        f"fresh seeds ({len(protocol.seeds.final)} planned); sd of the test accuracy.",
        f"Difference to {reference} in points, paired by seed, with Student's 95 % interval (each on its own, not "
        "corrected for the number of comparisons); a tie is an interval that holds 0.",
    ]
    diverged = sum(result.num_diverged for result in results)
    if diverged:
        sentences.append(f"{diverged} of these runs diverged and count as guessing.")
    if any(result.at_edge for result in results):
        sentences.append("A rate with * is at the edge of a grid that had grown to its limit.")
    if same:
        groups = "; ".join(", ".join(group) for group in same)
        sentences.append(f"The same after every epoch of every final run, so told apart by nothing here: {groups}.")
    sentences.append("Comparable only within this profile and data set.")
    return " ".join(sentences)


def _cells(result: Result, reference: str) -> tuple[str, ...]:
    start = (result.optimizer, _KINDS[result.kind])
    rate = NOT_RUN if result.rate is None else f"{result.rate:g}{'*' if result.at_edge else ''}"
    if result.test is None or result.validation is None:
        return (*start, rate, *[NOT_RUN] * 7)
    test = result.test
    sd = "-" if test.sd is None else f"{100 * test.sd:.1f}"
    accuracies = (_percent(result.validation.mean), _percent(test.mean), sd, str(test.n))
    if result.optimizer == reference:
        return (*start, rate, *accuracies, "-", "-", "-")
    if result.difference is None:
        return (*start, rate, *accuracies, *[NOT_RUN] * 3)
    low, high = result.difference.low, result.difference.high
    interval = "-" if low is None or high is None else f"{_points(low)} to {_points(high)}"
    return (*start, rate, *accuracies, _points(result.difference.mean), interval, result.difference.verdict)


def _raw(result: Result) -> tuple[str, ...]:
    test, difference = result.test, result.difference
    values: tuple[object, ...] = (
        *(result.optimizer, result.kind, result.rate, result.at_edge),
        *(result.validation and result.validation.mean, test and test.mean, test and test.sd),
        *((test.n, result.num_diverged) if test else (0, 0)),
        *((difference.mean, difference.low, difference.high, difference.verdict) if difference else [None] * 4),
    )
    return tuple("" if value is None else str(value) for value in values)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _points(share: float) -> str:
    rounded = round(100 * share, 1) + 0.0  # No minus zero.
    return f"{rounded:+.1f}" if rounded else "0.0"


def _listed(values: Iterable[str]) -> str:
    return "; ".join(sorted(set(values)))


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _latex_line(cells: Sequence[str]) -> str:
    return "    " + " & ".join(latex_text(cell) for cell in cells) + r" \\"


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
