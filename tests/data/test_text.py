import dataclasses

import numpy as np
import pytest

from reproduce.data import Dataset, channel_statistics, load_dataset, text
from reproduce.errors import DataError
from tests import settings

TEXT = dataclasses.replace(settings.TEXT, window=64)


def windows(part, classes: tuple[str, ...]) -> list[str]:
    codes = np.concatenate([part.inputs, part.labels[:, -1:]], axis=1)
    return ["".join(classes[code] for code in window) for window in codes]


@pytest.fixture(scope="module")
def charters() -> Dataset:
    return load_dataset(TEXT)


def test_labels_are_the_next_characters(charters: Dataset) -> None:
    for part in charters.parts.values():
        assert part.inputs.shape == part.labels.shape == (len(part), 64)
        assert part.inputs.dtype == part.labels.dtype == np.int32
        assert np.array_equal(part.inputs[:, 1:], part.labels[:, :-1])
    assert charters.input_shape == (64,)
    assert charters.largest_pixel == 1


def test_the_parts_are_the_whole_text_and_share_no_character(charters: Dataset) -> None:
    content = text.TEXTS["text"].path.read_text(encoding="ascii")
    expected = [content[start : start + 65] for start in range(0, len(content) - 64, 65)]
    found = [window for part in charters.parts.values() for window in windows(part, charters.classes)]
    assert sorted(found) == sorted(expected)
    assert charters.classes == tuple(sorted(set(content)))


def test_it_is_the_same_everywhere_and_follows_the_window(charters: Dataset) -> None:
    assert charters.checksum().startswith("f53ef2420b26")
    assert load_dataset(dataclasses.replace(TEXT, window=32)).input_shape == (32,)


def test_the_federalist_is_larger_and_its_own_text() -> None:
    federalist = load_dataset(dataclasses.replace(TEXT, source="federalist"))
    assert federalist.name == "federalist"
    assert sum(len(part) for part in federalist.parts.values()) * 65 > 1_100_000
    first = "".join(federalist.classes[code] for code in federalist.train.inputs[0])
    assert first in text.TEXTS["federalist"].path.read_text(encoding="ascii")
    assert federalist.checksum() != load_dataset(TEXT).checksum()


def test_text_is_not_images(charters: Dataset) -> None:
    with pytest.raises(ValueError, match="text of 64 characters a sample"):
        _ = charters.image_shape
    with pytest.raises(ValueError, match="images have 4 axes"):
        channel_statistics(charters.train, 1)


def test_an_altered_or_missing_text_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "__file__", str(tmp_path / "text.py"))
    with pytest.raises(DataError, match="cannot read the text"):
        load_dataset(TEXT)
    (tmp_path / "charters.txt").write_text("We the People")
    with pytest.raises(DataError, match=r"has SHA-256 .*install this project again"):
        load_dataset(TEXT)
