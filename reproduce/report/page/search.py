"""Tables and pictures of what searches have left in a folder of results, without scoring anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reproduce.elimination.protocol import EliminationProtocol
from reproduce.elimination.rounds import RoundResult, read_entrants, standings
from reproduce.report.cards.card import Card
from reproduce.report.cards.finds import find_cards
from reproduce.report.collection import Collection
from reproduce.report.figures.elimination import elimination_picture
from reproduce.report.figures.search import best_so_far_picture, search_pictures
from reproduce.report.figures.shrinkage import Rescored, shrinkage_picture
from reproduce.report.results import REFERENCE
from reproduce.report.stored_search import StoredComparison, StoredSearch, read_trials
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.report.tables.elimination import elimination_table
from reproduce.report.tables.search import noise_table, rescoring_table
from reproduce.report.tables.search_comparison import comparison_table
from reproduce.report.tables.search_cost import comparison_cost_table, search_cost_table
from reproduce.report.tables.search_finds import finds_table
from reproduce.results_layout import ELIMINATION, LEDGER_FILE, NOISE, SETTINGS_FILE
from reproduce.search.comparison import compared
from reproduce.search.protocol import SearchProtocol, stored_search_protocol
from reproduce.search.rescoring import RESCORED_STAGE, baselines
from reproduce.search.trials import Contender, of_seeds, seed_scores
from reproduce.stored_settings import read_stored_settings, stored_paths


@dataclass(frozen=True)
class SearchResults:
    """Tables, pictures and optimizer cards of what was searched; empty where nothing was."""

    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]
    cards: tuple[Card, ...] = ()


def search_results(found: Collection) -> SearchResults:
    """Everything that the search of a profile, and what goes with it, left in its folder.

    Raises:
        LedgerError: If a ledger cannot be read.
        ProtocolError: If the settings beside one cannot be read.
    """
    search, place = found.search, found.folder
    rounds = _rounds(place / ELIMINATION)
    made = [*_elimination(rounds, place), *_noise(place / NOISE)]
    if found.comparison is not None:
        made += _comparison(found.comparison)
    if search is not None:
        made = [*_search(search), *made]
    return SearchResults(
        tuple(each for each in made if isinstance(each, Table)),
        tuple(each for each in made if isinstance(each, Picture)),
        () if search is None else tuple(find_cards(search, rounds, REFERENCE)),
    )


def _search(search: StoredSearch) -> Iterator[Table | Picture]:
    where, screening = searched_on(search.protocol), search.protocol.screening_epochs
    place = f"{where}, evolution stage"
    yield rescoring_table("rescoring", search.finalists, search.baselines, search.trials, place)
    yield search_cost_table(search.records, screening, where)
    yield from search_pictures(search.records, screening, where)
    yield shrinkage_picture(_rescored(search), place)


def _rescored(search: StoredSearch) -> list[Rescored]:
    lines: list[tuple[Contender, float | None]] = [(each.contender, each.search_score) for each in search.finalists]
    lines += [(contender, None) for contender in search.baselines]
    found = [(contender.name, score, seed_scores(search.trials, contender)) for contender, score in lines]
    return [Rescored(name, score, tuple(each.trained.values()), each.untrained) for name, score, each in found]


def _elimination(results: list[RoundResult], place: Path) -> Iterator[Table | Picture]:
    if results:
        where = f"profile {read_stored_settings(place / ELIMINATION / SETTINGS_FILE, EliminationProtocol).profile}"
        devices = {trial.device for trial in read_trials(place / ELIMINATION / LEDGER_FILE)}
        yield elimination_table(results, where, devices)
        yield elimination_picture(results, where)


def _rounds(folder: Path) -> list[RoundResult]:
    """The rounds of an elimination that are complete; none where there is no elimination."""
    if not (folder / LEDGER_FILE).is_file():
        return []
    protocol = read_stored_settings(folder / SETTINGS_FILE, EliminationProtocol)
    trials = read_trials(folder / LEDGER_FILE, {each.name: each.hash() for each in protocol.rounds})
    known = baselines(protocol.baselines)
    entrants = read_entrants(protocol, stored_paths(folder / SETTINGS_FILE, "searches"))
    results: list[RoundResult] = []
    for settings in protocol.rounds:
        own = [each for each in of_seeds(trials, settings.seeds) if each.part == settings.name]
        wanted = {(each.fingerprint, seed) for each in [*entrants, *known] for seed in settings.seeds}
        if wanted - {(each.fingerprint, each.seed) for each in own}:
            break
        results.append(RoundResult(settings, standings(entrants, known, own, settings.keep)))
        entrants = results[-1].survivors
    return results


def _comparison(found: StoredComparison) -> Iterator[Table | Picture]:
    protocol, searches, trials = found.protocol, found.searches, found.trials
    where, screening = searched_on(protocol), protocol.screening_epochs
    yield comparison_table(protocol, searches, trials, where)
    yield finds_table(protocol, searches, trials, where)
    yield comparison_cost_table(compared(searches), trials, screening, where)
    picture = best_so_far_picture(compared(searches), screening, where, protocol.comparison.epochs)
    yield replace(picture, name=f"{picture.name}_compared")  # Beside that of the search itself.


def _noise(folder: Path) -> Iterator[Table | Picture]:
    if not (folder / LEDGER_FILE).is_file():
        return
    protocol = stored_search_protocol(folder / SETTINGS_FILE)
    (contender,) = baselines([protocol.noise.optimizer])
    trials = of_seeds(
        read_trials(folder / LEDGER_FILE, {RESCORED_STAGE: protocol.scoring_hash()}), protocol.noise.seeds
    )
    if len(seed_scores(trials, contender).trained) < 2:
        return
    searched = protocol.sizes.particles * (1 + protocol.sizes.steps * protocol.sizes.children)
    yield noise_table("noise_floor", contender, trials, searched, f"{searched_on(protocol)}, evolution stage")


def searched_on(protocol: SearchProtocol) -> str:
    """Name the profile and the tasks of a search, for captions."""
    tasks = dict.fromkeys((*protocol.initial.names, *protocol.evolution.names))
    return f"profile {protocol.profile}, {' and '.join(tasks)}"
