"""How much the engine's measurements measure: on two cores, on a GPU, or just enough to see that everything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import get_args

from reproduce.population.device import Layout
from reproduce.population.networks.convolutions import Convolution

#: A layout of the members, and a form of their convolutions.
Form = tuple[Layout, Convolution]
_LAYOUTS: tuple[Layout, ...] = ("map", "vectorise")


@dataclass(frozen=True)
class Workload:
    """The network and the batch of a step.

    Attributes:
        base_filters: Filters of the first convolution.
        image_size: Pixels on a side.
        channels: Of the images.
        batch_size: Images of a step.
        dtype: Type of the convolutions.
    """

    base_filters: int
    image_size: int
    channels: int
    batch_size: int
    dtype: str

    def flops(self) -> float:
        """Multiplications and additions of the convolutions of one step, forward and twice as many backward."""
        width, size, total = self.channels, self.image_size, 0
        for factor, stride in ((1, 1), (2, 2), (4, 2)):
            size = -(-size // stride)
            total += 2 * 9 * width * factor * self.base_filters * size * size
            width = factor * self.base_filters
        return 3.0 * total * self.batch_size


@dataclass(frozen=True)
class RaceSettings:
    """How a candidate is scored, by the engine and by Keras.

    Attributes:
        work: Network and batch.
        epochs: Epochs of a run.
        steps_per_epoch: Steps between two validations.
        warmup_steps: Steps in which the rate rises.
        validation: Images of a validation.
        rate: Peak learning rate.
    """

    work: Workload
    epochs: int
    steps_per_epoch: int
    warmup_steps: int
    validation: int
    rate: float = 0.01

    @property
    def steps(self) -> int:
        """The steps of one run."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class EngineBenchSettings:
    """How much is measured.

    Attributes:
        race: How a candidate is scored.
        candidates: Candidates of one measurement of the engine.
        rounds: Measurements of the engine and of Keras on each back end, in turns.
        backends: These back ends.
        members: The largest number of members of the cost curve, which ends before it where the device is full.
        form_members: Members with which layouts and forms of the convolution are compared.
        forms: These.
        layout: Of the race and of the curve; None for what the engine picks.
        steps: Steps of a timed epoch of the curve and of the forms.
        repeats: Measurements of everything but the race.
        integrity: Candidates of an integrity measurement.
        matrix: Rows of the square matrices whose product is timed.
    """

    race: RaceSettings
    candidates: int = 32
    rounds: int = 10
    backends: tuple[str, ...] = ("tensorflow", "jax")
    members: int = 32
    form_members: int = 16
    forms: tuple[Form, ...] = tuple(product(_LAYOUTS, get_args(Convolution)))
    layout: Layout | None = None
    steps: int = 20
    repeats: int = 5
    integrity: int = 2000
    matrix: int = 1024


#: The surrogate of the paper's evolution stage.
SURROGATE = Workload(base_filters=48, image_size=32, channels=3, batch_size=128, dtype="bfloat16")

#: For CPUs: the surrogate of the smoke profile.
SMOKE = EngineBenchSettings(
    RaceSettings(Workload(4, 8, 1, 64, "float32"), epochs=6, steps_per_epoch=12, warmup_steps=7, validation=449)
)
#: For GPUs: the evolution stage's runs at full length, on fewer rounds since Keras takes minutes for each.
FULL = EngineBenchSettings(
    RaceSettings(SURROGATE, epochs=40, steps_per_epoch=400, warmup_steps=800, validation=5000),
    rounds=3, members=1024, form_members=32, matrix=8192,
)  # fmt: skip
SIZES = {"smoke": SMOKE, "full": FULL}


def quick(settings: EngineBenchSettings) -> EngineBenchSettings:
    """The same network, measured just enough to see that everything runs."""
    race = replace(settings.race, epochs=2, steps_per_epoch=4, warmup_steps=1)
    return replace(
        settings, race=race, candidates=4, rounds=2, members=2, form_members=2, steps=2, repeats=2, integrity=100
    )
