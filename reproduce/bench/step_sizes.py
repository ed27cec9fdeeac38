"""The networks on which the engine's steps are timed beside those of other frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StepSize:
    """A network, its batch, and how many of them the engine trains.

    Attributes:
        network: As protocols name it.
        width: Filters of the first convolution, or features.
        side: Pixels on a side of an image, or characters of a text.
        channels: Of an image; 0 for text.
        batch: Examples of a step.
        members: Networks that the engine trains together.
        steps: Of an epoch of the engine; as many as the search's protocols have, where that is not too long to wait.
        depth: Blocks or layers; 0 for the surrogate.
        heads: Of a transformer.
        patch: Pixels on a side of a vision transformer's patch.
        examples: From which batches are drawn.
        evaluated: Examples of an evaluation.
        classes: Different answers.
        characters: Different characters of a text.
        rate: Learning rate of all: small, so that nothing diverges and every step is taken.
        conv_bias: Whether convolutions have a bias before batch normalisation.
    """

    network: Literal["surrogate", "vision_transformer", "char_lstm", "char_transformer"]
    width: int
    side: int
    channels: int
    batch: int
    members: int
    steps: int
    depth: int = 0
    heads: int = 0
    patch: int = 0
    examples: int = 512
    evaluated: int = 2048
    classes: int = 10
    characters: int = 80
    rate: float = 1e-6
    conv_bias: bool = False

    @property
    def described(self) -> str:
        """The size in words."""
        what = f"{self.side} characters" if not self.channels else f"{self.side} px"
        network = "surrogate without bias" if self.network == "surrogate" else self.network.replace("_", " ")
        return (
            f"{network}, {'base' if self.network == 'surrogate' else 'width'} {self.width}, {what}, batch {self.batch}"
        )


#: The surrogate from the smoke profile's size to that of the paper's evolution stage, and the engine's other networks
#: at the sizes of the small profile. Other frameworks train the surrogate alone.
SIZES: Mapping[str, StepSize] = {
    "smoke": StepSize("surrogate", 4, 8, 1, 64, 32, 100),
    "small": StepSize("surrogate", 8, 16, 3, 64, 16, 62),
    "search": StepSize("surrogate", 12, 16, 3, 64, 16, 62),
    "mid": StepSize("surrogate", 24, 32, 3, 128, 32, 1, evaluated=256),
    "full": StepSize("surrogate", 48, 32, 3, 128, 8, 1, evaluated=256),
    "vision-transformer": StepSize("vision_transformer", 32, 16, 3, 64, 16, 10, depth=2, heads=4, patch=4),
    "char-lstm": StepSize("char_lstm", 64, 32, 0, 32, 16, 10, depth=1),
    "char-transformer": StepSize("char_transformer", 32, 32, 0, 32, 16, 10, depth=2, heads=4),
}
