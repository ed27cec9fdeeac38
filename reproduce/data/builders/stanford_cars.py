"""Stanford Cars: 196 makes and models, from the published files, whose address has been dead since 2023."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from reproduce.data.archives import members
from reproduce.data.builders.downloads import Download, manual_folder, obtain
from reproduce.data.builders.images import Examples, ImageBuilder, example
from reproduce.data.layouts.cars196 import CLASSES, TEST_LABELS, TRAIN_LABELS, class_names, image_labels
from reproduce.data.matlab import read_matlab
from reproduce.errors import DataError

DOWNLOADS = (
    Download("cars_train.tgz", None, "512b227b30e2f0a8aab9e09485786ab4479582073a144998da74d64b801fd288"),
    Download("cars_test.tgz", None, "bffea656d6f425cba3c91c6d83336e4c5f86c6cffd8975b0f375d3a10da8e243"),
    Download("car_devkit.tgz", None, "b97deb463af7d58b6bfaa18b2a4de9829f0f79e8ce663dfa9261bf7810e9accd"),
    Download(TEST_LABELS, None, "790f75be8ea34eeded134cc559332baf23e30e91367e9ddca97d26ed9b895f05"),
)


class StanfordCars(ImageBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The splits train (8,144 images) and test (8,041), as published; whole images, not cut to their boxes."""

    name = "cars196"
    VERSION = tfds.core.Version("3.0.0")

    def _split_generators(self, dl_manager: Any) -> dict[str, Examples]:
        files = obtain(DOWNLOADS, manual_folder(self), dl_manager)
        kit_path = files["car_devkit.tgz"]
        kit = {member.path.name: member.read() for member in members(kit_path) if member.read}
        names = class_names(read_matlab(kit[CLASSES])["class_names"], str(kit_path))
        self.info.features["label"].names = names
        labels = {"train": kit[TRAIN_LABELS], "test": files[TEST_LABELS].read_bytes()}
        return {
            part: _examples(
                files[f"cars_{part}.tgz"],
                image_labels(read_matlab(content)["annotations"], len(names), f"annotations of {part}"),
            )
            for part, content in labels.items()
        }


def _examples(archive: Path, labels: Mapping[str, int]) -> Examples:
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
            yield example(name, member.read(), labels[name])
    if left:
        raise DataError(f"{archive} has no {min(left)}, which has a label")
