"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path


def expanded(text: str) -> Path:
    """A path in which ``~`` is the home folder and ``~NAME`` that of another user, whatever the shell made of it.

    Raises:
        argparse.ArgumentTypeError: If there is no such folder.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"{text!r} begins in a home folder that is not known here") from None


def profile(text: str) -> str:
    """A profile's name, or the path of a protocol file."""
    from reproduce.protocols import is_path

    return str(expanded(text)) if is_path(text) else text


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Add ``--profile``, which names the protocol to run."""
    parser.add_argument(
        "--profile",
        type=profile,
        default="smoke",
        help="a profile's name, or the path of a protocol file (default: %(default)s)",
    )


def add_data_dir(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add ``--data-dir``; ``more`` ends its help."""
    where = (
        'the folder that holds data sets as DIR/NAME or DIR/NAME.tar.xz; or, for source = "folder", the data set '
        "itself, DIR/{train,test}/CLASS/*.jpg"
    )
    parser.add_argument("--data-dir", type=expanded, metavar="DIR", help=where + more)


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--output``; ``what`` says in its help what goes there."""
    parser.add_argument(
        "--output", type=expanded, default=Path("output"), metavar="DIR", help=f"{what} (default: %(default)s)"
    )


def positive(text: str) -> int:
    """A positive integer below a million.

    Raises:
        argparse.ArgumentTypeError: For anything else.
    """
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"must be a positive integer; received {text!r}")
    return int(text)
