"""A scorer whose answers follow from fingerprint and seed, for executors; workers of a cluster can import it."""

import os
import time
import warnings
from pathlib import Path

from reproduce.errors import DataError, ReproduceWarning
from reproduce.outcomes import Diverged, ScreenedOut, Trained


class FakeScorer:
    """Scores after ``seconds`` each; says in the folder ``seen`` which process scored how many."""

    def __init__(self, settings):
        if settings.get("fails"):
            raise DataError("no data set on this node")
        self.settings = settings

    def score(self, candidates):
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
    screening = ((10.0, number / 1009), (1e-5, 0.1))
    if number % 7 == 0:
        return ScreenedOut("first", screening)
    if number % 7 == 1:
        return Diverged(number, 10.0, screening)
    curve = (0.1, number / 1009)
    return Trained(max(curve), 10.0, screening, curve, curve, cut=True)
