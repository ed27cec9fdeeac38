"""A work whose results follow from fingerprint and seed of candidates; workers of a cluster can import it."""

import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import DataError, ReproduceWarning
from reproduce.outcomes import Diverged, Outcome, ScreenedOut, Trained
from reproduce.tasks.trainer import Candidate


@dataclass(frozen=True)
class FakeWork:
    """Scores after ``seconds`` each; says in the folder ``seen`` which process scored how many."""

    batch: int = 1
    seconds: float = 0.0
    seen: str = ""
    warns: str = ""
    raises: str = ""
    deadly: str = ""
    fails: bool = False

    def make(self) -> Callable[[Sequence[Candidate]], list[Outcome]]:
        if self.fails:
            raise DataError("no data set on this node")
        return self.score

    def group(self, candidate: Candidate) -> str:
        return ""

    def task_of(self, candidate: Candidate) -> str:
        return ""

    def largest_batch(self, candidate: Candidate) -> int:
        return self.batch

    def score(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        outcomes = []
        if self.warns:
            warnings.warn(self.warns, ReproduceWarning, stacklevel=2)
        for candidate in candidates:
            time.sleep(self.seconds)
            if candidate.spec.to_text() == self.deadly:
                os._exit(1)
            if candidate.spec.to_text() == self.raises:
                raise FloatingPointError("a long story\nits end")
            outcomes.append(outcome_of(candidate))
        if self.seen:
            with (Path(self.seen) / str(os.getpid())).open("a") as file:
                file.write(f"{len(candidates)}\n")
        return outcomes


def outcome_of(candidate: Candidate) -> Outcome:
    number = (int(candidate.spec.fingerprint(), 16) + candidate.seed) % 1009
    screening = ((10.0, number / 1009), (1e-5, 0.1))
    if number % 7 == 0:
        return ScreenedOut("first", screening)
    if number % 7 == 1:
        return Diverged(number, 10.0, screening)
    curve = (0.1, number / 1009)
    return Trained(max(curve), 10.0, screening, curve, curve, cut=True)
