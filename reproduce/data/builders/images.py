"""What the builders share: images with one label each, and the check that every image has its label."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from reproduce.data.catalog import CATALOG
from reproduce.data.trees import TreeMember
from reproduce.errors import DataError

#: Of one split: keys, and what TensorFlow Datasets encodes.
Examples = Iterator[tuple[str, dict[str, Any]]]


class ImageBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A data set of JPEG images, each of one class; a subclass has its name in the catalog and makes its splits."""

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


def example(member: TreeMember, label: int | str) -> tuple[str, dict[str, Any]]:
    """One image of an archive with its label, under its file's name."""
    return member.path.name, {"image": io.BytesIO(member.read() if member.read else b""), "label": label}


def labelled(images: Iterable[TreeMember], labels: Mapping[str, int | str], archive: Path) -> Examples:
    """Images with the labels that their files' names have.

    Args:
        images: Members of ``archive``.
        labels: By the file's name.
        archive: For messages.

    Raises:
        DataError: If an image has no label, or a label no image.
    """
    left = set(labels)
    for member in images:
        if member.path.name not in left:
            raise DataError(f"{archive}: {member.path} has no label")
        left.remove(member.path.name)
        yield example(member, labels[member.path.name])
    if left:
        raise DataError(f"{archive} has no {min(left)}, which has a label")
