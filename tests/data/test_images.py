"""Which formats and pixel modes of images are decoded, and what each becomes."""

import io
import struct
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image

from reproduce.data.images import FORMATS, decode
from reproduce.errors import DataError

RAMP = np.linspace(0, 65535, 64).round().astype(np.uint16).reshape(8, 8)
LEVELS = np.linspace(0, 255, 64).round().astype(int).reshape(8, 8)
COLOURS = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)


def encoded(kind: str) -> bytes:
    return saved(Image.new("RGB", (5, 4), (200, 10, 30)), kind)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(content: bytes) -> np.ndarray:
    return decode(content, "pets/x", None).astype(int)


def tiff(
    values: np.ndarray, *, photometric: int = 1, sample_format: int = 1, bits: int = 16, order: str = "<"
) -> bytes:
    """A TIFF file of one strip of grey, written by hand."""
    height, width = values.shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes() if bits != 12 else _twelve_bits(values)
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    tags |= {339: sample_format}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items())
    start = b"II" if order == "<" else b"MM"
    head = start + struct.pack(f"{order}HI", 42, 8 + len(data))
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4)


def _twelve_bits(values: np.ndarray) -> bytes:
    digits = "".join(f"{value:03x}" for value in values.ravel().tolist())
    return bytes.fromhex(digits)


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_decoded(kind: str) -> None:
    assert decode(encoded(kind), "an image", None).shape == (4, 5, 3)
    assert decode(encoded(kind), "an image", 2).shape == (2, 2, 3)


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "PCX", "TGA"])
def test_other_formats_that_pillow_knows_are_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a program was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", start)  # For EPS, Pillow would start Ghostscript.
    with pytest.raises(DataError, match="expected JPEG, PNG, BMP, GIF, TIFF, WEBP"):
        decode(encoded(kind), "an image", None)


def test_an_empty_file_is_told_as_that() -> None:
    with pytest.raises(DataError, match="cannot read the image pets/x: the file is empty; replace or remove it"):
        decode(b"", "pets/x", None)


@pytest.mark.parametrize(
    "content",
    [
        saved(Image.fromarray(RAMP), "png"),
        saved(Image.fromarray(RAMP), "tiff"),
        tiff(RAMP),
        tiff(RAMP, order=">"),
        tiff(65535 - RAMP, photometric=0),
        tiff(np.linspace(0, 4095, 64).round().astype(np.uint16).reshape(8, 8), bits=12),
    ],
    ids=["png", "tiff", "little-endian", "big-endian", "white is zero", "12 bits"],
)
def test_grey_of_more_than_8_bits_is_scaled(content: bytes) -> None:
    found = pixels(content)
    assert np.abs(found - LEVELS[..., None]).max() <= 1
    assert (found.min(), found.max()) == (0, 255)
    assert len(np.unique(found)) == 64


def test_rgb_of_16_bits_is_scaled() -> None:
    values = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=-1)
    found = pixels(png(2, values.astype(">u2").tobytes(), 8, 8))
    assert np.abs(found - values / 257).max() < 1


def png(colour_type: int, data: bytes, width: int, height: int, *more: bytes) -> bytes:
    """A PNG of 16 bits a sample, written by hand, with more chunks before its pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    row = len(data) // height
    lines = b"".join(b"\0" + data[row * number : row * (number + 1)] for number in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    extra = b"".join(chunk(each[:4], each[4:]) for each in more)
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("mode", "kind"), [("1", "tiff"), *((mode, kind) for mode in ("L", "CMYK", "YCbCr") for kind in ("tiff", "jpeg"))]
)
def test_modes_of_8_bits_keep_what_they_show(mode: str, kind: str) -> None:
    shown = Image.fromarray(np.repeat(np.repeat(COLOURS, 16, 0), 16, 1)).convert(mode)
    found = pixels(saved(shown, kind, **({"quality": 100, "subsampling": 0} if kind == "jpeg" else {})))
    assert np.abs(found - np.asarray(shown.convert("RGB"), int)).max() <= (6 if kind == "jpeg" else 0)


def test_a_palette_is_looked_up() -> None:
    image = Image.fromarray(COLOURS).quantize(16)
    assert np.array_equal(pixels(saved(image, "png")), np.asarray(image.convert("RGB"), int))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_shown_on_white(mode: str) -> None:
    image = Image.new(mode, (3, 1), 0)
    for place, alpha in enumerate((0, 128, 255)):
        image.putpixel((place, 0), (*(100,) * (len(mode) - 1), alpha))
    for kind in ("png", "tiff"):
        found = pixels(saved(image, kind))[0, :, 0].tolist()
        assert (found[0], found[2]) == (255, 100), kind
        assert abs(found[1] - (255 - 155 * 128 / 255)) <= 1, kind


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])], ids=["one", "each"])
def test_transparent_colours_of_a_palette_are_white(transparency: object) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2])
    found = pixels(saved(image, "png", transparency=transparency))[0]
    assert found[0].tolist() == [10, 20, 30]
    assert found[1].tolist() == [255, 255, 255]
    third = [70, 80, 90] if transparency == 1 else [255 - (255 - value) * 128 / 255 for value in (70, 80, 90)]
    assert np.abs(found[2] - third).max() <= 1
    if transparency == 1:
        assert pixels(saved(image, "gif", transparency=1))[0].tolist() == found.tolist()


def test_a_transparent_grey_or_colour_is_white() -> None:
    grey = saved(Image.fromarray(np.array([[7, 8]], np.uint8)), "png", transparency=7)
    assert pixels(grey)[0, :, 0].tolist() == [255, 8]
    colour = saved(Image.fromarray(np.array([[[7, 8, 9], [7, 8, 8]]], np.uint8)), "png", transparency=(7, 8, 9))
    assert pixels(colour)[0].tolist() == [[255, 255, 255], [7, 8, 8]]
    deep = png(0, np.array([300, 30000], ">u2").tobytes(), 2, 1, b"tRNS" + struct.pack(">H", 300))
    assert pixels(deep)[0, :, 0].tolist() == [255, 117]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (saved(Image.fromarray(RAMP.astype(np.int32)), "tiff"), r"its mode is I \(integers of 32 bits"),
        (saved(Image.fromarray((RAMP / 65535).astype(np.float32)), "tiff"), r"its mode is F \(floating-point"),
        (saved(Image.new("LAB", (4, 4)), "tiff"), r"its mode is LAB \(colours that a profile must translate"),
        (tiff((RAMP // 2).astype(np.int16), sample_format=2), "its mode is I "),
        (tiff(np.zeros((2, 2), np.int8), sample_format=2, bits=8), "its samples of mode L are signed"),
        (tiff(np.zeros((2, 2), np.float64), sample_format=3, bits=64), "a type that Pillow does not know"),
        (
            png(2, bytes(12), 2, 1, b"tRNS" + struct.pack(">HHH", 300, 1, 1)),
            r"its transparent colour \(300, 1, 1\) has more than 8 bits",
        ),
    ],
    ids=["I", "F", "LAB", "signed 16", "signed 8", "float 64", "deep transparency"],
)
def test_what_cannot_be_brought_to_8_bits_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=f"cannot read the image pets/x: .*{said}"):
        decode(content, "pets/x", None)


def test_a_bmp_of_runs_is_read_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    palette, rows = bytes((0, 0, 0, 0, 255, 255, 255, 0)), bytes((4, 1, 0, 0, 4, 0, 0, 1))  # From below: white, black.
    header = struct.pack("<iiiHHiiiiii", 40, 4, 2, 1, 8, 1, len(rows), 0, 0, 2, 0)
    start = 14 + len(header) + len(palette)
    content = b"BM" + struct.pack("<iii", start + len(rows), 0, start) + header + palette + rows
    assert decode(content, "an image", None)[..., 0].tolist() == [[0] * 4, [255] * 4]
    monkeypatch.setattr("reproduce.data.images._MOST_IN_RUNS", 7)
    with pytest.raises(
        DataError, match=r"BMP with runs of equal pixels, of 4 x 2 pixels; expected at most 7 .* as PNG"
    ):
        decode(content, "an image", None)


def test_an_image_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 3)).save(file, "PNG")
    monkeypatch.setattr("reproduce.data.images._MOST_PIXELS", 12)
    assert decode(file.getvalue(), "an image", None).shape == (3, 4, 3)
    monkeypatch.setattr("reproduce.data.images._MOST_PIXELS", 11)
    with pytest.raises(DataError, match=r"it has 4 x 3 pixels; expected at most 11: make it smaller"):
        decode(file.getvalue(), "an image", None)


def test_of_an_animation_the_first_picture_is_read() -> None:
    first, second = (Image.new("L", (4, 4), level) for level in (10, 200))
    assert pixels(saved(first, "gif", save_all=True, append_images=[second])).max() == 10


def test_colours_that_are_times_their_alpha_are_shown_on_white() -> None:
    """TIFF says by a tag (338) that colours were multiplied by alpha: 1, where 2 says that they were not."""
    plain, multiplied = (struct.pack("<HHII", 338, 3, 1, kind) for kind in (2, 1))
    content = saved(Image.new("LA", (1, 1), (50, 128)), "tiff")
    assert content.count(plain) == 1
    found = pixels(content.replace(plain, multiplied))
    assert np.abs(found - (255 - 127 + 50)).max() <= 1
