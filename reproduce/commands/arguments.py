"""Arguments that several commands share."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A positive integer below a million.

    Raises:
        argparse.ArgumentTypeError: For anything else.
    """
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"must be a positive integer; received {text!r}")
    return int(text)
