"""The command line: ``python -m reproduce COMMAND``; see `reproduce.commands` for what there is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console

from reproduce.commands import Command, add_commands
from reproduce.errors import ReproduceError, notify_of_warnings
from reproduce.libraries import enter_known_state
from reproduce.lifetime import Terminated, terminations_raised
from reproduce.screen import note, replace_unprintable

_INTERRUPTED = 130
_GOES_ON = "Every finished run is kept: the same command goes on from there."
#: Packages that not every installation has, and the extra of this project that brings each.
_EXTRAS = {
    **dict.fromkeys(("cattrs", "filelock", "jinja2", "latex2mathml", "matplotlib", "pandas"), "reproduce"),
    **dict.fromkeys(("PIL", "sklearn", "scipy"), "reproduce"),
    **dict.fromkeys(("tensorflow_datasets", "keras_cv"), "data"),
    **dict.fromkeys(("jax", "optax"), "search"),
    "tensorflow": "cpu",
    "ray": "cluster",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status.

    It is 0, 2 for what the user can mend, 130 when interrupted, and 128 more than the number of a signal to end.
    """
    replace_unprintable()
    parser = argparse.ArgumentParser(prog="python -m reproduce", description="The experiments of this repository.")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    console, errors = Console(), Console(stderr=True, soft_wrap=True)
    try:
        options = parser.parse_args(arguments)
        command: Command = options.command
        with terminations_raised(), notify_of_warnings(lambda text: note(console, text)):
            enter_known_state()  # Before the command imports what reads it.
            return command(options, console) or 0
    except ReproduceError as error:
        errors.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        extra = f"paper-optimizers[{_EXTRAS[package]}]"
        errors.print(
            f"error: this command needs the package {package!r}: pip install '{extra}' (in a checkout: make venv)",
            style="red", markup=False, highlight=False,
        )  # fmt: skip
        return 2
    except KeyboardInterrupt:
        errors.print(f"Interrupted. {_GOES_ON}")
        return _INTERRUPTED
    except Terminated as ended:
        errors.print(f"Ended by {ended}. {_GOES_ON}")
        return 128 + ended.signal
