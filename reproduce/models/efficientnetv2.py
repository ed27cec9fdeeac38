"""EfficientNetV2 (Tan & Le 2021) of any width and depth, from the blocks and stages of its -S variant.

With width 24 and depth 15 it is EfficientNetV2-S as Keras publishes it, weight for weight (a test compares the two).
Narrower and shallower it trains on a CPU: with width 8 and depth 1, 0.2 million weights, a step of 32 images of 32 by
32 pixels takes 15 ms on one core, and the loop 4 s to compile for each optimizer (TensorFlow, CPU time, n = 60 steps).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from reproduce.models.settings import EfficientNetV2Settings

_PUBLISHED_WIDTH = 24
_HEAD_FILTERS = 1280
_KERNEL = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}


class _Stage(NamedTuple):
    fused: bool
    repeats: int
    expansion: int
    filters: int
    stride: int


_STAGES = (
    _Stage(fused=True, repeats=2, expansion=1, filters=24, stride=1),
    _Stage(fused=True, repeats=4, expansion=4, filters=48, stride=2),
    _Stage(fused=True, repeats=4, expansion=4, filters=64, stride=2),
    _Stage(fused=False, repeats=6, expansion=4, filters=128, stride=2),
    _Stage(fused=False, repeats=9, expansion=6, filters=160, stride=1),
    _Stage(fused=False, repeats=15, expansion=6, filters=256, stride=2),
)


def efficientnetv2(x: Any, settings: EfficientNetV2Settings) -> Any:
    """Stem, six stages, head, pooled and dropped.

    A block's branch is left out of a sample's forward pass with a probability that grows with its place, up to the
    settings' dropout (stochastic depth).

    Args:
        x: Images, a Keras tensor of shape (n, height, width, channels).
        settings: Width, depth, dropout and the memory of the batch normalisation.

    Returns:
        Features, of shape (n, filters of the head).
    """
    from keras import layers

    build = _Builder(settings)
    x = build.convolution(x, build.filters(_STAGES[0].filters), size=3, stride=2)
    repeats = [min(stage.repeats, settings.depth) for stage in _STAGES]
    place = 0
    for stage, count in zip(_STAGES, repeats, strict=True):
        for n in range(count):
            block = stage if n == 0 else stage._replace(stride=1)
            x = build.block(x, block, settings.dropout * place / sum(repeats))
            place += 1
    x = build.convolution(x, build.filters(_HEAD_FILTERS), size=1)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(settings.dropout)(x)


class _Builder:
    """The parts of the network, in one size."""

    def __init__(self, settings: EfficientNetV2Settings) -> None:
        self._width = settings.width
        self._momentum = settings.batch_norm_momentum

    def filters(self, published: int) -> int:
        """Scale the filters of -S by the width, to the next multiple of 8."""
        return max(8, int(published * self._width / _PUBLISHED_WIDTH + 4) // 8 * 8)

    def convolution(self, x: Any, filters: int, size: int, stride: int = 1, *, swish: bool = True) -> Any:
        """Convolution without bias, batch normalisation and, unless it ends a block, swish."""
        from keras import layers

        x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False, kernel_initializer=_KERNEL)(x)
        return self._normalised(x, swish=swish)

    def block(self, inputs: Any, stage: _Stage, drop: float) -> Any:
        """One inverted bottleneck, fused or depthwise, with its shortcut where shapes allow one."""
        from keras import layers

        width, filters = inputs.shape[-1], self.filters(stage.filters)
        x = inputs
        if stage.fused:
            if stage.expansion != 1:
                x = self.convolution(x, width * stage.expansion, size=3, stride=stage.stride)
                x = self.convolution(x, filters, size=1, swish=False)
            else:
                x = self.convolution(x, filters, size=3, stride=stage.stride)
        else:
            x = self.convolution(x, width * stage.expansion, size=1)
            x = layers.DepthwiseConv2D(
                3, strides=stage.stride, padding="same", use_bias=False, depthwise_initializer=_KERNEL
            )(x)
            x = self._normalised(x, swish=True)
            x = _squeezed_and_excited(x, max(1, width // 4))
            x = self.convolution(x, filters, size=1, swish=False)
        if stage.stride != 1 or width != filters:
            return x
        if drop:
            x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1))(x)
        return layers.add([x, inputs])

    def _normalised(self, x: Any, *, swish: bool) -> Any:
        from keras import layers

        x = layers.BatchNormalization(momentum=self._momentum)(x)
        return layers.Activation("swish")(x) if swish else x


def _squeezed_and_excited(x: Any, filters: int) -> Any:
    """Each channel times a factor in (0, 1) that all channels' means decide."""
    from keras import layers

    factors = layers.GlobalAveragePooling2D(keepdims=True)(x)
    factors = layers.Conv2D(filters, 1, activation="swish", kernel_initializer=_KERNEL)(factors)
    factors = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", kernel_initializer=_KERNEL)(factors)
    return layers.multiply([x, factors])
