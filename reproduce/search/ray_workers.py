"""Workers on a Ray cluster: an actor for each device, each with its data and compiled programs.

Ray itself carries candidates and outcomes between machines. A worker that is lost, alone or with its node, is replaced
as soon as the cluster has room; what it was doing is for `reproduce.search.ray_executor` to do again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from reproduce.errors import ReproduceError, WorkerError, summary, warnings_told
from reproduce.libraries import adopt, recorded_settings
from reproduce.outcomes import Outcome
from reproduce.search.executors import Candidate, Scorer
from reproduce.search.ray_cluster import ray_cluster

#: Outcomes of a batch, and what the worker warned of.
Answer = tuple[list[Outcome], list[str]]
#: Makes a worker's scorer from plain settings; a function of a module that every node can import.
MakeScorer = Callable[[dict[str, Any]], Scorer]

#: How often in a row a worker may fail to come up.
_MOST_FAILED_STARTS = 8
_POLL_SECONDS = 5.0


class LostWorker:
    """The answer of a worker that was lost."""


class RayWorkers:
    """The workers of a cluster, shared by any number of executors; use it in a ``with`` statement.

    Args:
        make_scorer: See `MakeScorer`.
        address: As of `reproduce.search.ray_cluster.ray_cluster`.
        count: How many workers; None for one on each GPU of the cluster or, where it has none, on each CPU core.
        notice: Is told, in a sentence, when a worker was lost, and what workers warn of.
        patience: Seconds without any worker after which the search is given up.

    Attributes:
        count: How many workers there are to be.
        has_gpus: Whether each has a GPU.
        notice: As given.

    Raises:
        ReproduceError: If Ray is not installed, there is no cluster at the address, or none can be begun.
    """

    def __init__(
        self,
        make_scorer: MakeScorer,
        *,
        address: str | None = None,
        count: int | None = None,
        notice: Callable[[str], None],
        patience: float = 600.0,
    ) -> None:
        self.notice = notice
        self._make_scorer = make_scorer
        self._patience = patience
        self._held = ExitStack()
        self._ray = self._held.enter_context(ray_cluster(address, count))
        resources = self._ray.cluster_resources()
        self.has_gpus = resources.get("GPU", 0) >= 1
        self.count = count or int(resources.get("GPU", 0)) or int(resources.get("CPU", 0)) or 1
        self._actor = self._ray.remote(num_cpus=1, num_gpus=int(self.has_gpus), scheduling_strategy="SPREAD")(_Worker)
        self._idle: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._scoring: dict[Any, Any] = {}
        self._answers: dict[Any, Answer | LostWorker | Exception] = {}
        self._failed_starts = 0
        self._devices: set[str] = set()
        for _ in range(self.count):
            self._start()

    def __enter__(self) -> RayWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, and the cluster if it was started here."""
        self._held.close()

    @property
    def num_idle(self) -> int:
        """How many workers are up and free; `submit` takes one."""
        return len(self._idle)

    def device(self) -> str:
        """What the workers that are up compute on; waits for the first.

        Raises:
            WorkerError: If no worker comes up.
        """
        while not self._devices:
            self.wait()
        return "; ".join(sorted(self._devices))

    def submit(self, settings: str, candidates: Sequence[Candidate]) -> Any:
        """Let an idle worker score a batch.

        Args:
            settings: JSON for ``make_scorer``.
            candidates: The batch.

        Returns:
            A reference, by which `take` knows the answer.
        """
        worker = self._idle.pop()
        reference = worker.score.remote(settings, candidates)
        self._scoring[reference] = worker
        return reference

    def take(self, reference: Any) -> Answer | LostWorker | None:
        """The outcomes and warnings, or that its worker was lost; None where `wait` has not yet brought it.

        Raises:
            ReproduceError: What the worker raised, e.g. since its node lacks the data; anything else by type and last
                line.
        """
        answer = self._answers.pop(reference, None)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self) -> None:
        """Wait until a worker is done, lost or up.

        Raises:
            WorkerError: If no worker comes up.
        """
        deadline = time.monotonic() + self._patience
        while True:
            waiting = [*self._scoring, *self._starting]
            done, _ = self._ray.wait(waiting, num_returns=1, timeout=_POLL_SECONDS)
            for reference in done:
                self._settle(reference)
            if done:
                return
            if not self._scoring and time.monotonic() > deadline:
                raise WorkerError(
                    f"no worker came up in {self._patience:g} s; {self.count} were asked for, and the cluster has "
                    f"{self._ray.cluster_resources()}: see that its nodes run"
                )

    def _settle(self, reference: Any) -> None:
        starting = reference in self._starting
        worker = self._starting.pop(reference) if starting else self._scoring.pop(reference)
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except errors.RayTaskError as error:
            answer = _told(error.cause if isinstance(error.cause, Exception) else error)
            if starting:
                raise answer from None
        except errors.RayError as error:
            self._ray.kill(worker)  # One that merely cannot be reached would go on holding its device.
            self._replace(reference, starting, str(error).strip().splitlines()[0])
            return
        self._idle.append(worker)
        if starting:
            self._failed_starts = 0
            self._devices.add(str(answer))
        else:
            self._answers[reference] = answer

    def _replace(self, reference: Any, starting: bool, reason: str) -> None:
        self._failed_starts += starting
        if self._failed_starts > _MOST_FAILED_STARTS:
            raise WorkerError(f"{self._failed_starts} workers in a row could not be started; the last: {reason}")
        if not starting:
            self._answers[reference] = LostWorker()
            self.notice(f"a worker was lost, and what it had is scored elsewhere: {reason}")
        self._start()

    def _start(self) -> None:
        worker = self._actor.remote(self._make_scorer, recorded_settings())
        self._starting[worker.ready.remote()] = worker


class _Worker:
    """What runs on a device."""

    def __init__(self, make_scorer: MakeScorer, recorded: Mapping[str, str]) -> None:
        self._make_scorer = make_scorer
        self._scorers: dict[str, Scorer] = {}
        adopt(recorded)

    def ready(self) -> str:
        """The device, once the worker is up."""
        from reproduce.machine import engine_device_name

        return engine_device_name()

    def score(self, settings: str, candidates: Sequence[Candidate]) -> Answer:
        """Outcomes and what was warned of; the scorer of ``settings`` is made when first needed and kept."""
        warned: list[str] = []
        if settings not in self._scorers:
            self._scorers[settings] = self._make_scorer(json.loads(settings))
        try:
            with warnings_told(warned.append):
                return self._scorers[settings].score(candidates), warned
        except Exception as error:
            first, others = candidates[0], f" and {len(candidates) - 1} more" if len(candidates) > 1 else ""
            raise _told(error, f"{first.spec.to_text()} with seed {first.seed}{others}") from error


def _told(error: Exception, what: str = "a worker that was starting") -> ReproduceError | ModuleNotFoundError:
    """What a worker's exception is for whoever reads of it: itself, or its type and the last line of its text."""
    if isinstance(error, ReproduceError | ModuleNotFoundError):
        return error
    return WorkerError(f"{what} ended with {summary(error)}")
