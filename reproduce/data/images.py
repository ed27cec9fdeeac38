"""Images as arrays: decoded, made RGB, brought to one size."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reproduce.data.pixel_modes import ModeError, to_rgb
from reproduce.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

#: What is decoded, whatever a file is called. Pillow knows more, among them formats for which it starts other programs.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")

#: Pixels of the largest image: decoding and converting as many takes seconds and over a gigabyte, and a short file can
#: claim to have them.
_MOST_PIXELS = 2**26
#: How BMP files name compression into runs of equal pixels, with 8 bits a pixel and with 4.
_RUNS = (1, 2)
#: Pixels of the largest such file: Pillow decodes these alone in Python, which takes long for what a few bytes can say.
_MOST_IN_RUNS = 2**24


def decode(content: bytes, origin: str, size: int | None) -> NDArray[np.uint8]:
    """The pixels of an encoded image; of an animation, those of the first picture.

    Args:
        content: A file in one of `FORMATS`.
        origin: Names it in errors.
        size: Height and width to give it; None leaves them.

    Returns:
        Shape (height, width, 3).

    Raises:
        DataError: If it is not an image, is damaged, has a mode that `reproduce.data.pixel_modes` refuses, or is so
            large that it looks like an attack.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise DataError(f"cannot read the image {origin}: the file is empty; replace or remove it")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _require_quick(image, origin)
            return np.asarray(_fit(to_rgb(image), size), np.uint8)
    except UnidentifiedImageError:
        raise DataError(
            f"cannot read the image {origin}: it is none, or its beginning is damaged, or its samples have a type "
            f"that Pillow does not know; expected {', '.join(FORMATS)}: replace or remove it"
        ) from None
    except ModeError as error:
        raise DataError(f"cannot read the image {origin}: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot read the image {origin}: {error}; replace or remove it") from None


def _require_quick(image: Image.Image, origin: str) -> None:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise DataError(
            f"cannot read the image {origin}: it has {width} x {height} pixels; expected at most {_MOST_PIXELS}: make "
            "it smaller, since it is trained on at a few hundred a side at most"
        )
    if image.format == "BMP" and image.info.get("compression") in _RUNS and width * height > _MOST_IN_RUNS:
        raise DataError(
            f"cannot read the image {origin}: a BMP with runs of equal pixels, of {width} x {height} pixels; expected "
            f"at most {_MOST_IN_RUNS} pixels in this form: save it without compression, or as PNG"
        )


def resize_all(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images of shape (n, height, width, 1) as (n, size, size, 1)."""
    from PIL import Image

    return np.stack([np.asarray(_fit(Image.fromarray(image[..., 0]), size)) for image in images])[..., None]


def _fit(image: Image.Image, size: int | None) -> Image.Image:
    """Square, by means over boxes or, to grow, by linear interpolation: neither leaves the range of the pixels."""
    from PIL import Image

    if size is None or image.size == (size, size):
        return image
    shrinks = min(image.size) >= size
    return image.resize((size, size), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
