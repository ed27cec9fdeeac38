"""artifact/DATA.md says what the code does."""

from pathlib import Path

import pytest

from reproduce.data import text
from reproduce.data.catalog import CATALOG
from reproduce.data.settings import DIGIT_SOURCES

RECORD = (Path(__file__).resolve().parents[2] / "artifact" / "DATA.md").read_text(encoding="utf-8")


def row(name: str) -> list[str]:
    (line,) = [line for line in RECORD.splitlines() if line.startswith(f"| `{name}` |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_every_data_set_of_the_catalog_is_recorded(entry) -> None:
    _, source, classes, train, test, licence = row(entry.name)
    assert classes.split(",")[0] == str(entry.num_classes)
    assert licence == entry.licence
    assert all(f"`{split}`" in train for split in entry.train_split.split("+"))
    assert f"`{entry.test_split}`" in test
    assert entry.manual == ("by hand" in source)


def test_what_comes_with_the_project_is_recorded() -> None:
    from reproduce.data.inventory import inspect

    for name in DIGIT_SOURCES:
        found = inspect(name, None, verify=False)
        assert row(name)[2:4] == [str(found.num_classes), f"{sum(found.counts):,}"]
    for name, file in text.TEXTS.items():
        found = inspect(name, None, verify=False)
        assert row(name)[2] == str(found.num_classes)
        assert f"{file.path.stat().st_size:,} characters" in row(name)[1]
        assert file.sha256 in RECORD


def test_checksums_are_those_that_are_checked() -> None:
    pytest.importorskip("tensorflow_datasets", reason="the extra data is not installed")
    import tensorflow_datasets as tfds

    from reproduce.data.builders import StanfordCars, TinyImagenet

    files = {download.name: download.sha256 for download in StanfordCars.files + TinyImagenet.files}
    for name in ("cifar10", "cifar100", "oxford_flowers102", "caltech101"):
        files |= {info.filename: info.checksum for info in tfds.builder_cls(name).url_infos.values()}
    files.pop("view", None)  # The former address of Caltech 101.
    assert len(files) == 11
    for name, checksum in files.items():
        assert row(name)[2] == f"`{checksum}`"
