"""Which data set the settings mean, and where it lies."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path

from reproduce.data.archives import SUFFIXES, Archive, archive_stem
from reproduce.data.cache import cached
from reproduce.data.catalog import CATALOG, DatasetInfo
from reproduce.data.dataset import Dataset
from reproduce.data.digits import load_digits
from reproduce.data.folders import listed
from reproduce.data.image_files import LAYOUT, ImageFiles, make_dataset
from reproduce.data.perturbations import perturb
from reproduce.data.prepared import find_prepared
from reproduce.data.settings import FOLDER, DataSettings, DigitSettings, ImageSettings, TextSettings
from reproduce.data.text import load_text
from reproduce.data.tree_files import TreeFiles, named_folders, open_folder
from reproduce.errors import DataError, ReproduceWarning


def load_dataset(settings: DataSettings, data_dir: Path | None = None, cache_dir: Path | None = None) -> Dataset:
    """The data set that ``settings`` mean. Nothing is downloaded: ``python -m reproduce data prepare`` does that.

    Args:
        settings: Which, how much of it, and with what noise or imbalance.
        data_dir: Where data sets that do not come with the project are looked for, as ``data_dir/NAME`` or an archive
            ``data_dir/NAME.tar.xz``; for the source "folder" the data set itself.
        cache_dir: Where decoded archives are kept for the next time; None keeps nothing.

    Raises:
        DataError: If there is no such data set, it cannot be read, or it is too small for the settings.

    Warns:
        ReproduceWarning: If images lie beside those that are read, and the data set is not published with them.
    """
    if isinstance(settings, TextSettings):
        return load_text(settings)
    if isinstance(settings, DigitSettings):
        return perturb(load_digits(settings), settings)
    return perturb(_load_images(settings, data_dir, cache_dir), settings)


def dataset_name(settings: DataSettings, data_dir: Path | None = None) -> str:
    """The name of the data set that ``settings`` mean, without reading it.

    Raises:
        DataError: If the source is "folder" and ``data_dir`` is not a data set.
    """
    return _own_files(data_dir).name if settings.source == FOLDER else settings.source


def require_batch(dataset: Dataset, batch_size: int) -> None:
    """Refuse a data set on which not one step can be taken.

    Raises:
        DataError: If it has fewer training samples than a batch.
    """
    if len(dataset.train) < batch_size:
        raise DataError(
            f"{dataset.name} has {len(dataset.train)} training samples, fewer than one batch "
            f"(training.batch_size = {batch_size})"
        )


def find_files(entry: DatasetInfo, data_dir: Path | None) -> ImageFiles | None:
    """A data set of the catalog as a folder or archive in ``data_dir``, or as TensorFlow Datasets prepared it.

    Its own name comes first, then those under which it is published, then what was prepared, and last the versions that
    are not read, so that they are named.

    Raises:
        DataError: If ``data_dir`` is not a folder, or has a folder of such a name that is not a data set.
    """
    if data_dir is None:
        return find_prepared(entry, None)
    require_folder(data_dir)
    return (
        _named(data_dir, (entry.name, *entry.published), entry.published)
        or find_prepared(entry, data_dir)
        or _named(data_dir, entry.not_read, ())
    )


def require_folder(data_dir: Path) -> None:
    """Refuse a path that is no folder.

    Raises:
        DataError: If so.
    """
    if not data_dir.is_dir():
        raise DataError(
            f"no folder {data_dir} to look for data sets in: name the one that holds DIR/NAME or archives with "
            "--data-dir DIR (make: DATA_DIR=DIR)"
        )


def how_to_get(entry: DatasetInfo) -> str:
    """Say what a user can do to have a data set of the catalog."""
    command = f"run python -m reproduce data prepare {entry.name}"
    if entry.manual:
        return f"{entry.how_to_bring}; or {command}, which says what files to fetch by hand"
    return f"{command} where there is a network; or {entry.how_to_bring}"


def _load_images(settings: ImageSettings, data_dir: Path | None, cache_dir: Path | None) -> Dataset:
    files = _own_files(data_dir) if settings.source == FOLDER else _cataloged_files(settings.source, data_dir)
    dataset = cached(files, settings, cache_dir, lambda: _read(files, settings))
    return dataset if settings.source == FOLDER else dataclasses.replace(dataset, name=settings.source)


def _read(files: ImageFiles, settings: ImageSettings) -> Dataset:
    dataset = make_dataset(files, settings)
    if isinstance(files, TreeFiles) and files.unexpected:
        warnings.warn(
            f"{files.origin}: what lies beside the data set is not read, {named_folders(files.unexpected)}: put it "
            "into class folders, or remove it",
            ReproduceWarning,
            stacklevel=2,
        )
    return dataset


def _named(data_dir: Path, names: Sequence[str], inside: Sequence[str]) -> ImageFiles | None:
    """The folder of the first of ``names`` that is there, or the archive, whatever the case of its letters.

    A folder that has no folders may hold an archive with one of the names ``inside``.
    """
    entries = {entry.name: Path(entry.path) for entry in listed(data_dir)}
    for name in names:
        for wanted in (name, *(f"{name}{suffix}" for suffix in SUFFIXES)):
            path = entries.get(wanted) or next(
                (entries[each] for each in entries if each.lower() == wanted.lower()), None
            )
            if path is None:
                continue
            if path.is_dir():
                alone = not any(each.is_dir() for each in listed(path))
                return (_named(path, inside, ()) if alone else None) or open_folder(path)
            if path.is_file() and archive_stem(path) is not None:
                return TreeFiles(Archive(path))
    return None


def _own_files(data_dir: Path | None) -> ImageFiles:
    if data_dir is None:
        raise DataError(f'the source "folder" is what --data-dir names (make: DATA_DIR=DIR); {LAYOUT}')
    if data_dir.is_file():
        if archive_stem(data_dir) is None:
            raise DataError(f"{data_dir} is neither a folder nor an archive ({', '.join(SUFFIXES)})")
        return TreeFiles(Archive(data_dir))
    return open_folder(data_dir)


def _cataloged_files(name: str, data_dir: Path | None) -> ImageFiles:
    entry = CATALOG[name]
    files = find_files(entry, data_dir)
    if files is None:
        where = f" in {data_dir}" if data_dir else ""
        raise DataError(f"{entry.title} ({name}) is not there{where}: {how_to_get(entry)}")
    return files
