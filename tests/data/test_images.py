"""Which formats of images are decoded."""

import io
import subprocess

import pytest
from PIL import Image

from reproduce.data.images import FORMATS, decode
from reproduce.errors import DataError


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 10, 30)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_decoded(kind: str) -> None:
    assert decode(encoded(kind), "an image", 0).shape == (4, 5, 3)
    assert decode(encoded(kind), "an image", 2).shape == (2, 2, 3)


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "PCX", "TGA"])
def test_other_formats_that_pillow_knows_are_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a program was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", start)  # For EPS, Pillow would start Ghostscript.
    with pytest.raises(DataError, match="expected JPEG, PNG, BMP, GIF, TIFF, WEBP"):
        decode(encoded(kind), "an image", 0)
