"""docs/reference/commands.md: every command with its options, written from the parsers by ``make pages``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from reproduce.commands import add_commands
from reproduce.files import write_bytes

#: The page, in a checkout.
PATH = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"
_START = """# Commands

Every command of the program, which is begun as `python -m reproduce COMMAND`, in the order of `--help`. Most have a
target of the Makefile, which makes the environment first: `make help` lists them. `make pages` writes this page from
the program's own parsers.
"""


def page() -> str:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m reproduce")
    commands = parser.add_subparsers()
    add_commands(commands)
    helps = {action.dest: action.help or "" for action in commands._choices_actions}
    sections = (_section(each, helps.get(name, "")) for name, each in commands.choices.items())
    return "\n".join([_START, *sections])


def _section(parser: argparse.ArgumentParser, about: str) -> str:
    """A command: what it does, and a table of what it takes; then the commands below it, where there are any."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    lines = [f"## {parser.prog.removeprefix('python -m reproduce ')}", "", _sentence(about), ""]
    rows = list(_rows(parser))
    if rows:
        lines += ["| option | what it is |", "|---|---|", *rows, ""]
    for action in below:
        helps = {each.dest: each.help or "" for each in action._choices_actions}
        lines += [_section(each, helps.get(name, "")) for name, each in action.choices.items()]
    return "\n".join(lines)


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    formatter = parser._get_formatter()
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        name = ", ".join(action.option_strings) or _value(action)
        value = f" {_value(action)}" if action.option_strings and action.nargs != 0 else ""
        text = formatter._expand_help(action) if action.help else ""
        cells = (f"`{name}{value}`", _sentence(text))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(action: argparse.Action) -> str:
    """The placeholder of an option's value."""
    names = action.metavar if action.metavar is not None else action.dest.upper()
    if action.choices is not None and action.metavar is None:
        names = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    return names if isinstance(names, str) else " ".join(names)


def _sentence(text: str) -> str:
    """Begin with a capital, end with a full stop, and leave out what is true of this machine alone."""
    text = re.sub(r": \d+ here", "", " ".join(text.split()))
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


if __name__ == "__main__":
    write_bytes(PATH, page().encode())
