"""Which data a task has, how much of it, and what is done to its training part: a class for each kind of source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from reproduce.plain_data import require, require_at_least

#: Made from what comes with scikit-learn.
DigitSource = Literal["digits", "digits100", "digits200"]
#: The names in `reproduce.data.catalog`, and the data set that ``--data-dir`` itself is.
ImageSource = Literal["cifar10", "cifar100", "tiny_imagenet", "flowers102", "cars196", "caltech101", "folder"]
DIGIT_SOURCES: tuple[DigitSource, ...] = get_args(DigitSource)
#: The texts that come with this project; `reproduce.data.text` says what they are.
TextSource = Literal["text", "federalist"]
TEXT_SOURCES: tuple[TextSource, ...] = get_args(TextSource)
FOLDER: Literal["folder"] = "folder"


@dataclass(frozen=True, kw_only=True)
class _PictureSettings:
    """Images cut to size.

    Attributes:
        source: The data set.
        validation_fraction: Share of each class's training images kept for validation.
        image_size: Height and width, in pixels, to which every image is resized; left out, images stay as they are,
            which asks for images of one size.
        train_per_class: Most training images of a class, validation included; left out, all.
        test_per_class: Most test images of a class; left out, all.
        label_noise: Share of the training labels that are replaced by another class.
        imbalance: Training images of the first class over those of the last, with a geometric fall between; 1 leaves
            the training images alone.
    """

    source: str
    validation_fraction: float
    image_size: int | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None
    label_noise: float = 0.0
    imbalance: float = 1.0

    def __post_init__(self) -> None:
        size = self.image_size
        require(size is None or 4 <= size <= 1024, "image_size", size, "between 4 and 1024 pixels")
        require_at_least(1, self, "train_per_class", "test_per_class")
        require_share("validation_fraction", self.validation_fraction)
        require(0 <= self.label_noise < 1, "label_noise", self.label_noise, "in [0, 1)")
        require(1 <= self.imbalance <= 10_000, "imbalance", self.imbalance, "between 1 and 10000")


@dataclass(frozen=True, kw_only=True)
class DigitSettings(_PictureSettings):
    """Handwritten digits, or numbers written with them.

    Attributes:
        source: "digits", "digits100" (two digits side by side) or "digits200" (three, 000 to 199).
        test_fraction: Share of each digit's images kept for the test.
    """

    source: DigitSource
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("test_fraction", self.test_fraction)


@dataclass(frozen=True, kw_only=True)
class ImageSettings(_PictureSettings):
    """A published data set, which has a test part of its own, or a user's.

    Attributes:
        source: A name in the catalog ("cifar10", ...), or "folder": the data set that ``--data-dir`` itself is.
        leave_out: Classes to pass over, by name, where a source lacks them in one part.
    """

    source: ImageSource
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TextSettings:
    """Characters of a text.

    Attributes:
        source: "text" (two founding documents of the United States) or "federalist" (The Federalist).
        window: Characters of one sample.
        validation_fraction: Share of the samples kept for validation.
        test_fraction: Share of the samples kept for the test.
    """

    source: TextSource
    window: int
    validation_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        require(2 <= self.window <= 4096, "window", self.window, "between 2 and 4096 characters")
        for name in ("validation_fraction", "test_fraction"):
            require_share(name, getattr(self, name))


PictureSettings: TypeAlias = DigitSettings | ImageSettings
DataSettings: TypeAlias = PictureSettings | TextSettings


def leaking_setting(own: DataSettings, other: DataSettings) -> str | None:
    """The first setting by which training samples of ``other`` could be validation or test samples of ``own``.

    None where the two are different data sets or are split alike. The sources of digits are one data set: all are
    written with the same images.
    """
    if isinstance(own, ImageSettings):
        names: tuple[str, ...] = ("validation_fraction", "train_per_class") if own.source == other.source else ()
    else:
        names = ("test_fraction", "validation_fraction", "window") if type(own) is type(other) else ()
    return next((name for name in names if getattr(own, name, None) != getattr(other, name, None)), None)


def require_share(name: str, value: float) -> None:
    """Refuse a share that leaves nothing on one side."""
    require(0 < value < 1, name, value, "in (0, 1)")
