"""A scorer whose answers follow from fingerprint and seed, for executors; workers of a cluster can import it."""

import os
import time
import warnings
from pathlib import Path

from reproduce.errors import DataError, ReproduceWarning
from reproduce.population.assembly import Member
from reproduce.population.scoring import FailedRun, Rejected, Scored
from reproduce.population.waves import Training


class FakeScorer:
    """Scores after ``seconds`` each; says in the folder ``seen`` which process scored how many."""

    def __init__(self, settings):
        if settings.get("fails"):
            raise DataError("no data set on this node")
        self.settings = settings

    def score(self, candidates, progress=None):
        scores = []
        if "warns" in self.settings:
            warnings.warn(self.settings["warns"], ReproduceWarning, stacklevel=2)
        for candidate in candidates:
            time.sleep(self.settings.get("seconds", 0.0))
            if candidate.spec.to_text() == self.settings.get("deadly"):
                os._exit(1)
            if candidate.spec.to_text() == self.settings.get("raises"):
                raise FloatingPointError("a long story\nits end")
            scores.append(score_of(candidate))
        if "seen" in self.settings:
            with (Path(self.settings["seen"]) / str(os.getpid())).open("a") as file:
                file.write(f"{len(candidates)}\n")
        return scores


def score_of(candidate):
    number = (int(candidate.spec.fingerprint(), 16) + candidate.seed) % 1009
    screening = {10.0: number / 1009, 1e-5: 0.1}
    if number % 7 == 0:
        return Rejected("first", screening)
    if number % 7 == 1:
        return FailedRun(number, 10.0, screening)
    curve = [0.1, number / 1009]
    member = Member(candidate.spec, 10.0, total_steps=20, warmup_steps=1, seed=candidate.seed, nesterov="search")
    training = Training(member, list(curve), list(curve), list(curve), list(curve), failed_at=17, cut=True)
    return Scored(max(curve), 10.0, screening, training)
