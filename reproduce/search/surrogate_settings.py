"""The settings of a surrogate, apart from what computes it: stored ones are read without JAX.

A surrogate is what candidates are scored on: a task in the words of a study's, or several. Searches, eliminations and
replays all have one for each of their stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reproduce.data.settings import DataSettings
from reproduce.models.settings import ModelSettings
from reproduce.plain_data import require
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.scoring import Scoring, ScoringWork
from reproduce.tasks.several import ScoredPart, SeveralScorings
from reproduce.tasks.task import AugmentationSettings, NesterovForm, Task
from reproduce.tasks.trainer import CROP_FLIP_CUTOUT, TrainerName, require_engine
from reproduce.training.settings import TrainingSettings


@dataclass(frozen=True)
class ScoredTask:
    """A task that candidates are scored on, and the rule by which their rates are chosen.

    Attributes:
        name: The task's name.
        data: Its data; scores never see the test part.
        model: Its network.
        training: The run that counts.
        rates: How the rate of that run is chosen.
        augmentation: Sizes of the engine's augmentation; see `Task`.
        reference: The accuracy that counts 1 beside other tasks; given where there are any.
    """

    name: str
    data: DataSettings
    model: ModelSettings
    training: TrainingSettings
    rates: RateScreening
    augmentation: AugmentationSettings | None = None
    reference: float | None = None

    def __post_init__(self) -> None:
        require(bool(self.name), "name", self.name, "a name")
        require(self.reference is None or 0 < self.reference <= 1, "reference", self.reference, "in (0, 1]")
        names = list(self.training.augmentations)
        sized = self.augmentation is None or self.training.augmentations == CROP_FLIP_CUTOUT
        require(sized, "training.augmentations", names, f"{list(CROP_FLIP_CUTOUT)} where augmentation has its sizes")


@dataclass(frozen=True)
class SurrogateSettings:
    """Everything that a candidate's score depends on, beside its spec and its seed.

    Attributes:
        tasks: What candidates are trained on. The score on one is its accuracy; on several it is a mean over all, see
            `reproduce.tasks.several`.
        trainer: What trains them: "engine", or "keras" for a network that the engine lacks.
        nesterov: The form of Nesterov momentum in the engine; see `reproduce.population.assembly.Member`.
    """

    tasks: tuple[ScoredTask, ...]
    trainer: TrainerName = "engine"
    nesterov: NesterovForm = "released"

    def __post_init__(self) -> None:
        require(len(self.tasks) > 0, "tasks", [], "one task or more")
        names = list(self.names)
        require(len(set(names)) == len(names), "tasks", names, "tasks of different names")
        references = [each.reference for each in self.tasks]
        if len(self.tasks) == 1:
            require(references == [None], "tasks[0].reference", references[0], "left out where there is one task")
        for number, reference in enumerate(references):
            given = reference is not None or len(self.tasks) == 1
            require(given, f"tasks[{number}].reference", reference, "given where there are several tasks")
        if self.trainer == "engine":
            for each in self.tasks:
                require_engine(each.name, self._task(each))

    @property
    def names(self) -> tuple[str, ...]:
        """The tasks' names."""
        return tuple(each.name for each in self.tasks)

    @property
    def screening_epochs(self) -> int:
        """Epochs of a training that chooses a rate, on the first task."""
        return self.tasks[0].rates.screening_epochs

    def work(self, data_dir: Path | None = None, batch: int = 1, largest: int | None = None) -> ScoringWork:
        """Candidates scored on all tasks; arguments as of `Scoring`, which the engine alone looks at."""
        at_once, most = (batch, largest) if self.trainer == "engine" else (1, None)
        parts = [
            (each, Scoring(self._task(each), each.rates, self.trainer, data_dir, at_once, most)) for each in self.tasks
        ]
        scored = [ScoredPart(each.name, work, each.reference) for each, work in parts if each.reference is not None]
        return SeveralScorings(tuple(scored)) if scored else parts[0][1]

    def _task(self, each: ScoredTask) -> Task:
        return Task(each.data, each.model, each.training, each.augmentation, self.nesterov)
