"""Tables of pages, which stand between comments with their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import paper_optimizers as po
from reproduce.report.pages import ROOT
from reproduce.report.tables.equations import factor_name

_FAMILIES = ("evolved", "adam-variant", "released", "baseline")
_MOMENTUM = {"none": "", "classical": "momentum", "nesterov": "Nesterov momentum"}


def catalog_page() -> str:
    """docs/catalog.md with its tables as they should be."""
    return with_tables((ROOT / "docs" / "catalog.md").read_text("utf-8"), {"catalog": catalog_tables()})


def catalog_tables() -> str:
    """All optimizers, by family, what some of them need, and all schedules."""
    entries = sorted((po.describe(name) for name in po.names()), key=lambda entry: _FAMILIES.index(entry.family))
    needs: dict[str, list[str]] = {}
    for entry in entries:
        for need in entry.needs:
            needs.setdefault(need.text, []).append(entry.name)
    schedules = ((name, f"`{po.describe_schedule(name).equation}`") for name in po.schedule_names())
    parts = [
        markdown({"optimizer": "", "update `u`": "", "and": ""}, map(_optimizer, entries)),
        "".join(f"- {' and '.join(names)} need{'s' * (len(names) == 1)} {text}.\n" for text, names in needs.items()),
        markdown({"schedule": "", "the base rate times": ""}, schedules),
    ]
    return "\n".join(parts)


def markdown(columns: Mapping[str, str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    Args:
        columns: By heading, what follows the dashes below it: a colon sets a column flush right.
        lines: The cells of each line, as Markdown.
    """
    rule = f"|{'|'.join(f'---{align}' for align in columns.values())}|"
    return "\n".join([_line([*columns]), rule, *map(_line, lines)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _optimizer(entry: po.CatalogEntry) -> tuple[str, str, str]:
    schedule = "" if entry.spec.schedule is None else f"rate times {factor_name(entry)}"
    more = ", ".join(part for part in (_MOMENTUM[entry.spec.momentum.type], schedule) if part)
    return entry.name, f"`{entry.equation}`", more


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """A page with each of these tables between its comments."""
    for name, table in tables.items():
        place = re.compile(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        found = place.search(text)
        if found is not None:
            text = f"{text[: found.start()]}{found[1]}\n{table}\n{found[2]}{text[found.end() :]}"
    return text
