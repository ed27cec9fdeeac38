"""Which data a task has, how much of it, and what is done to its training part."""

from __future__ import annotations

from dataclasses import dataclass

from reproduce.data.catalogue import CATALOGUE
from reproduce.plain_data import require

#: Made from what comes with scikit-learn.
DIGIT_SOURCES = ("digits", "digits100", "digits200")
#: The text that comes with this project.
TEXT = "text"
#: The data set that ``data_dir`` itself is.
FOLDER = "folder"
SOURCES = (*DIGIT_SOURCES, TEXT, *CATALOGUE, FOLDER)


@dataclass(frozen=True)
class DataSettings:
    """One data set, cut to size.

    Attributes:
        source: "digits", "digits100" (two digits side by side), "digits200" (three, 000 to 199), "text" (characters),
            a name in the catalogue ("cifar10", ...), or "folder": the data set that ``--data-dir`` itself is.
        image_size: Height and width, in pixels, to which every image is resized; 0 leaves images as they are, which
            asks for images of one size. 0 for text.
        train_per_class: Most training images of a class, validation included; 0 takes all. 0 for text.
        test_per_class: Most test images of a class; 0 takes all. 0 for text.
        validation_fraction: Share of each class's training images, or of the text, kept for validation.
        test_fraction: Share kept for the test where the source has no test part of its own: digits and text.
        leave_out: Classes to pass over, by name, where a source lacks them in one part; empty for digits and text.
        window: Characters of one sample of text; 0 for images.
        label_noise: Share of the training labels that are replaced by another class.
        imbalance: Training images of the first class over those of the last, with a geometric fall between; 1 leaves
            the training images alone.
    """

    source: str
    image_size: int
    train_per_class: int
    test_per_class: int
    validation_fraction: float
    test_fraction: float
    leave_out: tuple[str, ...]
    window: int
    label_noise: float
    imbalance: float

    def __post_init__(self) -> None:
        require(self.source in SOURCES, "source", self.source, f"one of {', '.join(SOURCES)}")
        size = self.image_size
        require(size == 0 or 4 <= size <= 1024, "image_size", size, "0 (as they are) or between 4 and 1024 pixels")
        require(self.train_per_class >= 0, "train_per_class", self.train_per_class, "0 (all) or more")
        require(self.test_per_class >= 0, "test_per_class", self.test_per_class, "0 (all) or more")
        for name in ("validation_fraction", "test_fraction"):
            require(0 < getattr(self, name) < 1, name, getattr(self, name), "in (0, 1)")
        require(0 <= self.label_noise < 1, "label_noise", self.label_noise, "in [0, 1)")
        require(1 <= self.imbalance <= 10_000, "imbalance", self.imbalance, "between 1 and 10000")
        built_in = self.source in (*DIGIT_SOURCES, TEXT)
        require(not (built_in and self.leave_out), "leave_out", list(self.leave_out), f"empty for {self.source}")
        if self.source == TEXT:
            require(2 <= self.window <= 4096, "window", self.window, "between 2 and 4096 characters for text")
            for name, neutral in _IMAGES_ALONE.items():
                require(getattr(self, name) == neutral, name, getattr(self, name), f"{neutral} for text")
        else:
            require(self.window == 0, "window", self.window, "0 for images")


def leaking_setting(own: DataSettings, other: DataSettings) -> str | None:
    """The first setting by which training samples of ``other`` could be validation or test samples of ``own``.

    None where the two are different data sets or are split alike. The sources of digits are one data set: all are
    written with the same images.
    """
    names: tuple[str, ...] = ()
    if own.source in DIGIT_SOURCES and other.source in DIGIT_SOURCES:
        names = ("test_fraction", "validation_fraction")
    elif own.source == other.source:
        text = ("test_fraction", "validation_fraction", "window")
        names = text if own.source == TEXT else ("validation_fraction", "train_per_class")
    return next((name for name in names if getattr(own, name) != getattr(other, name)), None)


_IMAGES_ALONE = {"image_size": 0, "train_per_class": 0, "test_per_class": 0, "label_noise": 0, "imbalance": 1}
