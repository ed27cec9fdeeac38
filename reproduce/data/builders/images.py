"""The builders: images with one label each, from files fetched or brought by hand."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from reproduce.data.archives import Archive, members
from reproduce.data.builders.downloads import Download, manual_folder, obtain
from reproduce.data.catalog import CATALOG
from reproduce.data.image_files import ImageFile
from reproduce.data.layouts.cars196 import CLASSES, TEST_LABELS, TRAIN_LABELS, class_names, image_labels
from reproduce.data.matlab import read_matlab
from reproduce.data.tree_files import TreeFiles
from reproduce.errors import DataError

#: Of one split: keys, and what TensorFlow Datasets encodes.
Examples = Iterator[tuple[str, dict[str, Any]]]


class ImageBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A data set of JPEG images, each of one class; a subclass has its name in the catalog and makes its splits.

    Attributes:
        files: What it is made of.
    """

    files: ClassVar[tuple[Download, ...]]

    def _info(self) -> Any:
        entry = CATALOG[self.name]
        features = {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage=entry.homepage,
            license=entry.licence,
        )

    def _generate_examples(self, examples: Examples) -> Examples:
        return examples


class TinyImagenet(ImageBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Tiny ImageNet: 200 classes of ImageNet at 64 by 64 pixels, made for Stanford's course CS231n.

    The splits are train (500 images a class) and validation (50 a class). The labels of the archive's test
    images are not published: they are left out.
    """

    name = "tiny_imagenet"
    VERSION = tfds.core.Version("1.0.0")
    files: ClassVar[tuple[Download, ...]] = (
        Download(
            name="tiny-imagenet-200.zip",
            url="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
            sha256="6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
        ),
    )

    def _split_generators(self, dl_manager: Any) -> dict[str, Examples]:
        files = TreeFiles(Archive(obtain(self.files, manual_folder(self), dl_manager)[self.files[0].name]), max_held=0)
        self.info.features["label"].names = list(files.listing()["train"])
        return {"train": _listed_examples(files, "train"), "validation": _listed_examples(files, "test")}


class StanfordCars(ImageBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Stanford Cars: 196 makes and models, from the published files, whose address has been dead since 2023.

    The splits train (8,144 images) and test (8,041), as published; whole images, not cut to their boxes.
    """

    name = "cars196"
    VERSION = tfds.core.Version("3.0.0")
    files: ClassVar[tuple[Download, ...]] = (
        Download("cars_train.tgz", None, "512b227b30e2f0a8aab9e09485786ab4479582073a144998da74d64b801fd288"),
        Download("cars_test.tgz", None, "bffea656d6f425cba3c91c6d83336e4c5f86c6cffd8975b0f375d3a10da8e243"),
        Download("car_devkit.tgz", None, "b97deb463af7d58b6bfaa18b2a4de9829f0f79e8ce663dfa9261bf7810e9accd"),
        Download(TEST_LABELS, None, "790f75be8ea34eeded134cc559332baf23e30e91367e9ddca97d26ed9b895f05"),
    )

    def _split_generators(self, dl_manager: Any) -> dict[str, Examples]:
        files = obtain(self.files, manual_folder(self), dl_manager)
        kit_path = files["car_devkit.tgz"]
        kit = {member.path.name: member.read() for member in members(kit_path) if member.read}
        names = class_names(read_matlab(kit[CLASSES])["class_names"], str(kit_path))
        self.info.features["label"].names = names
        labels = {"train": kit[TRAIN_LABELS], "test": files[TEST_LABELS].read_bytes()}
        return {
            part: _labelled_examples(
                files[f"cars_{part}.tgz"],
                image_labels(read_matlab(content)["annotations"], len(names), f"annotations of {part}"),
            )
            for part, content in labels.items()
        }


def _listed_examples(files: TreeFiles, part: str) -> Examples:
    listing = files.listing()[part]
    images = [ImageFile(part, label, name) for label, names in listing.items() for name in names]
    return (_example(image.name, content, image.label) for image, content in files.read(images))


def _labelled_examples(archive: Path, labels: Mapping[str, int]) -> Examples:
    """The images of an archive with the labels that their files' names have.

    Raises:
        DataError: If an image has no label, or a label no image.
    """
    left = set(labels)
    for member in members(archive):
        if member.read is not None:
            name = member.path.name
            if name not in left:
                raise DataError(f"{archive}: {member.path} has no label")
            left.remove(name)
            yield _example(name, member.read(), labels[name])
    if left:
        raise DataError(f"{archive} has no {min(left)}, which has a label")


def _example(name: str, content: bytes, label: int | str) -> tuple[str, dict[str, Any]]:
    """One image with its label, under its file's name."""
    return name, {"image": io.BytesIO(content), "label": label}
