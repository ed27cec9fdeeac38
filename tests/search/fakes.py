"""A small search whose scores are invented from what is scored, so that nothing is trained."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reproduce.outcomes import Diverged, Outcome, ScreenedOut, Trained
from reproduce.population.integrity_settings import IntegritySettings
from reproduce.search.algorithm import Limits, Selection
from reproduce.search.plan import SearchPlan
from reproduce.search.probabilities import Probabilities
from reproduce.search.protocol import SizeSettings, load_search_protocol
from reproduce.search.records import AnyRecord
from reproduce.search.search import run_search
from reproduce.tasks.trainer import Candidate

_SMOKE = load_search_protocol("smoke")
TINY = replace(
    _SMOKE,
    profile="tiny",
    probabilities=Probabilities(),
    integrity=IntegritySettings(),
    sizes=SizeSettings(initial=12, particles=3, steps=2, children=3, redraws=4),
    comparison=replace(_SMOKE.comparison, tournament=2, per_round=4),
)
PLAN = SearchPlan(TINY, "0123456789abcdef", "paper", "full", seed=0, limits=Limits(steps=2))


def invented(candidate: Candidate) -> Outcome:
    """An outcome by what the candidate is and its seed; one in four is screened out, one in sixteen diverges."""
    digest = hashlib.sha256(f"{candidate.seed}{candidate.spec.to_json()}".encode()).digest()
    screening = ((10.0, 0.2), (0.01, 0.5), (1e-5, digest[1] / 512))
    if digest[0] % 4 == 0:
        return ScreenedOut("first", screening)
    if digest[0] % 16 == 1:
        return Diverged(digest[2], 0.01, screening)
    score = 0.5 + digest[2] / 1024
    return Trained(score, 0.01, screening, (0.3, score), (0.25, score), cut=False)


@dataclass
class FakeScorer:
    """A scorer in batches, the last batch first and each batch backwards, which notes what it was asked for."""

    batch: int = 1
    backwards: bool = True
    seconds: float = 0.0
    scored: list[Candidate] = field(default_factory=list)
    data: str = "d"
    data_name: str = "invented"
    screening_epochs: int = 1

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        count = len(candidates)
        batches = [range(start, min(start + self.batch, count)) for start in range(0, count, self.batch)]
        for batch in batches[::-1] if self.backwards else batches:
            time.sleep(self.seconds)
            self.scored += [candidates[index] for index in batch]
            for index in batch[::-1]:
                yield index, invented(candidates[index])

    def device(self) -> str:
        return "nothing"

    def versions(self) -> dict[str, str]:
        return {"python": "3"}


#: Screening epochs of the invented stages.
SCREENING = {"initial": 1, "evolution": 2}
#: Checksums of the data of the invented stages.
DATA = {"initial": "a" * 8, "evolution": "b" * 8}


def fake_scorers(one: FakeScorer | None = None) -> dict[str, FakeScorer]:
    """Both stages, which note in one list what they were asked for."""
    one = one or FakeScorer()
    return {
        stage: replace(one, data=data, screening_epochs=epochs)
        for (stage, data), epochs in zip(DATA.items(), SCREENING.values(), strict=True)
    }


@dataclass
class Witness:
    """Keeps everything it is told."""

    notices: list[str] = field(default_factory=list)
    records: list[tuple[AnyRecord, bool]] = field(default_factory=list)
    rounds: list[tuple] = field(default_factory=list)

    def notify(self, text: str) -> None:
        self.notices.append(text)

    def record(self, record: AnyRecord, fresh: bool) -> None:
        self.records.append((record, fresh))

    def round(self, stage: str, step: int | None, count: int) -> None:
        self.rounds.append((stage, step, count))


def search(
    path: Path,
    scorer: FakeScorer | None = None,
    on_record: Callable[[AnyRecord, bool], None] | None = None,
    **changes: Any,
) -> list[AnyRecord]:
    """Run the small search, or go on with it."""
    witness = Witness()
    if on_record is not None:
        witness.record = on_record  # type: ignore[method-assign]
    cache = changes.pop("cache", None)
    settings = {name: changes.pop(name) for name in ("sizes", "integrity", "probabilities") if name in changes}
    plan = replace(PLAN, settings=replace(TINY, **settings), **changes)
    return run_search(plan, path, fake_scorers(scorer), witness, cache)


def lineages(records):
    """The selections of each particle, step by step."""
    found = {}
    for selection in (record for record in records if isinstance(record, Selection)):
        found.setdefault(selection.particle, []).append(selection)
    return found
