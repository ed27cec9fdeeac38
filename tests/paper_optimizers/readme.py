"""The parts of README.md that are written by program: `python -m tests.paper_optimizers.readme` writes them anew."""

import re
from pathlib import Path

import paper_optimizers as po

README = Path(__file__).resolve().parents[2] / "README.md"
_PLACE = re.compile(r"(<!-- catalog[^>]*-->\n).*?(<!-- end of catalog -->)", re.DOTALL)
_FAMILIES = ("evolved", "adam-variant", "released", "baseline")


def catalog_tables() -> str:
    """All optimizers, by family, and all schedules, as Markdown tables."""
    entries = sorted((po.describe(name) for name in po.names()), key=lambda entry: _FAMILIES.index(entry.family))
    lines = ["| optimizer | update `u` | and |", "|---|---|---|"]
    lines += [f"| {entry.name} | `{entry.equation}` | {_more(entry)} |" for entry in entries]
    lines += ["", *_needs(entries)]
    lines += ["", "| schedule | the base rate times |", "|---|---|"]
    lines += [f"| {name} | `{po.describe_schedule(name).equation}` |" for name in po.schedule_names()]
    return "\n".join(lines) + "\n"


def _more(entry: po.CatalogEntry) -> str:
    momentum = {"none": "", "classical": "momentum", "nesterov": "Nesterov momentum"}[entry.spec.momentum.type]
    factors = {po.describe_schedule(name).factor: name for name in po.schedule_names()}
    schedule = f"rate times {factors[entry.spec.schedule]}" if entry.spec.schedule is not None else ""
    return ", ".join(part for part in (momentum, schedule) if part)


def _needs(entries: list[po.CatalogEntry]) -> list[str]:
    """A line for each need that some optimizer has."""
    by_need: dict[str, list[str]] = {}
    for entry in entries:
        for need in entry.needs:
            by_need.setdefault(need.text, []).append(entry.name)
    return [f"- {' and '.join(names)} need{'s' * (len(names) == 1)} {text}." for text, names in by_need.items()]


def with_tables(text: str) -> str:
    """The README's text with the tables as they should be."""
    return _PLACE.sub(lambda match: f"{match[1]}\n{catalog_tables()}\n{match[2]}", text)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text("utf-8")), "utf-8")
