"""Candidates scored a minute: the engine beside one-at-a-time Keras, on the same data and candidates.

A candidate is scored by one training run at one rate, with validation after each epoch. That is the form of the
protocol that suits Keras best: one network built and compiled for each candidate, where choosing its rate would take
three to eight. Images are not augmented, which Keras would do on the host.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.spec import OptimizerSpec
from reproduce.bench.asked import AskedProcess
from reproduce.bench.digits import LARGEST, digits
from reproduce.bench.sizes import EngineBenchSettings, RaceSettings
from reproduce.bench.unfinished import Unfinished
from reproduce.errors import ReproduceError
from reproduce.libraries import known_environment
from reproduce.population.assembly import Member
from reproduce.population.device import Layout
from reproduce.population.engine import Population
from reproduce.population.integrity import check_integrity
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.networks.convolutions import convolution_of
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, batch_sizes, train_members
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES


class Lot(NamedTuple):
    """One measurement.

    Attributes:
        seconds: On the clock.
        cpu_seconds: Of the processor, all threads; other processes lengthen them less.
        scores: Best validation accuracy of each candidate; 0 for one that diverged.
        member_steps: Steps that were taken for it, of all candidates together.
        first_seconds: What the lot took that compiled what this one used; None where every lot compiles for itself.
        first_cpu_seconds: The same of the processor.
    """

    seconds: float
    cpu_seconds: float
    scores: Sequence[float]
    member_steps: int
    first_seconds: float | None = None
    first_cpu_seconds: float | None = None


@dataclass(frozen=True)
class Contestant:
    """How fast candidates were scored.

    Attributes:
        name: "engine", or Keras with its back end.
        seconds: Of each measurement, on the clock.
        cpu_seconds: Of each measurement, of the processor.
        candidates: Candidates of each measurement.
        compile_seconds: What was spent once, before the clock ran; for Keras it is part of every candidate.
        compile_cpu_seconds: The same of the processor.
        mean_score: Mean of the candidates' best validation accuracies, diverged ones counted as 0.
        member_steps: Steps of each measurement, all candidates together; those that diverge take fewer in the engine.
    """

    name: str
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    candidates: int
    compile_seconds: float
    compile_cpu_seconds: float
    mean_score: float
    member_steps: tuple[int, ...]

    def speeds(self, *, cpu: bool = False) -> NDArray[np.float64]:
        """Candidates a minute of each measurement, by the clock or by the processor's time."""
        return 60 * self.candidates / np.asarray(self.cpu_seconds if cpu else self.seconds)

    def per_minute(self, share: float = 0.5, *, cpu: bool = False) -> float:
        """Candidates a minute at a quantile of the measurements' speeds."""
        return float(np.quantile(self.speeds(cpu=cpu), share))

    def seconds_per_step(self) -> float:
        """Seconds on the clock for a step of one member, validation included; the median of the measurements."""
        return float(np.median(np.asarray(self.seconds) / np.asarray(self.member_steps)))

    def per_minute_once(self) -> float:
        """Candidates a minute by the clock of a single measurement that compiles first."""
        return 60 * self.candidates / (self.compile_seconds + float(np.median(self.seconds)))


def random_candidates(count: int, seed: int = 0) -> list[OptimizerSpec]:
    """Draws of the paper's search space that pass the integrity check without a flip."""
    random, sampler = np.random.default_rng(seed), Sampler(SPACES["full"])
    found: list[OptimizerSpec] = []
    while len(found) < count:
        drawn = [sampler.genome(random).express() for _ in range(4 * count)]
        checked = check_integrity(drawn)
        found += [spec for spec, good in zip(drawn, checked.passed & ~checked.flip, strict=True) if good]
    return found[:count]


def race(settings: EngineBenchSettings, unfinished: Unfinished) -> list[Contestant]:
    """Score the same candidates by the engine and by Keras on each back end, in turns.

    In every round the engine scores all candidates at once and Keras, on each back end, one of them: what else the
    machine does falls on all alike, and a round gives a ratio of its own.

    Args:
        settings: Candidates, rounds, back ends and how a candidate is scored.
        unfinished: Keeps each lot as soon as it is there.

    Returns:
        The engine, then Keras on each back end.

    Raises:
        ReproduceError: If a process of Keras fails.
    """
    specs = random_candidates(settings.candidates)
    engine = EngineScorer(specs, settings.race, settings.layout)
    with ExitStack() as stack:
        keras = [stack.enter_context(KerasProcess(backend, settings.race)) for backend in settings.backends]
        scorers: list[EngineScorer | KerasProcess] = [engine, *keras]
        measured = [
            [_kept_lot(scorer, specs[number % len(specs)], number + 1, unfinished) for scorer in scorers]
            for number in range(settings.rounds)
        ]
    return [_contestant(scorer.name, lots) for scorer, lots in zip(scorers, zip(*measured, strict=True), strict=True)]


def _kept_lot(scorer: EngineScorer | KerasProcess, spec: OptimizerSpec, number: int, unfinished: Unfinished) -> Lot:
    """The lot of round ``number``, which is its seed too."""
    return Lot(*unfinished.once(f"{scorer.name}, round {number}", lambda: scorer.score(spec, number)))


def _contestant(name: str, lots: Sequence[Lot]) -> Contestant:
    seconds, cpu_seconds, scores, member_steps, first, cpu_first = zip(*lots, strict=True)
    # The first process' alone: where a run was interrupted, another one compiled again.
    compiling, cpu_compiling = _beyond_median(first[0], seconds), _beyond_median(cpu_first[0], cpu_seconds)
    mean = float(np.mean(scores))
    return Contestant(name, seconds, cpu_seconds, len(scores[0]), compiling, cpu_compiling, mean, member_steps)


def _beyond_median(first: float | None, others: Sequence[float]) -> float:
    return 0.0 if first is None else max(0.0, first - float(np.median(others)))


class EngineScorer:
    """Scores all of ``specs`` at once, whichever is asked for."""

    name = "engine"

    def __init__(self, specs: Sequence[OptimizerSpec], settings: RaceSettings, layout: Layout | None = None) -> None:
        work = settings.work
        network = ConvNet(
            work.base_filters,
            work.channels,
            10,
            scale=1 / LARGEST,
            batch_norm_momentum=0.9,
            dtype=work.dtype,
            convolution=None if layout is None else convolution_of(layout),
        )
        self._population = Population(
            classification(network.initial, network.apply, inference=network.inference), layout=layout
        )
        self._specs, self._settings = specs, settings
        self._first: Lot | None = None

    def score(self, spec: OptimizerSpec, seed: int) -> Lot:
        """Train every candidate, each with a seed of its own; once before it, for the whole run, to compile."""
        del spec
        if self._first is None:
            # An epoch would not do: the sizes into which those that go on are packed are compiled on the way.
            self._first = self._lot(seed=0)
        lot = self._lot(seed)
        return lot._replace(first_seconds=self._first.seconds, first_cpu_seconds=self._first.cpu_seconds)

    def _lot(self, seed: int) -> Lot:
        settings, count = self._settings, len(self._specs)
        start = time.perf_counter(), time.process_time()
        members = [
            Member(each, settings.rate, settings.steps, settings.warmup_steps, seed=seed * count + index)
            for index, each in enumerate(self._specs)
        ]
        examples = Examples(*digits(settings), settings.work.batch_size, settings.steps_per_epoch)
        trainings = train_members(self._population, members, examples, settings.epochs, largest=batch_sizes(count)[-1])
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
        scores = tuple(max(each.curve.validation_accuracy, default=0.0) for each in trainings)
        return Lot(*taken, scores, sum(each.steps for each in trainings))


class KerasProcess(AskedProcess):
    """Scores one candidate at a time in a process of its own, since a process has one back end."""

    def __init__(self, backend: str, settings: RaceSettings) -> None:
        super().__init__(
            f"Keras, {backend}",
            [sys.executable, "-m", "reproduce.bench.keras_candidates", json.dumps(asdict(settings))],
            known_environment() | {"KERAS_BACKEND": backend},
        )
        self._settings, self._loaded = settings, False

    def score(self, spec: OptimizerSpec, seed: int) -> Lot:
        """Build, compile and fit a network; once before it, load the libraries by an epoch that does not count.

        Raises:
            ReproduceError: If the process raised an exception, or has ended.
        """
        if not self._loaded:
            self._lot(spec, seed, epochs=1)
            self._loaded = True
        return self._lot(spec, seed, self._settings.epochs)

    def _lot(self, spec: OptimizerSpec, seed: int, epochs: int) -> Lot:
        measured = self.ask({"spec": spec.to_dict(), "seed": seed, "epochs": epochs})
        if "raised" in measured:
            raise ReproduceError(f"{self.name}, candidate of seed {seed}: {measured['raised']}")
        score = float(np.nan_to_num(measured["score"]))
        return Lot(measured["seconds"], measured["cpu_seconds"], (score,), epochs * self._settings.steps_per_epoch)
