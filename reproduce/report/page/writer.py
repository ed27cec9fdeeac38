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
from reproduce.report.page.content import Content, catalog_drawings, content_of, drawn
from reproduce.report.page.page import build_page, facts
from reproduce.report.page.search import search_results
from reproduce.report.page.tables import report_inputs
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
        contents = read_contents(rows, profiles)
        at_hand = {each.picture: found for each, found in zip(drawings, rendered(), strict=True)}
    for content in drawn(contents, cores, at_hand):
        yield write_report(content, output / content.inputs.profile)


def read_contents(rows: Path, profiles: Sequence[str]) -> list[Content]:
    """What the reports of these profiles show, not yet drawn; see `write_reports`."""
    collections = {profile: read_collection(rows, profile) for profile in profiles}
    checked = check(load_claims(CLAIMS), collections)
    return [
        content_of(report_inputs(found, checked, search_results(found.search, found.folder)))
        for found in collections.values()
    ]


def write_report(content: Content, folder: Path) -> str:
    """Write ``index.html``, ``tables/``, ``figures/`` with their captions, and ``cards/``; returns a line about it.

    Raises:
        ReproduceError: If a file cannot be written.
    """
    inputs = content.inputs
    pictures = [picture for of_heading in content.pictures.values() for picture in of_heading]
    tables = [table for of_heading in inputs.tables.values() for table in of_heading]
    for table in tables:
        write_table(table, folder / "tables")
    write_pictures(pictures, folder / "figures")
    write_text(folder / "figures" / "captions.md", captions(content))
    for card in content.cards:
        write_text(folder / "cards" / f"{card.file}.md", to_markdown(card))
    page = folder / "index.html"
    write_text(page, build_page(content))
    runs = sum(len(of_study) for of_study in inputs.studies.values())
    cards = number_of(len(content.cards), "optimizer card")
    return (
        f"{page}: profile {inputs.profile}, {number_of(runs, 'run')}; beside it {number_of(len(tables), 'table')}, "
        f"{number_of(len(pictures), 'figure')} and {cards} as files of their own"
    )


def captions(content: Content) -> str:
    """The captions of all figures as Markdown, by heading, after what the numbers were measured on."""
    lines = ["# Figures", facts(content.inputs)]
    for heading, pictures in content.pictures.items():
        lines += [f"## {heading}", *(f"- `{picture.name}`: {picture.caption}" for picture in pictures)]
    return "\n\n".join(lines) + "\n"
