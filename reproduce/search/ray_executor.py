"""An executor that scores on a Ray cluster: batches of candidates, each to the next worker that is free."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.errors import WorkerError
from reproduce.outcomes import Outcome
from reproduce.search.executors import Candidate, Executor
from reproduce.search.ray_workers import LostWorker, RayWorkers

#: A batch that loses so many workers is taken to be what ends them.
MOST_LOSSES = 3


@dataclass
class _Batch:
    indices: range
    losses: int = 0


class RayExecutor(Executor):
    """Scores candidates on ``workers``; see `reproduce.search.executors.Executor`.

    Args:
        workers: Where; they stay when the executor is closed.
        settings: Plain data for the workers' scorers.
        batch: The most candidates sent to a worker at once; fewer where else a worker would have none.

    Raises:
        ValueError: If ``batch`` is less than 1.
    """

    def __init__(self, workers: RayWorkers, settings: Mapping[str, Any], batch: int) -> None:
        if batch < 1:
            raise ValueError(f"a batch holds at least 1 candidate; received {batch}")
        self._workers = workers
        self._settings = json.dumps(settings, sort_keys=True)
        self._batch = batch

    def score(self, candidates: Sequence[Candidate]) -> Iterator[tuple[int, Outcome]]:
        """See `Executor`; in the order in which workers are done.

        Raises:
            WorkerError: If one batch lost three workers, or no worker comes up.
            ReproduceError: What a worker raised, e.g. because its node lacks the data.
        """
        count = len(candidates)
        size = max(1, min(self._batch, -(-count // self._workers.count)))
        waiting = deque(_Batch(range(start, min(start + size, count))) for start in range(0, count, size))
        running: dict[Any, _Batch] = {}
        while waiting or running:
            while waiting and self._workers.num_idle:
                batch = waiting.popleft()
                chosen = [candidates[index] for index in batch.indices]
                running[self._workers.submit(self._settings, chosen)] = batch
            answers = {reference: self._workers.take(reference) for reference in running}
            if not any(answers.values()):
                self._workers.wait()
            for reference, answer in answers.items():
                if isinstance(answer, LostWorker):
                    waiting.appendleft(_once_more(running.pop(reference)))
                elif answer is not None:
                    outcomes, warned = answer
                    for text in warned:
                        self._workers.notice(f"a worker: {text}")
                    yield from zip(running.pop(reference).indices, outcomes, strict=True)

    def close(self) -> None:
        """Nothing of its own is held."""


def _once_more(batch: _Batch) -> _Batch:
    batch.losses += 1
    if batch.losses >= MOST_LOSSES:
        raise WorkerError(
            f"{batch.losses} workers were lost over the same batch of {len(batch.indices)}: look for what ends them "
            "in Ray's logs (memory, most often; a smaller --batch needs less), then start again"
        )
    return batch
