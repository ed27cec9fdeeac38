"""What searches have left in a folder of results, as tables and pictures, without scoring anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reproduce.ledger import NAME, read_records
from reproduce.report.documents import SETTINGS, read_stored_settings
from reproduce.report.figures.search import best_so_far_picture, search_pictures
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.report.tables.search import noise_table, rescoring_table
from reproduce.report.tables.search_comparison import comparison_table
from reproduce.report.tables.search_cost import search_cost_table
from reproduce.search.algorithm import Stage
from reproduce.search.comparison import ComparedSearch, compared
from reproduce.search.protocol import SearchProtocol
from reproduce.search.records import AnyRecord, entry_from_dict
from reproduce.search.rescoring import baselines, finalists
from reproduce.search.results import top
from reproduce.search.search import comparison_plans
from reproduce.search.trials import Trial, trial_from_dict

#: Folders of a profile that the commands search, compare-searches and noise-floor write, and their trials' ledger.
SEARCH, COMPARISON, NOISE, RESCORING = "search", "search-comparison", "noise-floor", "rescoring.jsonl"


@dataclass(frozen=True)
class SearchResults:
    """Tables and pictures of what was searched; empty where nothing was."""

    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]


def read_search_results(place: Path) -> SearchResults:
    """Everything that searches left below ``place``, a profile's folder.

    Raises:
        LedgerError: If a ledger cannot be read.
        ProtocolError: If the settings beside one cannot be read.
    """
    made = [*_search(place / SEARCH), *_comparison(place / COMPARISON), *_noise(place / NOISE)]
    return SearchResults(
        tuple(each for each in made if isinstance(each, Table)),
        tuple(each for each in made if isinstance(each, Picture)),
    )


def _search(folder: Path) -> Iterator[Table | Picture]:
    if not (folder / NAME).is_file():
        return
    protocol = read_stored_settings(folder / SETTINGS, SearchProtocol)
    records, trials = _records(folder / NAME), _trials(folder / RESCORING)
    where, screening = _where(protocol), _screening(protocol)
    found = finalists(top(records, protocol.rescoring.top))
    known = baselines(protocol.rescoring.baselines)
    yield rescoring_table("rescoring", found, known, trials, f"{where}, evolution stage")
    yield search_cost_table(records, screening, where)
    yield from search_pictures(records, screening, where)


def _comparison(folder: Path) -> Iterator[Table | Picture]:
    if not (folder / SETTINGS).is_file():
        return
    protocol = read_stored_settings(folder / SETTINGS, SearchProtocol)
    paths = [(plan, folder / plan.name / NAME) for plan in comparison_plans(protocol)]
    searches = [ComparedSearch(plan, _records(path)) for plan, path in paths if path.is_file()]
    if not searches:
        return
    where, screening = _where(protocol), _screening(protocol)["evolution"]
    yield comparison_table(protocol, searches, _trials(folder / RESCORING), screening, where)
    yield best_so_far_picture(compared(searches), screening, where, protocol.comparison.epochs)


def _noise(folder: Path) -> Iterator[Table | Picture]:
    if not (folder / NAME).is_file():
        return
    protocol = read_stored_settings(folder / SETTINGS, SearchProtocol)
    (contender,) = baselines([protocol.noise.optimizer])
    trials, sizes = _trials(folder / NAME), protocol.sizes
    if len(trials) >= 2:
        searched = sizes.particles * (1 + sizes.steps * sizes.children)
        yield noise_table("noise_floor", contender, trials, searched, f"{_where(protocol)}, evolution stage")


def _records(path: Path) -> list[AnyRecord]:
    return [entry.record for entry in read_records(path, entry_from_dict)]


def _trials(path: Path) -> list[Trial]:
    return read_records(path, trial_from_dict) if path.is_file() else []


def _where(protocol: SearchProtocol) -> str:
    sources = dict.fromkeys((protocol.initial.data.source, protocol.evolution.data.source))
    return f"profile {protocol.profile}, {' and '.join(sources)}"


def _screening(protocol: SearchProtocol) -> dict[Stage, int]:
    return {
        "initial": protocol.initial.scoring.screening_epochs,
        "evolution": protocol.evolution.scoring.screening_epochs,
    }
