"""Which network is trained, and of what size: a class for each network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reproduce.plain_data import require

#: What pixels become before the first layer.
Pixels = Literal["unit", "centred", "standardised"]
Start = Literal["scratch", "imagenet", "file", "pretrained"]


@dataclass(frozen=True, kw_only=True)
class _NetworkSettings:
    """Settings of all networks.

    Attributes:
        network: Its name.
        width: Filters of the first convolution (of EfficientNetV2, where -S has 24, all others are scaled alike), units
            of an LSTM layer, or features of a transformer.
        dropout: Rate of the dropout before the last layer, and of what else a network drops in training.
        start: Where initial weights come from: "scratch" (drawn by the seed), "imagenet" (published with Keras; for
            EfficientNetV2-S alone), "file" (of this or another task) or "pretrained" (trained here first, on another
            task).
        weights_file: The weights file, for start "file" alone.
    """

    network: str
    width: int
    dropout: float
    start: Start = "scratch"
    weights_file: str | None = None

    def __post_init__(self) -> None:
        for name, most in (("width", 4096), ("depth", 100), ("patch_size", 1024)):
            value = getattr(self, name, 1)
            require(1 <= value <= most, name, value, f"between 1 and {most}")
        heads = getattr(self, "heads", 1)
        require(heads >= 1 and self.width % heads == 0, "heads", heads, f"a divisor of width {self.width}")
        for name in ("dropout", "batch_norm_momentum"):
            value = getattr(self, name, 0.0)
            require(0 <= value < 1, name, value, "in [0, 1)")
        if self.start == "imagenet":
            published = (self.network, self.width, getattr(self, "depth", 0)) == ("efficientnetv2", 24, 15)
            require(published, "start", self.start, "another, or the network efficientnetv2 of width 24 and depth 15")
        wanted = "given" if self.start == "file" else "left out"
        fits = (self.weights_file is not None) == (self.start == "file")
        require(fits, "weights_file", self.weights_file, f"{wanted} where start is {self.start!r}")

    @property
    def is_text(self) -> bool:
        """Whether the network reads characters rather than images."""
        return self.network.startswith("char_")


@dataclass(frozen=True, kw_only=True)
class _ImageNetworkSettings(_NetworkSettings):
    """Settings of networks of images.

    Attributes:
        pixels: "unit" (0 to 1), "centred" (-1 to 1, what ImageNet weights were trained on) or "standardised" (mean 0
            and deviation 1 in each channel of the training images).
    """

    pixels: Pixels


@dataclass(frozen=True, kw_only=True)
class ConvNetSettings(_ImageNetworkSettings):
    """The paper's ConvNet; see `reproduce.models.networks`.

    Attributes:
        network: "surrogate".
        batch_norm_momentum: Share of the old running mean and variance kept at each step; Keras' 0.99 needs some
            hundred steps before what validation sees is what training saw.
        conv_bias: Whether convolutions have a bias. Batch normalisation takes it out again, so that its gradient is
            rounding alone, along which optimizers that divide by the gradient's size walk at full speed.
    """

    network: Literal["surrogate"]
    batch_norm_momentum: float
    conv_bias: bool = True


@dataclass(frozen=True, kw_only=True)
class EfficientNetV2Settings(_ImageNetworkSettings):
    """See `reproduce.models.efficientnetv2`.

    Attributes:
        network: "efficientnetv2".
        depth: Most blocks of a stage, where -S has 15.
        batch_norm_momentum: See `ConvNetSettings`.
    """

    network: Literal["efficientnetv2"]
    depth: int
    batch_norm_momentum: float


@dataclass(frozen=True, kw_only=True)
class VisionTransformerSettings(_ImageNetworkSettings):
    """See `reproduce.models.networks`.

    Attributes:
        network: "vision_transformer".
        depth: Blocks.
        heads: Attention heads.
        patch_size: Height and width of a patch, in pixels.
    """

    network: Literal["vision_transformer"]
    depth: int
    heads: int
    patch_size: int


@dataclass(frozen=True, kw_only=True)
class CharLSTMSettings(_NetworkSettings):
    """See `reproduce.models.networks`.

    Attributes:
        network: "char_lstm".
        depth: Layers.
    """

    network: Literal["char_lstm"]
    depth: int


@dataclass(frozen=True, kw_only=True)
class CharTransformerSettings(_NetworkSettings):
    """See `reproduce.models.networks`.

    Attributes:
        network: "char_transformer".
        depth: Blocks.
        heads: Attention heads.
    """

    network: Literal["char_transformer"]
    depth: int
    heads: int


TransformerSettings: TypeAlias = VisionTransformerSettings | CharTransformerSettings
ImageModelSettings: TypeAlias = ConvNetSettings | EfficientNetV2Settings | VisionTransformerSettings
TextModelSettings: TypeAlias = CharLSTMSettings | CharTransformerSettings
ModelSettings: TypeAlias = ImageModelSettings | TextModelSettings
