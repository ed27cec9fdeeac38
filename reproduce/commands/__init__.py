"""The commands of the command line, one module for each group of them.

A module offers ``add(commands)``, which adds its parsers and sets ``command`` in each: a function of the parsed options
and the console, returning an exit status or None for 0. What a command needs is imported when it runs, so that
``--help`` is quick and no library is needed that the command does not use.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

#: Runs a command; returns an exit status, or None for 0.
Command: TypeAlias = Callable[[argparse.Namespace, Console], int | None]


#: The modules of this package that hold commands, in the order of ``--help``.
_MODULES = ("study", "search", "elimination", "estimate", "published", "report", "data", "bench")


def add_commands(commands: Commands) -> None:
    """Add every command."""
    for name in _MODULES:
        import_module(f"reproduce.commands.{name}").add(commands)
