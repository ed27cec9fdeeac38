"""``data list``, ``data verify`` and ``data prepare``: what data sets there are, whether they are whole, and more."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich.console import Console

from reproduce.commands.arguments import expanded
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands


def add(commands: Commands) -> None:
    """Add ``data``."""
    data = commands.add_parser("data", help="list, verify or fetch the data sets")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="what there is, how much of it, its licence, and how to get the rest")
    listed.set_defaults(command=_list)
    verify = actions.add_parser("verify", help="read every image of what there is, and print its checksum")
    verify.add_argument("names", nargs="*", metavar="NAME", help="data sets (default: all that are there)")
    verify.set_defaults(command=_verify)
    prepare = actions.add_parser("prepare", help="fetch data sets by TensorFlow Datasets, with checksums")
    prepare.add_argument("names", nargs="+", metavar="NAME", help="data sets, as data list calls them")
    prepare.set_defaults(command=_prepare)
    for action in (listed, verify, prepare):
        action.add_argument(
            "--data-dir",
            type=expanded,
            metavar="DIR",
            help="where data sets are: DIR/NAME/{train,test}/CLASS/*.jpg, archives DIR/NAME.tar.xz, or fetched to "
            "DIR/tensorflow_datasets (without it: TFDS_DATA_DIR or ~/tensorflow_datasets)",
        )


def _list(options: argparse.Namespace, console: Console) -> int:
    from reproduce.data.inventory import BUILT_IN, NAMES, Missing, inspect
    from reproduce.errors import DataError
    from reproduce.screen import screen_table, show_table

    _require_folder(options)
    table = screen_table(["data set", "classes", "train", "test", "licence"], [False, True, True, True, False])
    notes = []
    failed = 0
    for name in NAMES:
        try:
            found = inspect(name, options.data_dir, verify=False)
        except DataError as error:
            failed += 1
            table.add_row(name, "damaged", "", "", "")
            notes.append(f"{name}: {error}")
            continue
        if isinstance(found, Missing):
            table.add_row(name, "missing", "", "", found.licence)
            notes.append(f"{name} is missing: {found.remedy}.")
        else:
            table.add_row(name, str(found.num_classes), *(f"{count:,}" for count in found.counts), found.licence)
            if found.origin != BUILT_IN:
                notes.append(f"{name}: {found.origin}{_part_of(found.counts, found.published)}")
    show_table(console, table)
    for note in notes:
        say(console, note)
    return 2 if failed else 0


def _verify(options: argparse.Namespace, console: Console) -> int:
    from reproduce.data.inventory import NAMES, Missing, inspect
    from reproduce.errors import DataError

    _require_folder(options)
    failed = 0
    for name in options.names or NAMES:
        try:
            found = inspect(name, options.data_dir, verify=True)
        except DataError as error:
            failed += 1
            line = f"{name}: {error}"
        else:
            if isinstance(found, Missing):
                failed += name in options.names
                line = f"{name} is missing: {found.remedy}."
            else:
                train, test = found.counts
                line = (
                    f"{name}: {found.num_classes} classes, {train:,} + {test:,} samples, SHA-256 {found.checksum}, "
                    f"{found.origin}"
                )
        say(console, line)
    return 2 if failed else 0


def _prepare(options: argparse.Namespace, console: Console) -> None:
    from reproduce.data.catalogue import CATALOGUE
    from reproduce.data.inventory import Found, inspect
    from reproduce.data.prepared import prepare

    for name in options.names:
        found = inspect(name, options.data_dir, verify=False)
        origin = found.origin if isinstance(found, Found) else prepare(CATALOGUE[name], options.data_dir).origin
        say(console, f"{name} is ready: {origin}")


def _require_folder(options: argparse.Namespace) -> None:
    """One error, rather than one for each data set."""
    from reproduce.data.sources import require_folder

    if options.data_dir is not None:
        require_folder(options.data_dir)


def _part_of(counts: tuple[int, int], published: tuple[int, int] | None) -> str:
    if published is None or counts == published:
        return ""
    train, test = published
    return f" (not the published split, which has {train:,} and {test:,} images)"
