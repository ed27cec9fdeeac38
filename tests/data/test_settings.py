import dataclasses

import pytest

from reproduce.data import DataSettings
from reproduce.data.settings import SOURCES
from reproduce.data.splits import hashed_order, limits, share
from reproduce.errors import ProtocolError
from reproduce.plain_data import read_settings
from tests.data.cases import FOLDER
from tests.settings import DIGITS


def test_settings_are_read_from_a_plain_table() -> None:
    table = dataclasses.asdict(FOLDER) | {"leave_out": ["001"], "imbalance": 10}
    expected = dataclasses.replace(FOLDER, leave_out=("001",), imbalance=10.0)
    assert read_settings(DataSettings, table, "x.toml") == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "mnist"}, "source must be one of digits, .*cifar10.*folder; received 'mnist'"),
        ({"image_size": 3}, r"image_size must be 0 \(as they are\) or between 4 and 1024"),
        ({"train_per_class": -1}, "train_per_class must be 0"),
        ({"test_per_class": -1}, "test_per_class must be 0"),
        ({"validation_fraction": 0.0}, r"validation_fraction must be in \(0, 1\)"),
        ({"test_fraction": 1.0}, r"test_fraction must be in \(0, 1\)"),
        ({"label_noise": 1.0}, r"label_noise must be in \[0, 1\)"),
        ({"imbalance": 0.5}, "imbalance must be between 1 and 10000"),
        ({"leave_out": ["3"]}, "leave_out must be empty for digits"),
        ({"window": 8}, "window must be 0 for images"),
        ({"source": "text"}, "window must be between 2 and 4096 characters for text"),
        ({"source": "text", "window": 8, "label_noise": 0.2}, "label_noise must be 0 for text"),
        ({"source": "text", "window": 8, "imbalance": 2.0}, "imbalance must be 1 for text"),
        ({"source": "text", "window": 8, "image_size": 8}, "image_size must be 0 for text"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_key(changes: dict[str, object], message: str) -> None:
    table = dataclasses.asdict(DIGITS) | {"leave_out": []} | changes
    with pytest.raises(ProtocolError, match=rf"x.toml: data\.{message}"):
        read_settings(DataSettings, table, "x.toml", "data")


def test_every_source_can_be_asked_for() -> None:
    for source in SOURCES:
        window = 8 if source == "text" else 0
        assert dataclasses.replace(DIGITS, source=source, window=window).source == source


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
