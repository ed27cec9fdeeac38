"""artifact/ANALYSIS.md with the tables of the simulation: ``make analysis``, about 20 seconds of one core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reproduce.files import write_text
from reproduce.report.analysis.power import settling_runs
from reproduce.report.analysis.simulation import (
    ANALYSES,
    SCENARIOS,
    Scenario,
    error_of_equivalence,
    error_of_two_looks,
    rates_of,
    verdict_shares,
)
from reproduce.report.pages import ARTIFACT
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.study.looks import FIRST_LOOK, MOST_SEEDS

_DIFFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
_SPREADS = (0.5, 0.8, 1.2)
_SIZED = (0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
_COMPARISONS = (1, 5, 10, 20)
_PATH = ARTIFACT / "ANALYSIS.md"


def page() -> str:
    """The page with its tables as they should be."""
    tables = {"rates": _rates(), "looks": _looks(), "verdicts": _verdicts(), "sizes": _sizes()}
    return with_tables(_PATH.read_text("utf-8"), tables)


def _rates() -> str:
    lines = []
    for scenario in SCENARIOS:
        found = rates_of(scenario)
        lines.append([*_scenario(scenario), *(f"{each.family_error:.3f}, {each.power:.2f}" for each in found.values())])
    return _table(("as in", "correlation", "spreads", *(f"{name}: error, power" for name in ANALYSES)), lines, 3)


def _looks() -> str:
    lines = [
        [*_scenario(each), f"{error_of_two_looks(each):.3f}", f"{error_of_equivalence(each):.3f}"] for each in SCENARIOS
    ]
    return _table(("as in", "correlation", "spreads", "false at either look", "falsely EQUIVALENT"), lines, 3)


def _verdicts() -> str:
    lines = []
    for spread in _SPREADS:
        for difference in _DIFFERENCES:
            shares = [verdict_shares(difference, spread, seeds) for seeds in (FIRST_LOOK, MOST_SEEDS)]
            parts = [f"{each['SUPPORTED']:.2f}, {each['EQUIVALENT']:.2f}, {each['UNDECIDED']:.2f}" for each in shares]
            lines.append([f"{spread:g}", f"{difference:g}", *parts])
    seeds = (f"{seeds} seeds: SUPPORTED, EQUIVALENT, UNDECIDED" for seeds in (FIRST_LOOK, MOST_SEEDS))
    return _table(("sd", "difference", *seeds), lines)


def _sizes() -> str:
    lines = [
        [f"{spread:g}", *(str(settling_runs(spread, comparisons)) for comparisons in _COMPARISONS)] for spread in _SIZED
    ]
    return _table(("sd, points", *(f"of {count}" for count in _COMPARISONS)), lines)


def _scenario(scenario: Scenario) -> list[str]:
    return [scenario.seen_in, f"{scenario.correlation:+.2f}", "unequal" if scenario.unequal else "equal"]


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]], num_words: int = 0) -> str:
    """A Markdown table, its first columns set to the left."""
    return markdown({name: "" if place < num_words else ":" for place, name in enumerate(headings)}, lines)


if __name__ == "__main__":
    write_text(_PATH, page())
