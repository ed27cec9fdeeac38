import dataclasses
from typing import get_args

import pytest

from reproduce.data import DataSettings
from reproduce.data.catalog import CATALOG
from reproduce.data.dataset import hashed_order, limits, share
from reproduce.data.settings import DIGIT_SOURCES, ImageSource
from reproduce.errors import ProtocolError
from reproduce.plain_data import read_settings, to_plain
from tests.data.cases import FOLDER
from tests.settings import DIGITS, TEXT


def test_settings_are_read_from_a_plain_table() -> None:
    table = to_plain(FOLDER) | {"leave_out": ["001"], "imbalance": 10}
    expected = dataclasses.replace(FOLDER, leave_out=("001",), imbalance=10.0)
    assert read_settings(DataSettings, table, "x.toml") == expected


@pytest.mark.parametrize(
    ("own", "changes", "message"),
    [
        (DIGITS, {"source": "mnist"}, "data.source must be one of digits, .*cifar10.*folder.*; received 'mnist'"),
        (DIGITS, {"image_size": 3}, "data.image_size must be between 4 and 1024"),
        (DIGITS, {"image_size": 0}, "data.image_size must be between 4 and 1024"),
        (DIGITS, {"train_per_class": 0}, "data.train_per_class must be 1 or more"),
        (FOLDER, {"test_per_class": -1}, "data.test_per_class must be 1 or more"),
        (DIGITS, {"validation_fraction": 0.0}, r"data.validation_fraction must be in \(0, 1\)"),
        (DIGITS, {"test_fraction": 1.0}, r"data.test_fraction must be in \(0, 1\)"),
        (DIGITS, {"label_noise": 1.0}, r"data.label_noise must be in \[0, 1\)"),
        (FOLDER, {"imbalance": 0.5}, "data.imbalance must be between 1 and 10000"),
        (TEXT, {"window": 1}, "data.window must be between 2 and 4096 characters"),
        (TEXT, {"test_fraction": 0.0}, r"data.test_fraction must be in \(0, 1\)"),
        (DIGITS, {"leave_out": ["3"]}, "unknown key data.leave_out; expected: source, validation_fraction"),
        (DIGITS, {"window": 8}, "unknown key data.window"),
        (FOLDER, {"test_fraction": 0.5}, "unknown key data.test_fraction"),
        (TEXT, {"label_noise": 0.2}, "unknown key data.label_noise"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_key(own: DataSettings, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ProtocolError, match=f"x.toml: {message}"):
        read_settings(DataSettings, to_plain(own) | changes, "x.toml", "data")


def test_every_source_can_be_asked_for() -> None:
    assert (*get_args(ImageSource),) == (*CATALOG, "folder")
    for source in (*DIGIT_SOURCES, *get_args(ImageSource), "text"):
        own = DIGITS if source in DIGIT_SOURCES else TEXT if source == "text" else FOLDER
        assert read_settings(DataSettings, to_plain(own) | {"source": source}, "here").source == source


def test_the_order_is_that_of_hashes() -> None:
    items = list(range(20))
    keys = [str(item).encode() for item in items]
    order = hashed_order(items, keys, "a")
    assert sorted(order) == items
    assert order != items
    assert hashed_order(items[::-1], keys[::-1], "a") == order
    assert hashed_order(items, keys, "b") != order


@pytest.mark.parametrize(("count", "fraction", "expected"), [(10, 0.25, 2), (2, 0.01, 1), (2, 0.99, 1), (100, 0.3, 30)])
def test_a_share_leaves_something_on_both_sides(count: int, fraction: float, expected: int) -> None:
    assert share(count, fraction) == expected


def test_one_image_has_no_share() -> None:
    with pytest.raises(ValueError, match="1 cannot be split"):
        share(1, 0.5)


def test_limits_share_out_what_is_taken_of_a_class() -> None:
    assert limits(DIGITS) == {"train": None, "validation": None, "test": None}
    cut = dataclasses.replace(DIGITS, train_per_class=20, test_per_class=7)
    assert limits(cut) == {"train": 15, "validation": 5, "test": 7}
