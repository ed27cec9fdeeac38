"""The reference of commands is what the program's parsers say."""

import argparse

from reproduce.commands import add_commands
from reproduce.commands.reference import PATH, page


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
