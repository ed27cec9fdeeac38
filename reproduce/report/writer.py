"""The report on disk: for each profile the page, and its tables, figures and cards as files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reproduce.files import write_text
from reproduce.machine import usable_cores
from reproduce.report.cards import cards, to_markdown
from reproduce.report.claims import CLAIMS, check, load_claims
from reproduce.report.collection import read_collection
from reproduce.report.figures.catalogue import all_pictures
from reproduce.report.figures.learning import file_name
from reproduce.report.forms import write_table
from reproduce.report.inputs import ReportInputs
from reproduce.report.page import build_page
from reproduce.report.rendering import render_all
from reproduce.report.report_inputs import report_inputs
from reproduce.report.runs import number_of
from reproduce.report.search_results import search_results
from reproduce.report.style import Picture, write_pictures


def write_reports(rows: Path, profiles: Sequence[str], output: Path) -> Iterator[str]:
    """Write the report of each profile to ``output``/PROFILE; yields a line for each that was written.

    Args:
        rows: The folder of rows.
        profiles: The profiles; claims are checked against the rows of all of them.
        output: The folder to write to.

    Raises:
        ReproduceError: If rows or claims cannot be read, or a file cannot be written.
    """
    collections = {profile: read_collection(rows, profile) for profile in profiles}
    checked = check(load_claims(CLAIMS), collections)
    for profile, found in collections.items():
        inputs = report_inputs(found, checked, search_results(found.search, found.folder))
        yield write_report(inputs, output / profile)


def write_report(inputs: ReportInputs, folder: Path) -> str:
    """Write ``index.html``, ``tables/``, ``figures/`` with their captions, and ``cards/``; returns a line about it.

    Raises:
        ReproduceError: If a file cannot be written.
    """
    headed = _rendered(all_pictures(inputs))
    pictures = [picture for of_heading in headed.values() for picture in of_heading]
    tables = [table for of_heading in inputs.tables.values() for table in of_heading]
    shown = cards(inputs)
    for table in tables:
        write_table(table, folder / "tables")
    write_pictures(pictures, folder / "figures")
    write_text(folder / "figures" / "captions.md", captions(headed))
    for card in shown:
        write_text(folder / "cards" / f"{file_name(card.name)}.md", to_markdown(card))
    page = folder / "index.html"
    write_text(page, build_page(inputs, headed, usable_cores()))
    runs = sum(len(of_study) for of_study in inputs.studies.values())
    return (
        f"{page}: profile {inputs.profile}, {number_of(runs, 'run')}; beside it {number_of(len(tables), 'table')}, "
        f"{number_of(len(pictures), 'figure')} and {number_of(len(shown), 'optimizer card')} as files of their own"
    )


def captions(headed: Mapping[str, Sequence[Picture]]) -> str:
    """The captions of all figures as Markdown, by heading."""
    lines = ["# Figures"]
    for heading, pictures in headed.items():
        lines += [f"## {heading}", *(f"- `{picture.name}`: {picture.caption}" for picture in pictures)]
    return "\n\n".join(lines) + "\n"


def _rendered(headed: Mapping[str, Sequence[Picture]]) -> dict[str, list[Picture]]:
    """The pictures with their files at hand, drawn once and on every core."""
    drawn = iter(
        render_all([picture for pictures in headed.values() for picture in pictures], processes=usable_cores())
    )
    return {heading: [next(drawn) for _ in pictures] for heading, pictures in headed.items()}
