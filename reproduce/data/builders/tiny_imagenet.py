"""Tiny ImageNet: 200 classes of ImageNet at 64 by 64 pixels, made for Stanford's course CS231n."""

from __future__ import annotations

from typing import Any

import tensorflow_datasets as tfds

from reproduce.data.archives import Archive
from reproduce.data.builders.downloads import Download, manual_folder, obtain
from reproduce.data.builders.images import Examples, ImageBuilder, example
from reproduce.data.image_files import ImageFile
from reproduce.data.tree_files import TreeFiles

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
        files = TreeFiles(Archive(obtain(DOWNLOADS, manual_folder(self), dl_manager)[DOWNLOADS[0].name]), max_held=0)
        self.info.features["label"].names = list(files.listing()["train"])
        return {"train": _examples(files, "train"), "validation": _examples(files, "test")}


def _examples(files: TreeFiles, part: str) -> Examples:
    listing = files.listing()[part]
    images = [ImageFile(part, label, name) for label, names in listing.items() for name in names]
    return (example(image.name, content, image.label) for image, content in files.read(images))
