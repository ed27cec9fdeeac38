import dataclasses
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from reproduce.report.results import frame
from reproduce.report.tables import Table, latex_text, main_table, to_csv, to_latex, to_markdown
from reproduce.study.optimizers import Entrant
from reproduce.study.plan import next_jobs
from reproduce.study.protocol import Protocol
from reproduce.study.rows import Job, Row
from tests.reproduce.cases import ENTRANTS, TINY, diverged_row, invented_row


def all_rows() -> list[Row]:
    rows: list[Row] = []
    while jobs := next_jobs(TINY, ENTRANTS, rows):
        rows += [invented_row(job) for job in jobs]
    return rows


def table(rows: Sequence[Row], protocol: Protocol = TINY, entrants: Sequence[Entrant] = ENTRANTS) -> Table:
    return main_table(protocol, entrants, rows)


def line(rows: Sequence[Row], optimizer: str) -> tuple[str, ...]:
    return next(cells for cells in table(rows).cells if cells[0] == optimizer)


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
    # Differences 2 and 6 points: mean 4, sd 2 sqrt(2), standard error 2, t(0.975, 1) = 12.7062.
    assert line(rows, "Opt1") == (
        *("Opt1", "spec", "0.1", "89.9", "54.0", "2.8", "2", "+4.0", "-21.4 to +29.4", "tie"),
    )
    assert line(rows, "Adam")[4:] == ("50.0", "0.0", "2", "-", "-", "-")


@pytest.mark.parametrize(("shift", "verdict"), [(0.1, "better"), (-0.1, "worse"), (0.0, "tie")])
def test_verdicts(shift: float, verdict: str) -> None:
    rows = with_finals(A1={1: 0.6 + shift, 2: 0.7 + shift}, Adam={1: 0.6, 2: 0.7})
    assert line(rows, "A1")[-1] == verdict


def test_no_rows_give_a_table_of_cells_not_run() -> None:
    empty = table([])
    assert [cells[0] for cells in empty.cells] == list(TINY.optimizers.names)
    assert {cell for cells in empty.cells for cell in cells[2:]} == {"not run"}
    assert "no data" in empty.caption
    assert "Opt1,catalog,,False,,,,0,0,,,," in to_csv(empty)


def test_a_tuned_optimizer_without_final_runs_shows_its_rate() -> None:
    rows = [row for row in all_rows() if row.phase == "tune"]
    assert line(rows, "Opt1")[2:5] == ("0.1", "not run", "not run")


def test_one_seed_has_no_spread_and_no_verdict_but_a_tie() -> None:
    rows = with_finals(Opt1={1: 0.6}, Adam={1: 0.5, 2: 0.5})
    assert line(rows, "Opt1")[4:] == ("60.0", "-", "1", "+10.0", "-", "tie")


def test_without_the_reference_differences_are_not_run() -> None:
    rows = with_finals(Adam={})
    assert line(rows, "Opt1")[-3:] == ("not run",) * 3
    assert line(rows, "Adam")[3:] == ("not run",) * 7


def test_a_diverged_run_counts_as_guessing_and_is_said() -> None:
    rows = with_finals(Opt1={1: None, 2: 0.5})
    assert line(rows, "Opt1")[4] == "30.0"
    assert "1 of these runs diverged and count as guessing" in table(rows).caption
    assert to_csv(table(rows)).split("\n")[1].split(",")[7:9] == ["2", "1"]


def test_everything_diverged() -> None:
    rows: list[Row] = []
    while jobs := next_jobs(TINY, ENTRANTS, rows):
        rows += [diverged_row(job) for job in jobs]
    assert line(rows, "Opt1")[2:] == ("0.0001*", "10.0", "10.0", "0.0", "2", "0.0", "0.0 to 0.0", "tie")


def test_a_rate_at_the_edge_is_marked() -> None:
    assert line(all_rows(), "SGD")[2] == "100*"
    assert "A rate with *" in table(all_rows()).caption


def test_the_caption_places_the_numbers() -> None:
    caption = table(all_rows()).caption
    for part in ("Profile tiny", "digits", "a processor, tensorflow", "(2 planned)", "95 %", "Adam"):
        assert part in caption


def test_optimizers_that_nothing_tells_apart_are_named() -> None:
    assert "told apart" not in table(all_rows()).caption
    rows = all_rows()
    twins = [
        dataclasses.replace(row, optimizer="A1", fingerprint=ENTRANTS[1].fingerprint)
        for row in rows
        if row.optimizer == "Opt1"
    ]
    caption = table([*twins, *(row for row in rows if row.optimizer != "A1")]).caption
    assert "told apart by nothing here: Opt1, A1." in caption


def test_same_rows_same_bytes() -> None:
    rows = all_rows()
    for form in (to_csv, to_markdown, to_latex):
        assert form(table(rows)) == form(table(list(rows)))
        assert form(table(rows)) == form(table(sorted(rows, key=lambda row: row.seed)))


def hostile() -> Table:
    name = r"Ünï|_&%$#{}~^\ <b>[red]"
    settings = dataclasses.replace(TINY.optimizers, catalog=(name,), keras=("Adam",))
    protocol = dataclasses.replace(TINY, optimizers=settings)
    entrants = (Entrant(name, "catalog", None), ENTRANTS[3])
    rows = [invented_row(Job(name, "tune", rate, 0)) for rate in (0.01, 0.1, 1.0)]
    return table(rows, protocol, entrants)


def test_every_form_survives_any_name() -> None:
    assert r"| Ünï\|_&%" in to_markdown(hostile())
    assert latex_text(r"_&%\~") == r"\_\&\%\textbackslash{}\textasciitilde{}"
    assert r"Ünï|\_\&\%\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{} " in to_latex(hostile())
    assert to_csv(hostile()).count("\n") == 3


def test_markdown_is_rectangular() -> None:
    lines = to_markdown(table(all_rows())).split("\n\n")[1].strip().split("\n")
    assert len({each.count("|") for each in lines}) == 1
    assert len(lines) == 2 + len(ENTRANTS)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_latex_compiles(tmp_path: Path) -> None:
    tables = "\n".join(to_latex(each) for each in (table(all_rows()), table([]), hostile()))
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}\\begin{document}\n"
        + tables
        + "\\end{document}\n"
    )
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main"], cwd=tmp_path, check=True, timeout=60
    )


def test_frame_has_a_line_for_each_run() -> None:
    rows = with_finals(Opt1={1: None, 2: 0.5})
    runs = frame(rows)
    assert len(runs) == len(rows)
    diverged = runs[runs.outcome == "diverged"].iloc[0]
    assert (diverged.optimizer, diverged.seed, diverged.diverged_at) == ("Opt1", 1, 3)
    assert str(diverged.test_accuracy) == "nan"
    assert list(frame([]).columns) == list(runs.columns)
