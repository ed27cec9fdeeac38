"""Commands on stored rows, without training: ``report`` and ``check-claims``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from reproduce.commands.arguments import expanded
from reproduce.counts import number_of
from reproduce.screen import say

if TYPE_CHECKING:
    from reproduce.commands import Commands
    from reproduce.report.claims.claim import Checked

#: The profile that a report is of where there are no rows at all.
DEFAULT_PROFILE = "smoke"
_LACKING = (
    "Note: {folder} lacks the rows for {claims}; the command below each makes them. Without --rows (make: ROWS) those "
    "kept with the repository are read."
)


def add(commands: Commands) -> None:
    """Add the two commands."""
    report = commands.add_parser("report", help="write the report of stored rows: one HTML page, tables and figures")
    report.set_defaults(command=_report)
    report.add_argument(
        "--output",
        type=expanded,
        default=Path("output") / "report",
        metavar="DIR",
        help="the page goes to DIR/PROFILE/index.html, beside tables and figures (default: %(default)s)",
    )
    check = commands.add_parser(
        "check-claims", help="say which claims the stored rows bear out, which they do not, and which they leave open"
    )
    check.set_defaults(command=_check)
    check.add_argument(
        "--claims", type=expanded, metavar="FILE", help="claims as TOML (default: artifact/claims.toml of the checkout)"
    )
    for parser in (report, check):
        parser.add_argument(
            "--rows",
            type=expanded,
            metavar="DIR",
            help="where rows lie, as DIR/PROFILE/STUDY (default: artifact/results of the checkout)",
        )
        parser.add_argument(
            "--profile", nargs="+", metavar="NAME", help="the profiles to look at (default: all that have rows)"
        )


def _report(options: argparse.Namespace, console: Console) -> None:
    from reproduce.report.page.writer import write_reports

    folder, profiles = _stored(options)
    for line in write_reports(folder, profiles or [DEFAULT_PROFILE], options.output):
        say(console, line)


def _check(options: argparse.Namespace, console: Console) -> int:
    from reproduce.report.claims.claim import CLAIMS, by_source, check, counted_by_source, load_claims
    from reproduce.report.collection import read_collection

    folder, profiles = _stored(options)
    collections = {profile: read_collection(folder, profile) for profile in profiles}
    checked = check(load_claims(options.claims or CLAIMS), collections)
    for title, claims in by_source(checked).items():
        if claims:
            console.print(f"{title} ({number_of(len(claims), 'claim')})", style="bold", highlight=False)
        for each in claims:
            _show(each, console)
    for sentence in counted_by_source(checked):
        console.print(sentence, highlight=False)
    lacking = sum(each.verdict == "NOT RUN" != each.claim.expected for each in checked)
    if lacking:
        text = _LACKING.format(claims=number_of(lacking, "claim"), folder=folder)
        console.print(text, style="yellow", highlight=False, markup=False)
    unexpected = [each.claim.name for each in checked if each.is_unexpected]
    if unexpected:
        console.print(f"Not as the claims' file expects: {', '.join(unexpected)}", style="red", highlight=False)
    return 1 if unexpected else 0


_STYLES = {"SUPPORTED": "green", "CONTRADICTED": "red", "EQUIVALENT": "blue", "UNDECIDED": "yellow", "NOT RUN": "dim"}


def _show(each: Checked, console: Console) -> None:
    """One claim in a few lines."""
    claim = each.claim
    console.print(Text.assemble((f"{each.verdict:<12} ", _STYLES[each.verdict]), f"{claim.name}: {claim.statement}"))
    profile = f"profile {each.profile}, " if each.profile else ""
    console.print(f"             {profile}{each.evidence}", style="dim", highlight=False, markup=False)
    console.print(
        f"             {claim.command} ({claim.minutes:g} min, {claim.gpu_hours:g} GPU h, {claim.disk_gb:g} GB)",
        style="dim",
        highlight=False,
        markup=False,
    )


def _stored(options: argparse.Namespace) -> tuple[Path, list[str]]:
    """The folder of rows and the profiles that are meant."""
    from reproduce.report.collection import profiles_in, require_results
    from reproduce.results_layout import STORED_RESULTS

    folder = options.rows or STORED_RESULTS
    if options.rows or options.profile:
        require_results(folder, options.profile or [])
    return folder, options.profile or profiles_in(folder)
