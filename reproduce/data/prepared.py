"""Images that TensorFlow Datasets has fetched and prepared, or prepares now."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reproduce.data.archives import file_checksum
from reproduce.data.catalog import DatasetInfo
from reproduce.data.image_files import PARTS, ImageFile, Listing
from reproduce.errors import DataError

#: In a data directory, what TensorFlow Datasets prepared for it.
FOLDER_NAME = "tensorflow_datasets"
_INFO = "dataset_info.json"


@dataclass(frozen=True)
class PreparedFiles:
    """See `reproduce.data.image_files.ImageFiles`; an image's name is the hash of its content.

    Attributes:
        entry: The data set.
        folder: That of one prepared version.
    """

    entry: DatasetInfo
    folder: Path

    @property
    def name(self) -> str:
        """The data set's name in the catalog."""
        return self.entry.name

    @property
    def origin(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def listing(self) -> Listing:
        """The images of each class.

        Raises:
            DataError: If they cannot be read.
        """
        listing: dict[str, dict[str, list[str]]] = {part: {} for part in PARTS}
        for image, _ in self._images():
            listing[image.part].setdefault(image.label, []).append(image.name)
        return listing

    def read(self, wanted: Collection[ImageFile]) -> Iterator[tuple[ImageFile, bytes]]:
        """The contents of some images.

        Raises:
            DataError: If they cannot be read.
        """
        return ((image, content) for image, content in self._images() if image in wanted)

    def fingerprint(self) -> str:
        """SHA-256 over the files of the prepared version."""
        lines = [f"{file_checksum(path)} {path.name}\n" for path in sorted(self.folder.iterdir()) if path.is_file()]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _images(self) -> Iterator[tuple[ImageFile, bytes]]:
        tfds = _import_tfds()
        splits = {"train": self.entry.train_split, "test": self.entry.test_split}
        try:
            builder = tfds.builder_from_directory(self.folder)
            names = builder.info.features["label"].names
            for part, split in splits.items():
                examples = builder.as_dataset(
                    split=split, decoders={"image": tfds.decode.SkipDecoding()}, shuffle_files=False
                )
                yield from _named(part, names, tfds.as_numpy(examples))
        except (OSError, ValueError, KeyError, AttributeError, _tensorflow_error()) as error:
            raise DataError(
                f"cannot read {self.entry.name} as prepared in {self.folder} ({_first_line(error)}): remove that "
                f"folder, then run python -m reproduce data prepare {self.entry.name}"
            ) from None


def find_prepared(entry: DatasetInfo, data_dir: Path | None) -> PreparedFiles | None:
    """The newest prepared version, in ``data_dir`` or else where TensorFlow Datasets keeps its data sets."""
    for folder in prepared_folders(data_dir):
        versions = sorted(path.parent for path in (folder / entry.tfds_name).glob(f"*/{_INFO}"))
        if versions:
            return PreparedFiles(entry, versions[-1])
    return None


def prepared_folders(data_dir: Path | None) -> list[Path]:
    """Where prepared data sets are looked for; new ones go to the first."""
    own = [data_dir / FOLDER_NAME] if data_dir else []
    usual = os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets"
    return [*own, Path(usual).expanduser()]


def prepare(entry: DatasetInfo, data_dir: Path | None) -> PreparedFiles:
    """Fetch a data set and prepare it; checksums of what is fetched are compared with those on record.

    Raises:
        DataError: If TensorFlow Datasets is not installed, the network or the files' address cannot be reached, a
            checksum differs, or files that must be fetched by hand are not there.
    """
    tfds = _import_tfds()
    folder = prepared_folders(data_dir)[0]
    try:
        _builder(tfds, entry, folder).download_and_prepare()
    except tfds.core.download.download_manager.NonMatchingChecksumError as error:
        raise DataError(f"a file of {entry.name} is not what it should be: {_first_line(error)}") from None
    except (OSError, DataError, tfds.core.download.util.DownloadError) as error:
        raise DataError(f"cannot fetch {entry.name} ({_first_line(error)}); or else {entry.how_to_bring}") from None
    found = find_prepared(entry, data_dir)
    if found is None:
        raise DataError(f"TensorFlow Datasets left nothing in {folder}")
    return found


def _import_tfds() -> Any:
    if find_spec("tensorflow_datasets") is None:
        raise DataError('this needs TensorFlow Datasets: pip install "paper-optimizers[data]"')
    import tensorflow_datasets

    return tensorflow_datasets


def _builder(tfds: Any, entry: DatasetInfo, folder: Path) -> Any:
    """Find this project's own builder, or else that of TensorFlow Datasets."""
    from reproduce.data.builders import BUILDERS
    from reproduce.data.builders.downloads import require_reachable

    if entry.name in BUILDERS:
        return BUILDERS[entry.name](data_dir=folder)
    builder = tfds.builder(entry.tfds_name, data_dir=folder)
    require_reachable(builder.url_infos)
    return builder


def _named(part: str, names: list[str], examples: Any) -> Iterator[tuple[ImageFile, bytes]]:
    """Each example under the hash of its content; equal ones of a class are counted."""
    seen: Counter[tuple[str, str]] = Counter()
    for example in examples:
        label, content = names[int(example["label"])], example["image"]
        digest = hashlib.sha256(content).hexdigest()
        seen[label, digest] += 1
        count = seen[label, digest]
        yield ImageFile(part, label, digest if count == 1 else f"{digest}-{count}"), content


def _tensorflow_error() -> type[Exception]:
    import tensorflow as tf

    error: type[Exception] = tf.errors.OpError
    return error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
