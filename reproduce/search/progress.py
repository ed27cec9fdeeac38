"""Live progress of searches and trials."""

from __future__ import annotations

import time

from rich.console import Console

from reproduce.outcomes import score_of
from reproduce.progress import ProgressLine, minutes_and_seconds
from reproduce.search.algorithm import Stage
from reproduce.search.records import AnyRecord, Rejection, Sample, StageEvaluation
from reproduce.search.trials import Trial


class SearchProgress(ProgressLine):
    """A search's progress; a `reproduce.search.driver.SearchObserver`.

    Args:
        console: Where it is shown; its kind of output decides the form.
        total: Evaluations that the search takes if no child must be drawn again.
        steps: Steps of the search, or None where a budget ends it.
        particles: Particles it has, or 0.
    """

    def __init__(self, console: Console, total: int, steps: int | None, particles: int) -> None:
        super().__init__(console, "candidates")
        self._total, self._steps, self._particles = total, steps, particles
        self._where = ""
        self._done = self._fresh = self._drawn = self._sampled = self._accepted = 0
        self._seen: set[int] = set()
        self._best: float | None = None

    def round(self, stage: Stage, step: int | None, count: int) -> None:
        """See `SearchObserver`."""
        if step is None:
            self._where = "random candidates" if stage == "initial" else "the best on the evolution stage"
        else:
            of = f" of {self._steps}" if self._steps is not None else ""
            particles = f"{self._particles} particles, " if self._particles else ""
            self._where = f"{particles}step {step + 1}{of}"
        self._total = max(self._total, self._done + count)
        self._show()

    def record(self, record: AnyRecord, fresh: bool) -> None:
        """See `SearchObserver`."""
        if isinstance(record, StageEvaluation):
            self._evaluated(record, fresh)
        elif isinstance(record, Sample | Rejection):
            self._drawn += 1
            self._sampled += isinstance(record, Sample)
            self._show()

    def _evaluated(self, record: StageEvaluation, fresh: bool) -> None:
        score = score_of(record.outcome)
        self._done += 1
        if record.sample not in self._seen:
            self._seen.add(record.sample)
            self._accepted += score is not None
        if score is not None and record.stage == "evolution":
            self._best = max(score, self._best or 0.0)
        if fresh and record.cached is None:
            self._first = self._first or time.monotonic() - record.seconds
            self._fresh += 1
        self._show()

    def _show(self) -> None:
        parts = [self._where]
        if self._best is not None:
            parts.append(f"best {100 * self._best:.1f} %")
        if self._seen:
            # All draws of a round are made before the first is scored: those that wait count as the others do.
            accepted = self._sampled / self._drawn * self._accepted / len(self._seen)
            parts.append(f"{100 * accepted:.0f} % of draws accepted")
        self.show(self._done, self._total, parts + self._pace())

    def _pace(self) -> list[str]:
        if self._first is None or self._fresh < 3:
            return []
        minutes = (time.monotonic() - self._first) / 60
        rate = self._fresh / max(minutes, 1e-9)
        left = (self._total - self._done) / rate
        digits = 0 if rate >= 10 else 1
        return [f"{rate:.{digits}f} a minute", f"about {minutes_and_seconds(left)} left" if left > 0 else ""]


class TrialProgress(ProgressLine):
    """The progress of trials.

    Args:
        console: Where it is shown.
        what: What is being done.
    """

    def __init__(self, console: Console, what: str) -> None:
        super().__init__(console, "runs")
        self._what = what
        self._done = 0

    def advance(self, trial: Trial, left: int) -> None:
        """A trial is done and so many are left."""
        self._first = self._first or time.monotonic() - trial.seconds
        self.done(trial.optimizer, trial.score, left)

    def done(self, name: str, score: float | None, left: int) -> None:
        """A run of ``name`` is done and so many are left."""
        now = time.monotonic()
        self._first = self._first or self._begun
        self._done += 1
        parts = [self._what, name + ("" if score is None else f" {100 * score:.1f} %")]
        if self._done >= 2 and left:
            parts.append(f"about {minutes_and_seconds((now - self._first) / 60 / self._done * left)} left")
        self.show(self._done, self._done + left, parts, now=not left)
