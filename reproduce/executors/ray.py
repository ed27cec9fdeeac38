"""Workers on a Ray cluster: an actor for each device. Ray itself carries jobs and results between machines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from reproduce.errors import ReproduceError, WorkerError, notify_of_warnings, summary
from reproduce.executors.executor import Done, Event, Lost, Said, Worker
from reproduce.executors.ray_cluster import ray_cluster
from reproduce.executors.work import Made, Work
from reproduce.libraries import adopt, recorded_settings

#: How often in a row a worker may fail to come up.
_MAX_FAILED_STARTS = 8
_POLL_SECONDS = 5.0


@dataclass(eq=False)
class RayWorker(Worker):
    """An actor, and Ray's reference to what it is to say next."""

    actor: Any = field(kw_only=True)
    reference: Any = field(kw_only=True)

    def begin(self) -> None:
        """See `Worker`."""
        self.reference = self.actor.answer.remote(self.work, self.batch)


class RayWorkers:
    """Begins workers on a cluster; see `reproduce.executors.executor.Workers`.

    Args:
        address: As of `ray_cluster`.
        count: How many workers; None for one on each GPU of the cluster or, where it has none, on each CPU core.
        deterministic: Whether workers compute the same bits each time; see `known_environment`.
        patience: Seconds without any worker after which it is given up.

    Attributes:
        has_gpus: Whether each worker has a GPU.

    Raises:
        ReproduceError: If Ray is not installed, there is no cluster at the address, or none can be begun.
    """

    log = "Ray's logs (memory, most often; a smaller --batch needs less)"

    def __init__(
        self,
        address: str | None = None,
        count: int | None = None,
        *,
        deterministic: bool = False,
        patience: float = 600.0,
    ) -> None:
        self._patience = patience
        self._deterministic = deterministic
        self._held = ExitStack()
        self._ray = self._held.enter_context(ray_cluster(address, count))
        resources = self._ray.cluster_resources()
        self.has_gpus = resources.get("GPU", 0) >= 1
        self.size = count or int(resources.get("GPU", 0)) or int(resources.get("CPU", 0)) or 1
        self._actor = self._ray.remote(num_cpus=1, num_gpus=int(self.has_gpus), scheduling_strategy="SPREAD")(_Actor)
        self._failed_starts = 0

    def start(self) -> RayWorker:
        """See `Workers`."""
        actor = self._actor.remote(recorded_settings(), None if self.has_gpus else 1, self._deterministic)
        return RayWorker(False, actor=actor, reference=actor.ready.remote())

    def wait(self, workers: Sequence[RayWorker]) -> list[tuple[RayWorker, Event]]:
        """See `Workers`."""
        deadline = time.monotonic() + self._patience
        waiting = {worker.reference: worker for worker in workers if worker.batch or not worker.is_up}
        while True:
            done, _ = self._ray.wait(list(waiting), num_returns=1, timeout=_POLL_SECONDS)
            if done:
                return [(waiting[each], event) for each in done for event in self._heard(waiting[each])]
            if not any(worker.batch for worker in workers) and time.monotonic() > deadline:
                raise WorkerError(
                    f"no worker came up in {self._patience:g} s; {self.size} were asked for, and the cluster has "
                    f"{self._ray.cluster_resources()}: see that its nodes run"
                )

    def close(self, workers: Sequence[RayWorker]) -> None:
        """See `Workers`; a cluster that was begun here ends too."""
        del workers  # They end when this process leaves the cluster.
        self._held.close()

    def _heard(self, worker: RayWorker) -> Iterable[Event]:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(worker.reference)
        except errors.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if not isinstance(cause, ReproduceError | ModuleNotFoundError):
                cause = WorkerError(f"a worker ended with {summary(cause)}")
            if not worker.is_up:
                raise cause from None
            return [Done(cause)]
        except errors.RayError as error:
            self._ray.kill(worker.actor)  # One that merely cannot be reached would go on holding its device.
            return [Lost(self._how_lost(worker, error))]
        if not worker.is_up:
            worker.is_up, self._failed_starts = True, 0
            return []
        results, warned = answer
        return [*map(Said, warned), Done(results)]

    def _how_lost(self, worker: RayWorker, error: Exception) -> str:
        how = str(error).strip().splitlines()[0]
        self._failed_starts += not worker.is_up
        if self._failed_starts > _MAX_FAILED_STARTS:
            raise WorkerError(f"{self._failed_starts} workers in a row could not be started; the last: {how}")
        return how


class _Actor:
    """Worker of one device, as a Ray actor."""

    def __init__(self, recorded: Mapping[str, str], threads: int | None, deterministic: bool) -> None:
        adopt(recorded, threads=threads, deterministic=deterministic)
        self._made = Made()

    def ready(self) -> None:
        """Answers once the worker is up."""

    def answer(self, work: Work[Any, Any], batch: Sequence[Any]) -> tuple[Sequence[Any] | Exception, list[str]]:
        """The answers to a batch, or the exception that ended it, and the warnings."""
        warned: list[str] = []
        with notify_of_warnings(warned.append):
            return self._made.answer(work, batch), warned
