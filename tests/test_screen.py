"""Tables on screen: whatever the width of the terminal, no number is cut and no line is longer than it."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from reproduce.screen import screen_table, show_table


def shown(table, width: int) -> str:
    console = Console(width=width, file=io.StringIO())
    show_table(console, table)
    return console.file.getvalue()


def table(name: str = "#143"):
    made = screen_table(
        ("candidate", "searched", "to Adam", "p", "to Nesterov", "p"), (False, True, False, True, False, True)
    )
    made.add_row(Text("evolved"), *[""] * 5)
    made.add_row(Text(name), "98.88", "-19.70 tie", ".183", "+12.25 better", "1.000")
    made.add_section()
    made.add_row(Text("Adam"), "-", "-", "-", "-", "-")
    return made


LONG = "None ~ exp(tanh(softsign(bessel_i1e(arcsinh(g))))) and more"
CELLS = ("98.88", "-19.70 tie", ".183", "+12.25 better", "1.000", "searched", "to Adam", "to Nesterov")


def test_what_fits_is_one_table_two_blanks_apart_or_one():
    wide, close = shown(table(), 80), shown(table(), 52)
    assert "#143          98.88  -19.70 tie  .183  +12.25 better  1.000\n" in wide
    assert "#143         98.88 -19.70 tie .183 +12.25 better 1.000\n" in shown(table(), 55)
    assert wide.count("candidate") == 1
    assert close.count("candidate") == 2


@pytest.mark.parametrize("width", [80, 52, 40, 30])
@pytest.mark.parametrize("name", ["#143", LONG])
def test_nothing_is_cut_at_any_width(width: int, name: str):
    text = shown(table(name), width)
    assert "…" not in text
    assert all(cell in text for cell in CELLS)
    assert max(map(len, text.splitlines())) <= width


def test_a_name_without_room_is_broken_and_whole():
    made = screen_table(("candidate", "score"), (False, True))
    made.add_row(LONG, "0.8366")
    lines = shown(made, 40).splitlines()[2:]
    assert lines[0].endswith(" 0.8366")
    assert "".join(line.removesuffix("0.8366") for line in lines).replace(" ", "") == LONG.replace(" ", "")


@pytest.mark.parametrize("width", [52, 40, 30])
def test_each_part_begins_with_the_names_and_no_p_value_is_torn_from_its_difference(width: int):
    parts = shown(table(), width).split("\n\n")
    assert len(parts) > 1
    for part in parts:
        assert part.startswith("candidate")
        assert [line.split()[0] for line in part.splitlines() if line.strip() and "─" not in line][1:] == [
            "evolved", "#143", "Adam",
        ]  # fmt: skip
    assert [("p" in part.split(), "to" in part.split()) for part in parts].count((True, False)) == 0


def test_a_title_stands_over_the_first_part_alone():
    made = table()
    made.title = "Measured"
    assert shown(made, 80).count("Measured") == 1
    assert shown(made, 40).count("Measured") == 1
