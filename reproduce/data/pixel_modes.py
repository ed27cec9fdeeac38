"""How each of Pillow's pixel modes becomes RGB of 8 bits, or why it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

#: What shines through where an image is transparent.
BACKGROUND = (255, 255, 255)
_PHOTOMETRIC, _BITS, _SAMPLE_FORMAT = 262, 258, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1


class ModeError(ValueError):
    """An image's samples cannot be brought to 8 bits without guessing what they mean."""


def to_rgb(image: Image.Image) -> Image.Image:
    """The image in RGB, 8 bits a sample, what is transparent on white.

    Raises:
        ModeError: If its mode is not in the table below, its samples are signed, or its transparent colour is none.
        OSError: If the image is damaged, as everything that Pillow raises then.
    """
    convert = _CONVERSIONS.get(image.mode)
    if convert is None:
        meaning = _REFUSED.get(image.mode, "which is not known here")
        raise ModeError(
            f"its mode is {image.mode} ({meaning}); expected at most 8 bits a sample, or 16 of grey: save it as RGB or "
            "grey of 8 bits, scaled as its values mean"
        )
    if _tag(image, _SAMPLE_FORMAT, _UNSIGNED) != _UNSIGNED:
        raise ModeError(f"its samples of mode {image.mode} are signed; expected unsigned ones: save it as 8 bits")
    return convert(image)


def _convert(image: Image.Image) -> Image.Image:
    return _on_background(image) if image.has_transparency_data else image.convert("RGB")


def _on_background(image: Image.Image) -> Image.Image:
    from PIL import Image

    colour = image.info.get("transparency", 0)
    if not isinstance(colour, bytes) and np.max(colour) > 255:
        raise ModeError(f"its transparent colour {colour} has more than 8 bits: save it as RGB of 8 bits")
    if image.mode == "La":  # From which Pillow reaches RGBA by this step alone.
        image = image.convert("LA")
    return Image.alpha_composite(Image.new("RGBA", image.size, BACKGROUND), image.convert("RGBA")).convert("RGB")


def _scale(image: Image.Image) -> Image.Image:
    """Grey of up to 16 bits: the largest value becomes 255, all others the nearest of 256 levels."""
    from PIL import Image

    values = np.asarray(image).astype(np.uint32)
    largest = 2 ** _tag(image, _BITS, 16) - 1
    grey = np.minimum((values * 255 + largest // 2) // largest, 255)
    if _tag(image, _PHOTOMETRIC, _UNSIGNED) == _WHITE_IS_ZERO:
        grey = 255 - grey
    grey[values == image.info.get("transparency")] = BACKGROUND[0]
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def _tag(image: Image.Image, number: int, otherwise: int) -> int:
    """A number of a TIFF file, the first where there is one for each sample."""
    value: Any = getattr(image, "tag_v2", {}).get(number, otherwise)
    return int(value[0] if isinstance(value, tuple) else value)


#: Of RGB with 16 bits Pillow keeps the upper 8 of each sample.
_CONVERSIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    **dict.fromkeys(("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr"), _convert),
    **dict.fromkeys(("LA", "La", "PA", "RGBA", "RGBa"), _on_background),
    **dict.fromkeys(("I;16", "I;16B", "I;16L", "I;16N"), _scale),
}
_REFUSED = {
    "I": "integers of 32 bits, whose range is not known",
    "F": "floating-point numbers, whose range is not known",
    "LAB": "colours that a profile must translate",
    "HSV": "hues",
}
