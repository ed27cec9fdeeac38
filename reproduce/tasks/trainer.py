"""Trainers: what trains optimizers on a task, the engine or Keras; and candidates under a screening of rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from paper_optimizers.spec import OptimizerSpec
from reproduce.errors import ProtocolError
from reproduce.outcomes import Diverged, Outcome, ScreenedOut, Screening, Trained, Training
from reproduce.tasks.optimizers import KERAS, Entrant, Optimizer, is_transformation, spec_of
from reproduce.tasks.rates import Choice, RateScreening
from reproduce.tasks.task import Task
from reproduce.training.settings import Augmentation

TrainerName = Literal["engine", "keras"]

#: The type that the engine computes in, by precision.
ENGINE_TYPES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
#: The networks that the engine has; `reproduce.tasks.networks` makes them.
ENGINE_NETWORKS = ("surrogate", "vision_transformer", "char_lstm", "char_transformer")
#: What the engine's own augmentation does, together or not at all.
CROP_FLIP_CUTOUT: tuple[Augmentation, ...] = ("crop", "flip", "cutout")


@dataclass(frozen=True)
class Run:
    """One training that is asked for.

    Attributes:
        optimizer: What is trained with.
        rate: Peak learning rate.
        seed: Of weights, batches and all that is random.
        test: Whether test accuracy is measured at the end.
        checkpoint: A file for the state after each epoch, of trainings by Keras; see
            `reproduce.training.fit.Fit.run`.
        weight_decay: The coefficient of the decoupled weight decay, ``w <- w - rate weight_decay w`` (Loshchilov &
            Hutter 2019), in place of the optimizer's own; None leaves the optimizer as it is.
    """

    optimizer: Optimizer
    rate: float
    seed: int
    test: bool = False
    checkpoint: Path | None = None
    weight_decay: float | None = None


#: ``train accuracy after each epoch so far -> whether to go on``, asked after each epoch.
GoOn = Callable[[Sequence[float]], bool]


class Trainer(Protocol):
    """Trains optimizers on one task. One seed gives all of them the same initial weights and batches."""

    def run(self, runs: Sequence[Run], *, epochs: int | None = None, go_on: GoOn | None = None) -> list[Training]:
        """Train once for each of ``runs``; what becomes of one does not depend on the others.

        Args:
            runs: What is asked for.
            epochs: The length of each; None for that of the task.
            go_on: See `GoOn`; where it says no, a training is cut short.
        """


def trainer_of(name: str, task: Task, optimizer: Optimizer, asked: Literal["auto", "engine", "keras"]) -> TrainerName:
    """Find what trains this optimizer on this task: the engine for what it has, Keras for everything.

    Args:
        name: The task's, for errors.
        task: The task.
        optimizer: The optimizer.
        asked: What is asked for; "auto" leaves it to what the engine has.

    Raises:
        ProtocolError: If the engine lacks the task's network or a setting, and it is asked for or has the optimizer
            alone; or if Keras is asked for what the engine has alone.
    """
    lacking = _lacking(task)
    if is_transformation(optimizer):
        if asked == "keras" or lacking is not None:
            raise ProtocolError(_engine_alone(name, optimizer, "runner is 'keras'" if lacking is None else lacking))
        return "engine"
    if asked == "keras":
        return "keras"
    if lacking is not None and asked == "engine":
        raise ProtocolError(f"task {name}: the engine has no {lacking}; set runner to 'auto' or 'keras'")
    return "engine" if lacking is None and spec_of(optimizer) is not None else "keras"


def require_engine(name: str, task: Task) -> None:
    """Refuse a task of this name that the engine cannot train.

    Raises:
        ProtocolError: Naming the setting that the engine lacks.
    """
    lacking = _lacking(task)
    if lacking is not None:
        raise ProtocolError(f"task {name}: the engine has no {lacking}; set trainer to 'keras'")


def _engine_alone(task: str, entrant: Entrant, reason: str) -> str:
    """Explain why a transformation cannot be trained on a task, and what can."""
    why = reason if reason.startswith("runner") else f"the engine has no {reason}"
    ending = entrant.name.removeprefix(entrant.base)
    other = f"; name {entrant.base}{ending} in optimizers.keras, for Keras' own form" if entrant.base in KERAS else ""
    return (
        f"task {task}: {entrant.name} of optimizers.optax is trained by the engine alone, and {why}"
        f"{other or '; leave it out, Keras has none'}"
    )


def _lacking(task: Task) -> str | None:
    """The first setting of ``task`` that the engine does not have."""
    model, training = task.model, task.training
    own = () if model.is_text else CROP_FLIP_CUTOUT
    there = {
        f"model.network = {model.network!r}": model.network in ENGINE_NETWORKS,
        f"training.augmentations = {list(training.augmentations)}": training.augmentations in ((), own),
        f"training.accumulation = {training.accumulation}": training.accumulation == 1,
        f"training.precision = {training.precision!r}": training.precision in ENGINE_TYPES,
        f"training.frozen = {training.frozen!r}": training.frozen == "nothing",
    }
    return next((name for name, has in there.items() if not has), None)


class Candidate(NamedTuple):
    """A spec and a seed, to be trained under a screening of rates.

    Attributes:
        spec: The optimizer, its sign already flipped where it is to ascend.
        seed: Of all its trainings.
    """

    spec: OptimizerSpec
    seed: int

    def __str__(self) -> str:
        return f"{self.spec.to_text()} with seed {self.seed}"


def train_under(rule: RateScreening, trainer: Trainer, candidates: Sequence[Candidate]) -> list[Outcome]:
    """Choose each candidate's rate by the rule, then train it at that rate; its score is its best validation accuracy.

    An outcome does not depend on the other candidates.
    """
    tried: list[dict[float, float]] = [{} for _ in candidates]
    while True:
        choices = [rule.choose(values) for values in tried]
        open_ = [
            (number, rate)
            for number, choice in enumerate(choices)
            for rate in choice.rates
            if rate not in tried[number]
        ]
        if not open_:
            break
        trainings = trainer.run(_runs(candidates, open_), epochs=rule.screening_epochs)
        for (number, rate), training in zip(open_, trainings, strict=True):
            tried[number][rate] = rule.value(training)
    chosen = [(number, choice.rate) for number, choice in enumerate(choices) if choice.rate is not None]
    trainings = trainer.run(_runs(candidates, chosen), go_on=rule.goes_on if rule.patience else None)
    found = {number: training for (number, _), training in zip(chosen, trainings, strict=True)}
    return [
        _outcome(choice, tuple(values.items()), found.get(number))
        for number, (choice, values) in enumerate(zip(choices, tried, strict=True))
    ]


def _runs(candidates: Sequence[Candidate], at: Iterable[tuple[int, float]]) -> list[Run]:
    return [Run(candidates[number].spec, rate, candidates[number].seed) for number, rate in at]


def _outcome(choice: Choice, screening: Screening, training: Training | None) -> Outcome:
    """Give the outcome of the training that counts, or of the screening that asked too much."""
    if training is None or choice.rate is None:
        return ScreenedOut(choice.screened_out or "first", screening)
    accuracies = training.curve.validation_accuracy
    if not accuracies:
        return Diverged(training.diverged_at or 0, choice.rate, screening)
    return Trained(max(accuracies), choice.rate, screening, training.curve.train_accuracy, accuracies, training.cut)
