"""Candidates scored a minute: the engine beside one-at-a-time Keras, on the same data and candidates.

A candidate is scored by one training run at one rate, with validation after each epoch. That is the form of the
protocol that suits Keras best: one network built and compiled for each candidate, where choosing its rate would take
three to eight.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.spec import OptimizerSpec
from reproduce.errors import ReproduceError
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.integrity import check_integrity
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import classification
from reproduce.population.waves import Task, batch_sizes, train_members
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES

_BACKENDS = ("tensorflow", "jax")


@dataclass(frozen=True)
class RaceSettings:
    """How a candidate is scored: the surrogate of the smoke profile on scikit-learn's digits.

    Attributes:
        base_filters: Filters of the first of three convolutions.
        batch_size: Images of a step.
        epochs: Epochs of a run.
        steps_per_epoch: Steps between two validations.
        warmup_steps: Steps in which the rate rises.
        rate: Peak learning rate.
    """

    base_filters: int = 4
    batch_size: int = 64
    epochs: int = 6
    steps_per_epoch: int = 12
    warmup_steps: int = 7
    rate: float = 0.01

    @property
    def steps(self) -> int:
        """Of one run."""
        return self.epochs * self.steps_per_epoch


class Lot(NamedTuple):
    """One measurement.

    Attributes:
        seconds: On the clock.
        cpu_seconds: Of the processor, all threads; other processes lengthen them less.
        scores: Best validation accuracy of each candidate; 0 for one that diverged.
    """

    seconds: float
    cpu_seconds: float
    scores: tuple[float, ...]


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
    """

    name: str
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    candidates: int
    compile_seconds: float
    compile_cpu_seconds: float
    mean_score: float

    def speeds(self, *, cpu: bool = False) -> NDArray[np.float64]:
        """Candidates a minute of each measurement, by the clock or by the processor's time."""
        return 60 * self.candidates / np.asarray(self.cpu_seconds if cpu else self.seconds)

    def per_minute(self, share: float = 0.5, *, cpu: bool = False) -> float:
        """Candidates a minute at a quantile of the measurements' speeds."""
        return float(np.quantile(self.speeds(cpu=cpu), share))

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


def race(candidates: int, rounds: int, settings: RaceSettings) -> list[Contestant]:
    """Score the same candidates by the engine and by Keras on each back end, in turns.

    In every round the engine scores all candidates at once and Keras, on each back end, one of them: what else the
    machine does falls on all alike, and a round gives a ratio of its own.

    Args:
        candidates: Candidates of one measurement of the engine.
        rounds: Measurements of each contestant.
        settings: See `RaceSettings`.

    Returns:
        The engine, then Keras on each back end.

    Raises:
        ReproduceError: If a process of Keras fails.
    """
    specs = random_candidates(candidates)
    engine = EngineScorer(specs, settings)
    with ExitStack() as stack:
        keras = [stack.enter_context(KerasScorer(backend, settings)) for backend in _BACKENDS]
        scorers: list[EngineScorer | KerasScorer] = [engine, *keras]
        # What each does once: the engine compiles, Keras loads.
        first = [scorer.score(specs[0], 0) for scorer in scorers]
        measured = [
            [scorer.score(specs[number % candidates], number + 1) for scorer in scorers] for number in range(rounds)
        ]
    contestants = []
    for scorer, once, lots in zip(scorers, first, zip(*measured, strict=True), strict=True):
        contestants.append(_contestant(scorer.name, once if scorer is engine else None, lots))
    return contestants


def _contestant(name: str, first: Lot | None, lots: Sequence[Lot]) -> Contestant:
    """``first`` is the lot that compiled what the others reused, or None where nothing is reused."""
    seconds, cpu_seconds, scores = zip(*lots, strict=True)
    once = (0.0, 0.0)
    if first is not None:
        once = (first.seconds - float(np.median(seconds)), first.cpu_seconds - float(np.median(cpu_seconds)))
    compiling, cpu_compiling = (max(0.0, each) for each in once)
    mean = float(np.mean(scores))
    return Contestant(name, seconds, cpu_seconds, len(lots[0].scores), compiling, cpu_compiling, mean)


class EngineScorer:
    """Scores all of ``specs`` at once, whichever is asked for."""

    name = "engine"

    def __init__(self, specs: Sequence[OptimizerSpec], settings: RaceSettings) -> None:
        """See the class."""
        network = ConvNet(settings.base_filters, 1, 10, scale=1 / 16, batch_norm_momentum=0.9)
        self._population = Population(classification(network.initial, network.apply))
        self._specs, self._settings = specs, settings

    def score(self, spec: OptimizerSpec, seed: int) -> Lot:
        """Train every candidate, each with a seed of its own."""
        del spec
        settings, count = self._settings, len(self._specs)
        start = time.perf_counter(), time.process_time()
        members = [
            Member(each, settings.rate, settings.steps, settings.warmup_steps, seed=seed * count + index)
            for index, each in enumerate(self._specs)
        ]
        task = Task(*digits(), settings.batch_size, settings.steps_per_epoch)
        trainings = train_members(self._population, members, task, settings.epochs, largest=batch_sizes(count)[-1])
        taken = time.perf_counter() - start[0], time.process_time() - start[1]
        return Lot(*taken, tuple(max(each.validation_accuracy, default=0.0) for each in trainings))


class KerasScorer:
    """Scores one candidate at a time in a process of its own, since a process has one back end."""

    def __init__(self, backend: str, settings: RaceSettings) -> None:
        """See the class."""
        self.name = f"Keras, {backend}"
        self._backend, self._settings = backend, settings

    def __enter__(self) -> KerasScorer:
        """Start the process."""
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reproduce.bench.keras_candidates", json.dumps(asdict(self._settings))],
            env={**os.environ, "KERAS_BACKEND": self._backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *error: object) -> None:
        """End the process, which ends when nothing more can come."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._process.wait()
        self._errors.close()

    def score(self, spec: OptimizerSpec, seed: int) -> Lot:
        """Build, compile and fit a network.

        Raises:
            ReproduceError: If the process has ended.
        """
        asked, answers = self._process.stdin, self._process.stdout
        answer = ""
        if asked is not None and answers is not None:
            with suppress(BrokenPipeError):
                asked.write(json.dumps({"spec": spec.to_dict(), "seed": seed}) + "\n")
                asked.flush()
                answer = answers.readline()
        if not answer:
            self._errors.seek(0)
            raise ReproduceError(f"{self.name} failed:\n{self._errors.read().strip()[-2000:]}")
        measured = json.loads(answer)
        score = float(np.nan_to_num(measured["score"]))
        return Lot(measured["seconds"], measured["cpu_seconds"], (score,))


@cache
def digits() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Training and validation images of 8 x 8 pixels from 0 to 16, three quarters and one quarter."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images, labels = images.reshape(-1, 8, 8, 1).astype(np.float32), labels.astype(np.int32)
    chosen = np.arange(len(labels)) % 4 == 3
    return (images[~chosen], labels[~chosen]), (images[chosen], labels[chosen])
