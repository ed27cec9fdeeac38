"""Executors: candidates in, scores out, in this process or elsewhere.

A candidate's score depends on its spec, its seed and the settings of the surrogate, and on nothing else: not on which
other candidates were scored with it, nor where. So an executor may cut a list into batches as it likes and answer in
any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from paper_optimizers.spec import OptimizerSpec
from reproduce.outcomes import Outcome


@dataclass(frozen=True)
class Candidate:
    """What is scored.

    Attributes:
        spec: The optimizer, its sign already flipped where it is to ascend.
        seed: Of initial weights, batch order, dropout and augmentation.
    """

    spec: OptimizerSpec
    seed: int


class Scorer(Protocol):
    """Scores candidates on one surrogate; see `reproduce.search.surrogate.SurrogateScorer`."""

    def score(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """An outcome for each candidate, in their order."""


class Executor(Protocol):
    """Scores candidates wherever it likes; use it in a ``with`` statement, which closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` once for each candidate, in any order, each as soon as it is known."""

    def close(self) -> None:
        """Give back what it holds."""


class InProcessExecutor(Executor):
    """Scores candidates in this process, a batch at a time.

    Args:
        make_scorer: Makes the scorer; called when there is first something to score.
        batch: Candidates scored together.

    Raises:
        ValueError: If ``batch`` is less than 1.
    """

    def __init__(self, make_scorer: Callable[[], Scorer], batch: int) -> None:
        if batch < 1:
            raise ValueError(f"a batch holds at least 1 candidate; received {batch}")
        self._make_scorer = make_scorer
        self._scorer: Scorer | None = None
        self._batch = batch

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        """See `Executor`; in order."""
        for start in range(0, len(candidates), self._batch):
            if self._scorer is None:
                self._scorer = self._make_scorer()
            batch = candidates[start : start + self._batch]
            yield from enumerate(self._scorer.score(batch), start)

    def close(self) -> None:
        """Let go of the scorer, and of the data and compiled programs with it."""
        self._scorer = None
