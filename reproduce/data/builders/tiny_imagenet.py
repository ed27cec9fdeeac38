"""Tiny ImageNet: 200 classes of ImageNet at 64 by 64 pixels, made for Stanford's course CS231n."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from reproduce.data.archives import members
from reproduce.data.builders.downloads import Download, manual_folder, obtain
from reproduce.data.builders.images import Examples, ImageBuilder, example, labelled
from reproduce.data.layouts.tiny_imagenet import ANNOTATIONS, CLASSES, validation_labels
from reproduce.errors import DataError

DOWNLOADS = (
    Download(
        name="tiny-imagenet-200.zip",
        url="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        sha256="6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
    ),
)


class TinyImagenet(ImageBuilder, skip_registration=True):  # type: ignore[call-arg]
    """The splits train (500 images a class) and validation (50 a class).

    The labels of the archive's test images are not published: they are left out.
    """

    name = "tiny_imagenet"
    VERSION = tfds.core.Version("1.0.0")

    def _split_generators(self, dl_manager: Any) -> dict[str, Examples]:
        archive = obtain(DOWNLOADS, manual_folder(self), dl_manager)[DOWNLOADS[0].name]
        about = _about(archive)
        self.info.features["label"].names = about[CLASSES].split()
        validation = validation_labels(about[ANNOTATIONS], str(archive))
        return {"train": _train(archive), "validation": _validation(archive, validation)}


def _about(archive: Path) -> dict[str, str]:
    """The two text files that say what the classes are and which the validation images belong to."""
    wanted = (CLASSES, ANNOTATIONS)
    found = {
        member.path.name: member.read().decode()
        for member in members(archive)
        if member.read and member.path.name in wanted
    }
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(f"{archive} has no {missing[0]}: it is not the published archive")
    return found


def _train(archive: Path) -> Examples:
    for member in members(archive):
        if member.read and member.path.match("train/*/images/*.JPEG"):
            yield example(member, member.path.parts[-3])


def _validation(archive: Path, labels: Mapping[str, str]) -> Examples:
    images = (member for member in members(archive) if member.read and member.path.match("val/images/*.JPEG"))
    return labelled(images, labels, archive)
