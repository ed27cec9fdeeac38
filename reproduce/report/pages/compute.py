"""artifact/COMPUTE.md, from the rows kept with the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reproduce.outcomes import epochs_of
from reproduce.report.collection import profiles_in, read_collection
from reproduce.report.forms import to_markdown
from reproduce.report.pages import ARTIFACT
from reproduce.report.stored_search import StoredSearch, read_trials
from reproduce.report.tables.comparisons import listed
from reproduce.report.tables.compute import compute_table
from reproduce.results_layout import COMPARISON, ELIMINATION, LEDGER_FILE, NOISE, RESCORING_FILE
from reproduce.search.records import AnyRecord, Header, Rejection, StageEvaluation, read_search_records
from reproduce.search.trials import Trial

_START = """# Compute

What the rows of studies and of searches under `results/` cost, runs that failed included. It is written from them
by `make pages`. What was tried and thrown away before, trials of sizes and of code, was
not recorded.
"""


def page() -> str:
    """The page: what the studies and the search of each profile cost."""
    return "\n".join([_START, *(_profile(name) for name in profiles_in(ARTIFACT / "results"))])


def _profile(name: str) -> str:
    found = read_collection(ARTIFACT / "results", name)
    lines = [f"## Profile {name}\n", to_markdown(compute_table(name, found.studies))]
    if found.search is not None:
        lines.append(_search(found.search, found.folder))
    return "\n".join(lines)


def _search(search: StoredSearch, place: Path) -> str:
    scores = [record for record in search.records if isinstance(record, StageEvaluation)]
    screening = search.protocol.screening_epochs
    epochs = sum(epochs_of(record.outcome, screening[record.stage]) for record in scores)
    rejected = sum(isinstance(record, Rejection) for record in search.records)
    candidates = {record.sample for record in scores}
    sentences = [
        f"The search: {len(scores)} scores of {len(candidates)} candidates in {epochs} epochs of "
        f"training ({_seconds(scores, search.records)}); {rejected} more draws were rejected before training.",
        f"Its best and the baselines scored again: {len(search.trials)} runs ({_seconds(search.trials)}).",
    ]
    for title, folder in (("Elimination", ELIMINATION), ("Noise floor", NOISE)):
        trials = read_trials(place / folder / LEDGER_FILE)
        if trials:
            sentences.append(f"{title}: {len(trials)} runs ({_seconds(trials)}).")
    sentences += _compared(place / COMPARISON)
    return "".join(f"- {sentence}\n" for sentence in sentences)


def _compared(folder: Path) -> Iterator[str]:
    """The cost of the searches that were compared; scores that one took over from another cost nothing again."""
    paths = sorted(folder.glob(f"*/{LEDGER_FILE}"))
    records = [each for path in paths for each in read_search_records(path)]
    found = [each for each in records if isinstance(each, StageEvaluation)]
    scores, trials = [each for each in found if each.cached is None], read_trials(folder / RESCORING_FILE)
    if paths:
        yield (
            f"The searches that were compared: {len(scores):,} scores in {len(paths)} searches "
            f"({_seconds(scores, records)}); {len(found) - len(scores)} more were taken over from one of the others. "
            f"Their best and the baselines scored again: {len(trials)} runs ({_seconds(trials)})."
        )


def _seconds(timed: Sequence[StageEvaluation] | Sequence[Trial], records: Iterable[AnyRecord] = ()) -> str:
    """The seconds that these took together, and where: trials say it, scores only the headers of their ledgers."""
    devices = {each.device for each in timed if isinstance(each, Trial)}
    devices |= {each.device for each in records if isinstance(each, Header)}
    where = listed(filter(None, devices))
    return f"{sum(each.seconds for each in timed):.0f} s{f' on {where}' if where else ''}"
