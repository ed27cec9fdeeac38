"""``devices``: what JAX and TensorFlow compute on, as a table and as an exit status."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add ``devices``."""
    parser = commands.add_parser("devices", help="show the devices that JAX and TensorFlow see")
    parser.add_argument(
        "--require", choices=("cpu", "gpu"), default="cpu", help="end with status 1 unless both see one"
    )
    parser.set_defaults(command=_devices)


def _devices(options: argparse.Namespace, console: Console) -> int:
    from reproduce.machine import visible_devices

    seen = visible_devices()
    for library, devices in seen.items():
        names = "not installed" if devices is None else ", ".join(name for _, name in devices) or "none"
        console.print(f"{library}: {names}", highlight=False, markup=False)
    lacking = [name for name, devices in seen.items() if options.require not in {kind for kind, _ in devices or ()}]
    if lacking:
        verb = "see" if len(lacking) > 1 else "sees"
        console.print(f"{' and '.join(lacking)} {verb} no {options.require}", style="red", highlight=False)
    return 1 if lacking else 0
