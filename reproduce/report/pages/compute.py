"""artifact/COMPUTE.md, from the rows kept with the repository."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reproduce.counts import number_of
from reproduce.report.collection import Collection
from reproduce.report.forms import to_markdown
from reproduce.report.page.search import searched_on
from reproduce.report.pages import answer
from reproduce.report.stored_search import read_trials
from reproduce.report.table import Table
from reproduce.report.tables.comparisons import Timed, listed
from reproduce.report.tables.compute import compute_table, pretrainings
from reproduce.report.tables.search_cost import comparison_cost_table, search_cost_table
from reproduce.results_layout import ELIMINATION, LEDGER_FILE, NOISE
from reproduce.search.comparison import compared
from reproduce.search.records import AnyRecord, Header, StageEvaluation
from reproduce.search.trials import Trial

_START = """# Compute

What the rows of studies and of searches under `results/` cost, runs that failed included. It is written from them
by `make pages`. What was tried and thrown away before, trials of sizes and of code, was
not recorded.
"""


def page() -> str:
    """The page: what the studies and the searches of each profile cost."""
    return "\n".join([_START, *(_profile(found) for found in answer.kept_collections())])


def compute_line(found: Collection) -> str:
    """A line for a list: the runs of a profile's studies and its searches, their hours, and where they were made."""
    rows = [row for study in found.studies for row in study.rows]
    trained = [row for own in pretrainings(found.studies) for row in own]
    records, trials = _searches(found), _trials(found)
    scores = [each for own in records for each in own if isinstance(each, StageEvaluation)]
    headers = [each for own in records for each in own if isinstance(each, Header)]
    of_runs = (*(each.device for each in rows), *(each.device for each in trained))
    devices = listed((*of_runs, *(each.device for each in headers), *(each.device for each in trials)))
    runs, studies = len(rows) + len(trained), number_of(len(found.studies), "study", "studies")
    searched = (
        f" {number_of(len(records), 'search', 'searches')} of {len(scores):,} scores, and "
        f"{number_of(len(trials), 'run')} with fresh seeds: {_hours([*scores, *trials])} hours."
    )
    return (
        f"- Profile `{found.profile}`: {runs:,} runs in {studies}, {_hours([*rows, *trained])} hours."
        f"{searched if records else ''} On {devices}.\n"
    )


def _profile(found: Collection) -> str:
    tables = [f"### {each.title}\n\n{to_markdown(each)}" for each in _search_tables(found)]
    ledger = to_markdown(compute_table(found.profile, found.studies))
    sentences = "".join(f"- {sentence}\n" for sentence in _scored_again(found))
    return "\n".join([f"## Profile {found.profile}\n", ledger, *tables, *([sentences] if sentences else [])])


def _search_tables(found: Collection) -> Iterator[Table]:
    if found.search is not None:
        protocol = found.search.protocol
        yield search_cost_table(found.search.records, protocol.screening_epochs, searched_on(protocol))
    if found.comparison is not None:
        protocol, searches = found.comparison.protocol, compared(found.comparison.searches)
        where = searched_on(protocol)
        yield comparison_cost_table(searches, found.comparison.trials, protocol.screening_epochs, where)


def _scored_again(found: Collection) -> Iterator[str]:
    """The runs that no table of searches has."""
    for title, trials in (
        ("The best of the search and the baselines scored again", found.search.trials if found.search else ()),
        ("Elimination", read_trials(found.folder / ELIMINATION / LEDGER_FILE)),
        ("Noise floor", read_trials(found.folder / NOISE / LEDGER_FILE)),
    ):
        if trials:
            devices = listed(each.device for each in trials)
            seconds = math.fsum(each.seconds for each in trials)
            yield f"{title}: {number_of(len(trials), 'run')}, {seconds:.0f} s on {devices}."


def _searches(found: Collection) -> list[Sequence[AnyRecord]]:
    """The records of the search, and of each of those that were compared."""
    return [
        *([found.search.records] if found.search else []),
        *([each.records for each in found.comparison.searches] if found.comparison else []),
    ]


def _trials(found: Collection) -> list[Trial]:
    """The runs that score again what these found."""
    return [each for search in (found.search, found.comparison) if search for each in search.trials]


def _hours(timed: Sequence[Timed]) -> str:
    return f"{math.fsum(each.seconds for each in timed) / 3600:.2f}"
