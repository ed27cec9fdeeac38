"""Which network is trained, and of what size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reproduce.plain_data import require

Kind = Literal["surrogate", "efficientnetv2", "vision_transformer", "char_lstm", "char_transformer"]
#: What pixels become before the first layer.
Pixels = Literal["unit", "centred", "standardised"]
Start = Literal["scratch", "imagenet", "file", "pretrained"]

SURROGATE_BLOCKS = 3
_TRANSFORMERS = ("vision_transformer", "char_transformer")


@dataclass(frozen=True)
class ModelSettings:
    """A network's kind and size.

    Attributes:
        kind: "surrogate" (the paper's ConvNet), "efficientnetv2", "vision_transformer", "char_lstm" or
            "char_transformer"; see the module of that name, or `reproduce.models.convnet`.
        width: Filters of the first convolution (the surrogate, EfficientNetV2, where -S has 24 and all others are
            scaled alike), units of an LSTM layer, or features of a transformer.
        depth: Blocks of the surrogate, which has 3; most blocks of a stage of EfficientNetV2, where -S has 15; layers
            of an LSTM; blocks of a transformer.
        heads: Attention heads of a transformer; 0 for the others.
        patch_size: Height and width, in pixels, of a vision transformer's patches; 0 for the others.
        dropout: Rate of the dropout before the last layer, and of what else a kind drops in training.
        batch_norm_momentum: Share of the old running mean and variance kept at each step; Keras' 0.99 needs some
            hundred steps before what validation sees is what training saw. Not used by kinds without batch
            normalisation.
        pixels: "unit" (0 to 1), "centred" (-1 to 1, what ImageNet weights were trained on) or "standardised" (mean 0
            and deviation 1 in each channel of the training images). Not used for text.
        start: Where initial weights come from: "scratch" (drawn by the seed), "imagenet" (published with Keras; for
            EfficientNetV2-S alone), "file" (of this or another task; see ``weights_file``) or "pretrained" (trained
            here first, on another task).
        weights_file: The weights file of start "file"; empty otherwise.
    """

    kind: Kind
    width: int
    depth: int
    heads: int
    patch_size: int
    dropout: float
    batch_norm_momentum: float
    pixels: Pixels
    start: Start
    weights_file: str

    def __post_init__(self) -> None:
        require(1 <= self.width <= 4096, "width", self.width, "between 1 and 4096")
        require(1 <= self.depth <= 100, "depth", self.depth, "between 1 and 100")
        if self.kind == "surrogate":
            require(self.depth == SURROGATE_BLOCKS, "depth", self.depth, f"{SURROGATE_BLOCKS} for the surrogate")
        if self.kind in _TRANSFORMERS:
            divides = self.heads >= 1 and self.width % self.heads == 0
            require(divides, "heads", self.heads, f"a divisor of width {self.width}")
        else:
            require(self.heads == 0, "heads", self.heads, f"0 for {self.kind}")
        if self.kind == "vision_transformer":
            require(self.patch_size >= 1, "patch_size", self.patch_size, "1 or more for a vision transformer")
        else:
            require(self.patch_size == 0, "patch_size", self.patch_size, f"0 for {self.kind}")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "in [0, 1)")
        momentum = self.batch_norm_momentum
        require(0 <= momentum < 1, "batch_norm_momentum", momentum, "in [0, 1)")
        if self.start == "imagenet":
            published = self.kind == "efficientnetv2" and (self.width, self.depth) == (24, 15)
            require(published, "start", self.start, "another, or the model efficientnetv2 of width 24 and depth 15")
        named = bool(self.weights_file)
        require(
            named == (self.start == "file"), "weights_file", self.weights_file, "given for start 'file', else empty"
        )

    @property
    def is_text(self) -> bool:
        """Whether the network reads characters rather than images."""
        return self.kind.startswith("char_")
