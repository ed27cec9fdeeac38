"""Tables on screen: whatever the width of the terminal, no number is broken and nothing is cut."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from reproduce.screen import note, screen_table, show_table


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


def test_a_note_is_shown_once_on_a_console():
    consoles = [Console(file=io.StringIO()) for _ in range(2)]
    for console in consoles:
        for text in ("one", "two", "one"):
            note(console, text)
        assert console.file.getvalue() == "Note: one\nNote: two\n"


def test_what_fits_is_not_broken():
    text = shown(table(), 80)
    assert "#143          98.88  -19.70 tie  .183  +12.25 better  1.000\n" in text
    assert text.count("candidate") == 1


@pytest.mark.parametrize("width", [80, 66])
@pytest.mark.parametrize("name", ["#143", LONG])
def test_text_is_broken_where_there_is_no_room_and_nothing_is_cut(width: int, name: str):
    text = shown(table(name), width)
    assert "…" not in text
    assert all(number in text for number in ("98.88", "-19.70", ".183", "+12.25", "1.000"))
    assert max(map(len, text.splitlines())) <= width


def test_a_number_is_whole_where_there_is_no_room_for_it():
    assert shown(table(LONG), 10) == shown(table(LONG), 50)
    assert all(number in shown(table(LONG), 10) for number in ("98.88", "-19.70", ".183", "+12.25", "1.000"))


def test_a_name_without_room_is_broken_and_whole():
    made = screen_table(("candidate", "score"), (False, True))
    made.add_row(LONG, "0.8366")
    lines = shown(made, 40).splitlines()[2:]
    assert lines[0].endswith(" 0.8366")
    assert "".join(line.removesuffix("0.8366") for line in lines).replace(" ", "") == LONG.replace(" ", "")
