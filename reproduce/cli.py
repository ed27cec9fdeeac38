"""The command line: ``python -m reproduce COMMAND``; see `reproduce.commands` for what there is."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from rich.console import Console

from reproduce.commands import Command, add_commands
from reproduce.errors import ReproduceError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for what the user can mend, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m reproduce", description="The experiments of this repository.")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    command: Command = options.command
    errors = Console(stderr=True, soft_wrap=True)
    try:
        return command(options, Console()) or 0
    except ReproduceError as error:
        errors.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        errors.print("Interrupted. Every finished run is kept: the same command goes on from there.")
        return _INTERRUPTED
