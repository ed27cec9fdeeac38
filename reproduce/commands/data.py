"""``data list``, ``data verify`` and ``data prepare``: what data sets there are, whether they are whole, and more."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reproduce.commands.arguments import expanded
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands

#: Exit status where a data set is missing, damaged or not laid out as it should be.
_TO_BE_MENDED = 2


def add(commands: Commands) -> None:
    """Add the command ``data`` to the parser."""
    data = commands.add_parser("data", help="list, verify or fetch the data sets")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="what there is, how much of it, its licence, and how to get the rest")
    listed.set_defaults(command=_list)
    verify = actions.add_parser(
        "verify", help="read every image, and print checksums; status 2 where a data set is missing or faulty"
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="data sets (default: all)")
    verify.set_defaults(command=_verify)
    prepare = actions.add_parser("prepare", help="fetch data sets by TensorFlow Datasets, with checksums")
    prepare.add_argument("names", nargs="+", metavar="NAME", help="data sets, as data list calls them")
    prepare.set_defaults(command=_prepare)
    for action in (listed, verify, prepare):
        action.add_argument(
            "--data-dir",
            type=expanded,
            metavar="DIR",
            help="where data sets are: DIR/NAME, a folder as published or {train,test}/CLASS/*.jpg, an archive of it, "
            "as DIR/NAME.tar.xz, or fetched to DIR/tensorflow_datasets (without it: TFDS_DATA_DIR or "
            "~/tensorflow_datasets)",
        )


def _inspected(names: Sequence[str], options: argparse.Namespace, *, verify: bool) -> Iterator[tuple[str, Any]]:
    """Each data set by its name as `reproduce.data.inventory` finds it, or the error that it raises."""
    from reproduce.data.inventory import inspect
    from reproduce.data.sources import require_folder
    from reproduce.errors import DataError

    if options.data_dir is not None:
        require_folder(options.data_dir)  # One error, rather than one for each data set.
    for name in names:
        try:
            yield name, inspect(name, options.data_dir, verify=verify)
        except DataError as error:
            yield name, error


def _list(options: argparse.Namespace, console: Console) -> int:
    from reproduce.data.inventory import BUILT_IN, NAMES, Missing
    from reproduce.errors import DataError
    from reproduce.screen import screen_table, show_table

    table = screen_table(["data set", "classes", "train", "test", "licence"], [False, True, True, True, False])
    notes = []
    faulty = False
    for name, found in _inspected(NAMES, options, verify=False):
        if isinstance(found, DataError):
            faulty = True
            table.add_row(name, "damaged", "", "", "")
            notes.append(f"{name}: {found}")
        elif isinstance(found, Missing):
            table.add_row(name, "missing", "", "", found.licence)
            notes.append(f"{name} is missing: {found.remedy}.")
        else:
            table.add_row(name, str(found.num_classes), *(f"{count:,}" for count in found.counts), found.licence)
            if found.origin != BUILT_IN:
                notes.append(f"{name}: {found.origin}{_part_of(found.counts, found.published)}{_beside(found.unread)}")
            if found.fault:
                faulty = True
                notes.append(f"{name} cannot be used as it is: {found.fault}")
    show_table(console, table)
    for note in notes:
        say(console, note)
    return _TO_BE_MENDED if faulty else 0


def _verify(options: argparse.Namespace, console: Console) -> int:
    from reproduce.data.inventory import NAMES, Missing
    from reproduce.errors import DataError

    faulty: list[str] = []
    missing: list[str] = []
    for name, found in _inspected(options.names or NAMES, options, verify=True):
        if isinstance(found, DataError):
            faulty.append(name)
            say(console, f"{name}: {found}")
        elif isinstance(found, Missing):
            missing.append(name)
            say(console, f"{name} is missing: {found.remedy}.")
        else:
            train, test = found.counts
            say(
                console,
                f"{name}: {found.num_classes} classes, {train:,} + {test:,} samples, SHA-256 {found.checksum}, "
                f"{found.origin}{_beside(found.unread)}",
            )
    if faulty:
        say(console, f"Not as they should be: {', '.join(faulty)}.")
    if missing:
        say(console, f"Missing: {', '.join(missing)}. To verify others alone, name them: data verify NAME ...")
    return _TO_BE_MENDED if faulty or missing else 0


def _prepare(options: argparse.Namespace, console: Console) -> None:
    from reproduce.data.catalog import CATALOG
    from reproduce.data.inventory import Found, inspect
    from reproduce.data.prepared import prepare
    from reproduce.errors import DataError

    for name in options.names:
        found = inspect(name, options.data_dir, verify=False)
        if isinstance(found, Found) and found.fault:
            raise DataError(f"{name} is there and cannot be used as it is: {found.fault}")
        origin = found.origin if isinstance(found, Found) else prepare(CATALOG[name], options.data_dir).origin
        say(console, f"{name} is ready: {origin}")


def _beside(unread: Mapping[str, int]) -> str:
    from reproduce.data.tree_files import named_folders

    return f"; beside it, not read: {named_folders(unread)}" if unread else ""


def _part_of(counts: tuple[int, int], published: tuple[int, int] | None) -> str:
    if published is None or counts == published:
        return ""
    train, test = published
    return f" (not the published split, which has {train:,} and {test:,} images)"
