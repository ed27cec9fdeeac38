"""The report on disk: for each profile the page, and its tables, figures and cards as files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reproduce.counts import number_of
from reproduce.files import write_text
from reproduce.machine import usable_cores
from reproduce.report.cards.card import to_markdown
from reproduce.report.claims.claim import CLAIMS, check, load_claims
from reproduce.report.collection import read_collection
from reproduce.report.forms import write_table
from reproduce.report.page.page import build_page, facts
from reproduce.report.page.report import Report, catalog_drawings, drawn, report_of
from reproduce.report.page.search import search_results
from reproduce.report.rendering import rendering
from reproduce.report.style import write_pictures


def write_reports(rows: Path, profiles: Sequence[str], output: Path) -> Iterator[str]:
    """Write the report of each profile to ``output``/PROFILE; yields a line for each that was written.

    Args:
        rows: The folder of rows.
        profiles: The profiles; claims are checked against the rows of all of them.
        output: The folder to write to.

    Raises:
        ReproduceError: If rows or claims cannot be read, a file cannot be written, or a process that draws was ended.
    """
    cores, drawings = usable_cores(), catalog_drawings()
    with rendering(drawings, cores) as rendered:
        reports = read_reports(rows, profiles)
        at_hand = {each.picture: found for each, found in zip(drawings, rendered(), strict=True)}
    for report in drawn(reports, cores, at_hand):
        yield write_report(report, output / report.profile)


def read_reports(rows: Path, profiles: Sequence[str]) -> list[Report]:
    """The reports of these profiles, not yet drawn; see `write_reports`."""
    collections = {profile: read_collection(rows, profile) for profile in profiles}
    checked = check(load_claims(CLAIMS), collections)
    return [report_of(found, checked, search_results(found)) for found in collections.values()]


def write_report(report: Report, folder: Path) -> str:
    """Write ``index.html``, ``tables/``, ``figures/`` with their captions, and ``cards/``; returns a line about it.

    Raises:
        ReproduceError: If a file cannot be written.
    """
    tables, pictures, page = report.all_tables, report.all_pictures, folder / "index.html"
    for table in tables:
        write_table(table, folder / "tables")
    write_pictures(pictures, folder / "figures")
    write_text(folder / "figures" / "captions.md", captions(report))
    for card in report.cards:
        write_text(folder / "cards" / f"{card.file}.md", to_markdown(card))
    write_text(page, build_page(report))
    runs, cards = sum(len(study.rows) for study in report.studies), number_of(len(report.cards), "optimizer card")
    return (
        f"{page}: profile {report.profile}, {number_of(runs, 'run')}; beside it {number_of(len(tables), 'table')}, "
        f"{number_of(len(pictures), 'figure')} and {cards} as files of their own"
    )


def captions(report: Report) -> str:
    """The captions of all figures as Markdown, by heading, after what the numbers were measured on."""
    lines = ["# Figures", facts(report)]
    for heading, pictures in report.pictures.items():
        lines += [f"## {heading}", *(f"- `{picture.name}`: {picture.caption}" for picture in pictures)]
    return "\n\n".join(lines) + "\n"
