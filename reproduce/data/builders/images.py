"""What the builders share: images with one label each, and the check that every image has its label."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds

from reproduce.data.catalog import CATALOG

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


def example(name: str, content: bytes, label: int | str) -> tuple[str, dict[str, Any]]:
    """One image with its label, under its file's name."""
    return name, {"image": io.BytesIO(content), "label": label}
