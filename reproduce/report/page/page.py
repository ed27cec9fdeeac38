"""The report: one HTML page that needs nothing but itself, from tables, figures, cards and rows."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from reproduce.counts import number_of
from reproduce.report.cards.card import Card
from reproduce.report.forms import Link, to_html
from reproduce.report.overall import repeated_words, shared_tasks
from reproduce.report.page.cards import card_anchor, card_html
from reproduce.report.page.figures import figure_html
from reproduce.report.page.mathml import to_mathml
from reproduce.report.page.report import HEADINGS, Report
from reproduce.report.page.runs import list_runs
from reproduce.report.results import num_diverged
from reproduce.report.table import Cell, Table

#: A browser that follows it loads nothing from anywhere.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_TITLE = "Evolved optimizers: report"
_OPTIMIZERS = (
    "A task that several studies share (the same data and settings) counts once on a card: shown are the runs of the "
    "study that has most of them for this optimizer."
)


@dataclass(frozen=True)
class _Part:
    """A section of the page: its heading, what it holds, and the entries of its list in the contents."""

    heading: str
    body: str
    entries: tuple[tuple[str, str], ...]

    @property
    def anchor(self) -> str:
        return "-".join(self.heading.lower().split())


def build_page(report: Report) -> str:
    """The page; the same content gives the same text.

    It opens from disk, loads nothing, and holds every table, figure, optimizer card and run.
    """
    runs = list_runs(report.studies)
    parts = [*_headed_parts(report, runs.link), _optimizers(report.cards, runs.link)]
    body = runs.to_html() or "<p>Nothing has been run.</p>"
    introduction = "<p>What the numbers of the tables and cards are made of, and where they link to.</p>"
    parts.append(_Part("Runs", f"{introduction}\n{body}", ()))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            _head(),
            "<body>",
            '<a class="skip" href="#main">Skip to the report</a>',
            _contents(parts),
            f'<header>\n<h1>{_TITLE}</h1>\n<p class="facts">{html.escape(facts(report))}</p>\n</header>',
            '<main id="main" tabindex="-1">',
            *(_section(part) for part in parts),
            "</main>",
            f"<script>{_asset('page.js')}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def _head() -> str:
    return (
        f'<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_TITLE}</title>\n'
        f"<style>{_asset('page.css')}</style>\n</head>"
    )


def facts(report: Report) -> str:
    """Where the numbers come from, in a paragraph."""
    rows = [row for study in report.studies for row in study.rows]
    if not rows:
        return f"Profile {report.profile}. Nothing has been run."
    devices = "; ".join(sorted({row.device for row in rows}))
    optimizers = number_of(len({row.optimizer for row in rows}), "optimizer")
    studies = (
        f"{number_of(len(report.studies), 'study', 'studies')} ({', '.join(each.name for each in report.studies)})"
    )
    tasks = number_of(len(shared_tasks(report.studies)), "task")
    hours = sum(row.seconds for row in rows) / 3600
    return (
        f"Profile {report.profile}: {number_of(len(rows), 'run')} of {optimizers} on {tasks} in {studies}, "
        f"{num_diverged(rows)} of them diverged, {hours:.1f} hours in all, on {devices}. "
        f"{repeated_words(report.studies)}Numbers are comparable within a profile and a data set, and with nothing "
        "else."
    )


def _contents(parts: Sequence[_Part]) -> str:
    lines = ['<nav class="contents" aria-label="Contents">', "<ul>"]
    for part in parts:
        below = "".join(f'<li><a href="#{anchor}">{html.escape(title)}</a></li>' for anchor, title in part.entries)
        heading = f'<a href="#{part.anchor}">{html.escape(part.heading)}</a>'
        lines.append(f"<li>{heading}{f'<ul>{below}</ul>' if below else ''}</li>")
    return "\n".join([*lines, "</ul>", "</nav>"])


def _section(part: _Part) -> str:
    return (
        f'<section id="{part.anchor}" aria-labelledby="{part.anchor}-heading">\n'
        f'<h2 id="{part.anchor}-heading">{html.escape(part.heading)}</h2>\n{part.body}\n</section>'
    )


def _headed_parts(report: Report, link: Link) -> Iterator[_Part]:
    """A part for each heading that has a table or a figure."""
    number = 0
    for heading in dict.fromkeys((*HEADINGS, *report.tables, *report.pictures)):
        tables, drawn = report.tables.get(heading, ()), report.pictures.get(heading, ())
        if not tables and not drawn:
            continue
        entries = [(f"table-{html.escape(table.name)}", table.title) for table in tables]
        if drawn:
            last = number + len(drawn)
            label = f"Figure {last}" if len(drawn) == 1 else f"Figures {number + 1} to {last}"
            entries.append((f"figure-{html.escape(drawn[0].name)}", label))
        figures = [figure_html(each, f"Figure {place}") for place, each in enumerate(drawn, start=number + 1)]
        number += len(drawn)
        yield _Part(heading, "\n".join([*(_table(table, link) for table in tables), *figures]), tuple(entries))


def _table(table: Table, link: Link) -> str:
    title, name = html.escape(table.title), html.escape(table.name)
    if table.is_empty:
        return f'<h3 id="table-{name}">{title}</h3>\n<p class="facts">{html.escape(table.caption)}</p>\n<p>Not run.</p>'
    content = to_html(_sourced(table), lambda latex: to_mathml(latex), link)
    return f'<h3>{title}</h3>\n<div class="scroll" tabindex="0" role="region" aria-label="{title}">\n{content}</div>'


def _sourced(table: Table) -> Table:
    """The table whose numbers without runs of their own, such as differences, point to the last ones of their line."""
    numeric = [column.numeric for column in table.columns]
    sections = tuple(
        replace(section, lines=tuple(_sourced_line(line, numeric) for line in section.lines))
        for section in table.sections
    )
    return replace(table, sections=sections)


def _sourced_line(line: Sequence[Cell], numeric: Sequence[bool]) -> tuple[Cell, ...]:
    last = next((cell.source for cell in reversed(line) if cell.source), None)
    return tuple(
        replace(cell, source=last) if number and not cell.source and any(map(str.isdigit, cell.text)) else cell
        for cell, number in zip(line, numeric, strict=True)
    )


def _optimizers(shown: Sequence[Card], link: Link) -> _Part:
    entries = tuple((card_anchor(card), card.name) for card in shown)
    introduction = f"<p>{_OPTIMIZERS}</p>"
    return _Part("Optimizers", "\n".join([introduction, *(card_html(card, link) for card in shown)]), entries)


def _asset(name: str) -> str:
    return resources.files("reproduce.report.page").joinpath("assets", name).read_text("utf-8")
