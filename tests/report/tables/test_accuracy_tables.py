import csv
import dataclasses
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from reproduce.report.forms import FORMS, on_screen, to_csv, to_markdown
from reproduce.report.latex import latex_text, to_latex
from reproduce.report.results import StudyResults, frame
from reproduce.report.table import Column, Section, Table, number, words
from reproduce.report.tables.accuracy import main_table, rate_table, task_table
from reproduce.report.tables.comparisons import end_of_interval
from reproduce.screen import show_table
from reproduce.study.plan import Plan
from reproduce.study.protocol import StudyProtocol
from reproduce.study.rows import Job, Row
from reproduce.tasks.optimizers import Entrant
from tests.report.latex import NEEDS_PDFLATEX, require_compiles
from tests.study.cases import ENTRANTS, TINY, TWO_TASKS, all_rows, diverged_row, invented_row


def table(rows: Sequence[Row], protocol: StudyProtocol = TINY, entrants: Sequence[Entrant] = ENTRANTS) -> Table:
    return main_table(StudyResults(protocol, tuple(entrants), tuple(rows)))


def shown(table: Table) -> list[tuple[str, ...]]:
    """The texts of the cells that are shown."""
    return [
        tuple(cell.text for cell, column in zip(cells, table.columns, strict=True) if column.title)
        for cells in table.lines()
    ]


def line(rows: Sequence[Row], optimizer: str) -> tuple[str, ...]:
    return next(cells for cells in shown(table(rows)) if cells[0] == optimizer)


#: What is shown of an optimizer that was not run.
NOTHING = ("not run", "not run", "0", "not run", "not run", "not run")


def with_finals(**accuracies: dict[int, float | None]) -> list[Row]:
    """The rows with these test accuracies instead of the invented ones, by optimizer and seed."""
    rows = []
    for row in all_rows():
        if row.phase == "final" and row.optimizer in accuracies:
            value = accuracies[row.optimizer].get(row.seed, "absent")
            if value == "absent":
                continue
            row = diverged_row(row.job) if value is None else dataclasses.replace(row, test_accuracy=value)
        rows.append(row)
    return rows


def test_numbers_are_those_worked_out_by_hand() -> None:
    rows = with_finals(Opt1={1: 0.52, 2: 0.56}, Adam={1: 0.50, 2: 0.50})
    # Differences 2 and 6 points: mean 4, sd 2 sqrt(2), standard error 2. The paper's two optimizers are a family, whose
    # intervals hold together with 0.96: t(0.99, 1) = tan(0.49 pi) = 31.8205.
    assert line(rows, "Opt1") == ("Opt1", "0.1", "54.0 ± 2.8", "2", "+4.00", "-59.6 to +67.6", "UNDECIDED")
    assert line(rows, "Adam")[2:] == ("50.0 ± 0.0", "2", "-", "-", "-")


@pytest.mark.parametrize(
    ("points", "text"),
    [(-0.04, "-0.04"), (0.04, "+0.04"), (-0.0004, "-0.0004"), (0.0, "0.0"), (-0.05, "-0.1"), (3.54, "+3.5")],
)
def test_an_end_of_an_interval_shows_its_side_of_nothing(points: float, text: str) -> None:
    assert end_of_interval(points) == text


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "SUPPORTED"), (-0.1, "CONTRADICTED"), (0.0, "UNDECIDED")])
def test_verdicts(shift: float, verdict: str) -> None:
    rows = with_finals(A1={1: 0.601 + shift, 2: 0.7 + shift}, Adam={1: 0.6, 2: 0.7})
    assert line(rows, "A1")[-1] == verdict


def test_no_rows_give_a_table_of_cells_not_run() -> None:
    empty = table([])
    assert [cells[0] for cells in shown(empty)] == list(TINY.optimizers.names)
    assert {cells[1:] for cells in shown(empty)} == {NOTHING}
    assert "no data" in empty.caption
    assert "digits,Opt1,catalog,,False,,,,0,0,,,,\n" in to_csv(empty)


def test_a_tuned_optimizer_without_final_runs_shows_its_rate() -> None:
    rows = [row for row in all_rows() if row.phase == "tune"]
    assert line(rows, "Opt1")[1:] == ("0.1", *NOTHING[1:])


def test_runs_that_are_planned_and_missing_leave_the_verdict_open() -> None:
    rows = with_finals(Opt1={1: 0.6}, Adam={1: 0.5, 2: 0.5})
    assert line(rows, "Opt1")[2:] == ("60.0", "1", "+10.00", "-", "NOT RUN")


def test_intervals_are_sorted_by_their_lower_ends() -> None:
    """The page sorts what has a `data-value`, and leaves out of its order what has an empty one."""
    html = FORMS[".html"](table(with_finals(Opt1={1: 0.52, 2: 0.56}, Adam={1: 0.50, 2: 0.50})))
    (value,) = re.findall(r'data-value="([^"]*)">-59\.6 to \+67\.6<', html)
    assert float(value) == pytest.approx(-0.596, abs=5e-4)


def test_without_the_reference_differences_are_not_run() -> None:
    rows = with_finals(Adam={})
    assert line(rows, "Opt1")[-3:] == ("not run",) * 3
    assert line(rows, "Adam")[2:] == NOTHING[1:]


def test_a_diverged_run_counts_as_guessing_and_is_said() -> None:
    rows = with_finals(Opt1={1: None, 2: 0.5})
    assert line(rows, "Opt1")[2].startswith("30.0 ± ")
    assert "1 of these runs diverged and count as guessing" in table(rows).caption
    assert to_csv(table(rows)).split("\n")[1].split(",")[8:10] == ["2", "1"]


def test_everything_diverged() -> None:
    plan = Plan(TINY, ENTRANTS, [])
    rows: list[Row] = []
    while jobs := plan.jobs():
        for job in jobs:
            rows.append(diverged_row(job))
            plan.add(rows[-1])
    assert line(rows, "Opt1")[1:] == ("0.0001*", "10.0 ± 0.0", "2", "0.00", "-", "UNDECIDED")


def test_a_rate_at_the_edge_is_marked() -> None:
    assert line(all_rows(), "SGD")[1] == "100*"
    assert "A rate with *" in table(all_rows()).caption


def test_the_caption_places_the_numbers() -> None:
    caption = table(all_rows()).caption
    for part in ("Profile tiny", "digits", "a processor, tensorflow", "(2 planned)", "96 %", "artifact/ANALYSIS.md"):
        assert part in caption


def test_optimizers_that_are_one_function_are_one_line() -> None:
    rows = with_finals(Opt1={1: 0.52, 2: 0.56}, Adam={1: 0.50, 2: 0.50})
    twins = [
        dataclasses.replace(row, optimizer="A1", fingerprint=ENTRANTS[1].fingerprint)
        for row in rows
        if row.optimizer == "Opt1"
    ]
    lines = shown(table([*twins, *(row for row in rows if row.optimizer != "A1")]))
    assert [cells[0] for cells in lines] == ["Opt1, A1", "SGD", "Adam"]
    # One comparison where there were two: t(0.98, 1) = tan(0.48 pi) = 15.8945, and not 31.8205.
    assert lines[0][4:6] == ("+4.00", "-27.8 to +35.8")


def test_same_rows_same_bytes() -> None:
    rows = all_rows()
    for form in FORMS.values():
        assert form(table(rows)) == form(table(list(rows)))
        assert form(table(rows)) == form(table(sorted(rows, key=lambda row: row.seed)))


def hostile() -> Table:
    name = r"[Ünï|_&%$#{}~^\ <b>[red]−→"
    settings = dataclasses.replace(TINY.optimizers, catalog=(name,), keras=("Adam",))
    protocol = dataclasses.replace(TINY, optimizers=settings)
    entrants = (Entrant(name, "catalog", None), ENTRANTS[3])
    rows = [invented_row(Job("digits", name, "tune", rate, 0)) for rate in (0.01, 0.1, 1.0)]
    return table(rows, protocol, entrants)


def on_text(table: Table) -> str:
    """The table as a terminal of 80 columns shows it."""
    console = Console(width=80, record=True, file=io.StringIO())
    show_table(console, on_screen(table))
    return console.export_text()


def test_every_form_survives_any_name() -> None:
    assert r"| \[Ünï\|\_&%" in to_markdown(hostile())
    assert "^\\ &lt;b&gt;[red]" in FORMS[".html"](hostile())
    assert "<b>" in on_text(hostile())
    assert latex_text(r"_&%\~") == r"\_\&\%\textbackslash{}\textasciitilde{}"
    assert r"{[}Ünï\textbar{}\_\&\%\$\#\{\}\textasciitilde{}\textasciicircum{}" in to_latex(hostile())
    assert to_csv(hostile()).count("\n") == 3


def test_markdown_is_rectangular() -> None:
    lines = to_markdown(table(all_rows())).split("\n\n")[1].strip().split("\n")
    assert len({each.count("|") for each in lines}) == 1
    assert len(lines) == 2 + len(ENTRANTS)


@NEEDS_PDFLATEX
def test_latex_compiles(tmp_path: Path) -> None:
    require_compiles([table(all_rows()), table([]), hostile(), _of_lines(200)], tmp_path)


def test_a_table_goes_on_on_the_next_page() -> None:
    long = to_latex(_of_lines(50))
    assert "\\begin{longtable}" in long
    assert long.count("Optimizer") == 2  # On the first page and on those that follow.
    assert long.count("Opt7") == 50


def _of_lines(count: int) -> Table:
    columns = (Column("Optimizer", "optimizer"), Column("Test", "test", numeric=True))
    lines = [(words("Opt7"), number(0.5, 1)) for _ in range(count)]
    return Table("long", "Long", "Many lines.", columns, (Section("", tuple(lines)),))


def test_frame_has_a_line_for_each_run() -> None:
    rows = with_finals(Opt1={1: None, 2: 0.5})
    runs = frame(rows)
    assert len(runs) == len(rows)
    diverged = runs[runs.outcome == "diverged"].iloc[0]
    assert (diverged.optimizer, diverged.seed, diverged.diverged_at) == ("Opt1", 1, 3)
    assert str(diverged.test_accuracy) == "nan"
    assert list(frame([]).columns) == list(runs.columns)


def column_of(rows: Sequence[Row], name: str) -> list[str]:
    """A column of runs.csv."""
    return [line[name] for line in csv.DictReader(frame(rows).to_csv(index=False).splitlines())]


def test_integers_of_the_runs_are_written_as_integers_also_where_some_are_missing() -> None:
    rows = with_finals(Opt1={1: None, 2: 0.5})
    diverged = [row for row in rows if row.diverged_at is not None]
    finished = [row for row in rows if row not in diverged]
    assert set(column_of(rows, "diverged_at")) == {"3", ""}
    assert set(column_of(diverged, "diverged_at")) == {"3"}
    assert set(column_of(finished, "diverged_at")) == {""}
    for name in ("seed", "steps"):
        assert all(value.isdigit() for value in column_of(rows, name))


def test_the_best_is_bold_and_what_may_be_the_best_is_marked() -> None:
    rows = with_finals(A1={1: 0.9, 2: 0.9}, Opt1={1: 0.91, 2: 0.88}, SGD={1: 0.5, 2: 0.501}, Adam={1: 0.6, 2: 0.601})
    marks = {cells[0].text: cells[5].mark for cells in table(rows).lines()}
    assert marks == {"A1": "best", "Opt1": "possible", "SGD": None, "Adam": None}
    assert "| **90.0 ± 0.0** |" in to_markdown(table(rows))
    assert "| 89.5 ± 2.1≈ |" in to_markdown(table(rows))
    assert r"\textbf{90.0 $\pm$ 0.0}" in to_latex(table(rows))
    assert r"89.5 $\pm$ 2.1$\approx$" in to_latex(table(rows))
    assert "<strong>90.0 ± 0.0</strong>" in FORMS[".html"](table(rows))
    assert 'may be the best too">≈' in FORMS[".html"](table(rows))
    assert {cells[5].mark for cells in table([]).lines()} == {None}


def two_tasks() -> StudyResults:
    return StudyResults(TWO_TASKS, ENTRANTS, tuple(row for row in all_rows(TWO_TASKS) if row.task == "digits"))


def test_tasks_are_sections_and_a_task_not_run_is_there() -> None:
    several = main_table(two_tasks())
    assert [section.title for section in several.sections] == ["digits", "again"]
    assert {cells[1:] for cells in shown(several)[len(ENTRANTS) :]} == {NOTHING}
    assert to_csv(several).count("\nagain,") == len(ENTRANTS)
    assert r"\multicolumn{7}{l}{again}" in to_latex(several)
    assert "| **again** |" in to_markdown(several)


def test_optimizers_by_tasks() -> None:
    table = task_table(two_tasks())
    assert [column.title for column in table.columns if column.title] == ["Optimizer", "digits", "again"]
    assert shown(table)[0] == ("Opt1", "88.9 ± 0.1", "not run")
    assert to_csv(table).startswith("optimizer,digits,digits_sd,digits_n,again,again_sd,again_n\n")


def test_chosen_rates() -> None:
    table = rate_table(two_tasks())
    assert shown(table) == [
        ("Opt1", "0.1", "not run"), ("A1", "1", "not run"), ("SGD", "100*", "not run"), ("Adam", "0.01", "not run"),
    ]  # fmt: skip
    assert "same 3 rates, 0.01 to 1" in table.caption


def test_the_widest_line_fits_80_columns() -> None:
    wide = Entrant("ScheduleFreeAdamW", "keras", None)
    settings = dataclasses.replace(TINY.optimizers, catalog=("Opt1",), keras=("Adam", wide.name))
    rates = dataclasses.replace(TINY.rates, grid=(1e-4, 3.16e-4), most_extra_rates=0)
    protocol = dataclasses.replace(TINY, optimizers=settings, rates=rates)
    rows = []
    for name, test in (("Adam", (0.10, 0.13)), (wide.name, (0.23, 0.19))):
        rows += [invented_row(Job("digits", name, "tune", rate, 0), validation_accuracy=rate) for rate in rates.grid]
        rows += [
            invented_row(Job("digits", name, "final", 3.16e-4, seed), test_accuracy=test[seed - 1]) for seed in (1, 2)
        ]
    text = on_text(table(rows, protocol, (ENTRANTS[0], ENTRANTS[3], wide)))
    assert re.search(r"ScheduleFreeAdamW +0.000316\* +21.0 ± 2.8 +2 +\+9.50 +-\d+.\d to \+\d+.\d +UNDECIDED", text)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_numbers_link_to_their_runs_and_formulas_are_set() -> None:
    from reproduce.report.html import to_html

    html = to_html(table(all_rows()), link=lambda source: f"#{source.task}-{source.optimizer}-{source.phase}")
    assert '<a href="#digits-Opt1-final">88.9 ± 0.1</a>' in html
    assert '<a href="#digits-Opt1-tune">0.1</a>' in html
    assert '<th scope="row">Opt1</th>' in html


def test_several_with_the_best_mean_are_all_bold() -> None:
    rows = with_finals(A1={1: 0.1, 2: 0.3}, Opt1={1: 0.3, 2: 0.1}, SGD={1: 0.1, 2: 0.1}, Adam={1: 0.2, 2: 0.1})
    marks = {cells[0].text: cells[5].mark for cells in table(rows).lines()}
    assert [name for name, mark in marks.items() if mark == "best"] == ["Opt1", "A1"]
