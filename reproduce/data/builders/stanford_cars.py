"""Stanford Cars: 196 makes and models, from the published files, whose address has been dead since 2023."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow_datasets as tfds

from reproduce.data.archives import members
from reproduce.data.builders.downloads import Download, manual_folder, obtain
from reproduce.data.builders.images import Examples, ImageBuilder, content, labelled
from reproduce.errors import DataError

_TEST_LABELS = "cars_test_annos_withlabels.mat"
DOWNLOADS = (
    Download("cars_train.tgz", None, "512b227b30e2f0a8aab9e09485786ab4479582073a144998da74d64b801fd288"),
    Download("cars_test.tgz", None, "bffea656d6f425cba3c91c6d83336e4c5f86c6cffd8975b0f375d3a10da8e243"),
    Download("car_devkit.tgz", None, "b97deb463af7d58b6bfaa18b2a4de9829f0f79e8ce663dfa9261bf7810e9accd"),
    Download(_TEST_LABELS, None, "790f75be8ea34eeded134cc559332baf23e30e91367e9ddca97d26ed9b895f05"),
)


class StanfordCars(ImageBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The splits train (8,144 images) and test (8,041), as published; whole images, not cut to their boxes."""

    name = "cars196"
    VERSION = tfds.core.Version("3.0.0")

    def _split_generators(self, dl_manager: Any) -> dict[str, Examples]:
        files = obtain(DOWNLOADS, manual_folder(self), dl_manager)
        kit = {
            member.path.name: io.BytesIO(content(member))
            for member in members(files["car_devkit.tgz"])
            if member.content
        }
        classes = _classes(kit["cars_meta.mat"])
        self.info.features["label"].names = classes
        train = _labels(kit["cars_train_annos.mat"], len(classes))
        test = _labels(io.BytesIO(files[_TEST_LABELS].read_bytes()), len(classes))
        return {"train": _examples(files["cars_train.tgz"], train), "test": _examples(files["cars_test.tgz"], test)}


def _classes(meta: IO[bytes]) -> list[str]:
    from scipy.io import loadmat

    return [str(name) for name in np.atleast_1d(loadmat(meta, squeeze_me=True)["class_names"])]


def _labels(annotations: IO[bytes], num_classes: int) -> dict[str, int]:
    """For each file its class, counted from 0; MATLAB counts from 1."""
    from scipy.io import loadmat

    table = np.atleast_1d(loadmat(annotations, squeeze_me=True)["annotations"])
    labels = {str(row["fname"]): int(row["class"]) - 1 for row in table}
    outside = [name for name, label in labels.items() if not 0 <= label < num_classes]
    if outside:
        raise DataError(f"{outside[0]} is labelled {labels[outside[0]] + 1}, but there are {num_classes} classes")
    return labels


def _examples(archive: Path, labels: Mapping[str, int]) -> Examples:
    return labelled((member for member in members(archive) if member.content), labels, archive)
