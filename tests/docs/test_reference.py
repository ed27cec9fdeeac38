"""The reference of commands is what the program's parsers say, and tables of rates what the kept rows say."""

import argparse

from reproduce.commands import add_commands
from reproduce.commands.reference import PATH, page
from reproduce.report.pages import ROOT, choose, rates, reference


def test_the_page_is_written_anew_whenever_a_parser_changes() -> None:
    assert PATH.read_text("utf-8") == page(), "run: make pages"


def test_it_has_every_command_and_every_option_with_a_sentence() -> None:
    parser = argparse.ArgumentParser(prog="python -m reproduce")
    commands = parser.add_subparsers()
    add_commands(commands)
    text = page()
    for name, command in commands.choices.items():
        assert f"\n## {name}\n" in text
        for option in command._option_string_actions:
            if option.startswith("--") and option != "--help":
                assert option in text, (name, option)
    tables = [line for line in text.splitlines() if line.startswith("| `")]
    assert [line for line in tables if not line.endswith(". |")] == []


def test_which_one_and_which_rate_are_those_of_the_kept_rows() -> None:
    text = choose.page()
    assert (ROOT / "docs" / "choose.md").read_text("utf-8") == text, "run: make pages"
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in choose.rates_table().splitlines()[2:]}
    assert {"Opt1", "Opt10", "A5", "Adam", "AdamW"} <= lines.keys()
    assert "clipnorm" in lines["Opt4"]
    assert "clipnorm" not in lines["Adam"]
    assert " UNDECIDED |" in text


def test_each_evolved_optimizer_s_line_says_what_the_tables_below_say() -> None:
    heads, _, *lines = (line.strip("| ").split(" | ") for line in choose.evolved_table().splitlines())
    below = {part.partition(":")[0]: part for part in choose.differences().split("### ")[:0:-1]}
    words = {"SUPPORTED": "**better**", "CONTRADICTED": "**worse**"}
    assert [line[0] for line in lines] == [*(f"Opt{n}" for n in range(1, 11)), *(f"A{n}" for n in range(1, 6))]
    for name, *cells in lines:
        for head, cell in zip(heads[1:], cells, strict=True):
            task = below[head.rpartition(", n = ")[0]]
            found = [row for row in task.splitlines() if name in row.strip("| ").split(" | ")[0].split(", ")]
            if cell.startswith("as "):
                assert found == []
                assert cell.removeprefix("as ") == {"O": "Opt7" if name == "Opt8" else "Opt1", "A": "A1"}[name[0]]
                continue
            *_, difference, verdict = found[0].strip("| ").split(" | ")
            assert cell == f"{difference}, {words.get(verdict, verdict.lower())}"
    assert sum(not cell.startswith("as ") for line in lines for cell in line[1:]) == 39


def test_the_catalog_s_rates_and_the_classes_page_are_those_of_the_kept_rows() -> None:
    for path, data in rates.files().items():
        assert (ROOT / path).read_bytes() == data, f"{path}; run: make pages"
    text = (ROOT / "docs" / "reference" / "optimizers.md").read_text("utf-8")
    assert text == reference.page(), "run: make pages"
    for name in ("Opt1", "Opt9", "A5"):
        assert f"\n## {name}\n" in text
        assert f"`paper_optimizers.torch.{name}(" in text
