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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

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
#: A process of Keras that takes longer than this is taken for dead.
_TIMEOUT_SECONDS = 3600


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


@dataclass(frozen=True)
class Contestant:
    """How fast candidates were scored.

    Attributes:
        name: "engine", or Keras with its back end.
        seconds: Of each measurement.
        candidates: Candidates of each measurement.
        compile_seconds: What was spent once, before the clock ran; for Keras it is part of every candidate.
        mean_score: Mean of the candidates' best validation accuracies, diverged ones counted as 0.
    """

    name: str
    seconds: tuple[float, ...]
    candidates: int
    compile_seconds: float
    mean_score: float

    def per_minute(self, share: float = 0.5) -> float:
        """Candidates a minute at a quantile of the measurements' speeds."""
        return float(np.quantile([60 * self.candidates / seconds for seconds in self.seconds], share))


def random_candidates(count: int, seed: int = 0) -> list[OptimizerSpec]:
    """Draws of the paper's search space that pass the integrity check without a flip."""
    random, sampler = np.random.default_rng(seed), Sampler(SPACES["full"])
    found: list[OptimizerSpec] = []
    while len(found) < count:
        drawn = [sampler.genome(random).express() for _ in range(4 * count)]
        checked = check_integrity(drawn)
        found += [spec for spec, good in zip(drawn, checked.passed & ~checked.flip, strict=True) if good]
    return found[:count]


def race(engine_candidates: int, keras_candidates: int, repeats: int, settings: RaceSettings) -> Iterator[Contestant]:
    """Score the same candidates by the engine and by Keras on each back end.

    Args:
        engine_candidates: Candidates of one engine measurement.
        keras_candidates: How many of the first of them Keras scores, each one measurement.
        repeats: Measurements of the engine.
        settings: See `RaceSettings`.

    Raises:
        ReproduceError: If a process of Keras fails.
    """
    specs = random_candidates(engine_candidates)
    few = specs[:keras_candidates]
    yield engine_contestant(specs, repeats, settings)
    for backend in _BACKENDS:
        yield keras_contestant(backend, few, settings)


def engine_contestant(specs: Sequence[OptimizerSpec], repeats: int, settings: RaceSettings) -> Contestant:
    """Time the engine on all of ``specs`` at once, ``repeats`` times."""
    network = ConvNet(settings.base_filters, 1, 10, scale=1 / 16, batch_norm_momentum=0.9)
    population = Population(classification(network.initial, network.apply))
    train, validation = digits()
    task = Task(train, validation, settings.batch_size, settings.steps_per_epoch)
    largest = batch_sizes(len(specs))[-1]

    def score(seed: int) -> tuple[float, list[float]]:
        start = time.perf_counter()
        members = [
            Member(spec, settings.rate, settings.steps, settings.warmup_steps, seed=seed + index)
            for index, spec in enumerate(specs)
        ]
        trainings = train_members(population, members, task, settings.epochs, largest=largest)
        return time.perf_counter() - start, [max(each.validation_accuracy, default=0.0) for each in trainings]

    first, _ = score(0)
    runs = [score(repeat * len(specs)) for repeat in range(repeats)]
    seconds = tuple(each for each, _ in runs)
    mean = float(np.mean([scores for _, scores in runs]))
    return Contestant("engine", seconds, len(specs), max(0.0, first - float(np.median(seconds))), mean)


def keras_contestant(backend: str, specs: Sequence[OptimizerSpec], settings: RaceSettings) -> Contestant:
    """Time Keras in a process of its own, candidate after candidate."""
    with tempfile.TemporaryDirectory() as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "answer.json"
        document = {"settings": asdict(settings), "specs": [spec.to_dict() for spec in specs]}
        job.write_text(json.dumps(document), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "reproduce.bench.keras_candidates", str(job), str(answer)],
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise ReproduceError(f"Keras on {backend} failed:\n{done.stderr.strip()[-2000:]}")
        measured = json.loads(answer.read_text(encoding="utf-8"))
    scores = np.nan_to_num(np.asarray(measured["scores"], float))
    return Contestant(f"Keras, {backend}", tuple(measured["seconds"]), 1, 0.0, float(scores.mean()))


@cache
def digits() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Training and validation images of 8 x 8 pixels from 0 to 16, three quarters and one quarter."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images, labels = images.reshape(-1, 8, 8, 1).astype(np.float32), labels.astype(np.int32)
    chosen = np.arange(len(labels)) % 4 == 3
    return (images[~chosen], labels[~chosen]), (images[chosen], labels[chosen])
