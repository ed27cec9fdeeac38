import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reproduce.data import load_dataset, task_name
from reproduce.data.digits import load_digits
from reproduce.data.folders import load_folder
from reproduce.data.splits import hashed_order, share
from reproduce.errors import DataError
from tests.reproduce.cases import TINY

SETTINGS = TINY.folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set "pets" of two classes, eight train and three test images each, of mixed sizes and kinds."""
    root = tmp_path / "somewhere" / "pets"
    random = np.random.default_rng(0)
    for part, count in (("train", 8), ("test", 3)):
        for name in ("cat", "dög"):
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                size = (8 + number, 9)
                pixels = random.integers(0, 256, (*size, 3), dtype=np.uint8)
                image = Image.fromarray(pixels if number else pixels[..., 0])
                image.save(root / part / name / f"{number}.{'png' if number % 2 else 'jpg'}")
    return root


def test_digits_are_split_by_class_without_overlap() -> None:
    digits = load_digits(TINY.digits)
    parts = (digits.train, digits.validation, digits.test)
    assert sum(len(part) for part in parts) == 1797
    assert digits.image_shape == (8, 8, 1)
    assert digits.train.images.max() == digits.largest_pixel == 16
    seen = [{image.tobytes() for image in part.images} for part in parts]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    for part, fraction in zip(parts, (0.45, 0.15, 0.4), strict=True):
        shares = np.bincount(part.labels, minlength=10) / np.bincount(np.concatenate([each.labels for each in parts]))
        assert np.all(np.abs(shares - fraction) < 0.01)


def test_digits_are_the_same_everywhere() -> None:
    assert load_digits(TINY.digits).checksum().startswith("759602205a58cae5")


def test_checksum_follows_pixels_labels_classes_and_split(folder: Path) -> None:
    first = load_folder(folder, SETTINGS)
    assert load_folder(folder, SETTINGS).checksum() == first.checksum()
    swapped = dataclasses.replace(first, train=first.test, test=first.train)
    renamed = dataclasses.replace(first, classes=("cat", "dog"))
    labels = dataclasses.replace(first.train, labels=1 - first.train.labels)
    pixels = dataclasses.replace(first.train, images=first.train.images ^ 1)
    changed = [swapped, renamed, *(dataclasses.replace(first, train=part) for part in (labels, pixels))]
    assert len({first.checksum(), *(each.checksum() for each in changed)}) == 5


def test_a_folder_is_read_resized_and_split(folder: Path) -> None:
    pets = load_folder(folder, SETTINGS)
    assert (pets.name, pets.classes, pets.image_shape) == ("pets", ("cat", "dög"), (8, 8, 3))
    assert [len(part) for part in (pets.train, pets.validation, pets.test)] == [12, 4, 6]
    assert np.bincount(pets.train.labels).tolist() == [6, 6]


def test_the_folder_around_one_data_set_will_do(folder: Path) -> None:
    assert task_name(folder.parent) == task_name(folder) == "pets"
    assert load_folder(folder.parent, SETTINGS).checksum() == load_folder(folder, SETTINGS).checksum()


def test_limits_hold_for_each_class_and_pick_the_same_images_each_time(folder: Path) -> None:
    few = load_folder(folder, dataclasses.replace(SETTINGS, train_per_class=4, test_per_class=2))
    assert [len(part) for part in (few.train, few.validation, few.test)] == [6, 2, 4]
    everything = {image.tobytes() for image in load_folder(folder, SETTINGS).test.images}
    assert {image.tobytes() for image in few.test.images} < everything


def test_files_that_are_no_images_and_hidden_ones_are_passed_over(folder: Path) -> None:
    before = load_folder(folder, SETTINGS).checksum()
    (folder / "train" / "cat" / "notes.txt").write_text("a cat")
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / "labels.csv").write_text("")
    assert load_folder(folder, SETTINGS).checksum() == before


def _remove(path: Path) -> None:
    shutil.rmtree(path)


def _empty(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("where", "damage", "message"),
    [
        (".", _remove, "no folder .*pets; expected DIR/train/CLASS"),
        ("train", _remove, "has no folders train and test"),
        ("train/cat", _remove, "class 'cat' is only in test"),
        ("test/cat", _remove, "class 'cat' is only in train"),
        ("train/cat", _empty, r"train/cat has no images"),
        ("train/cat/1.png", _truncate, r"cannot read the image .*train/cat/1.png"),
        ("test/cat/1.png", lambda path: path.write_text("no image"), r"cannot read the image .*test/cat/1.png"),
    ],
)
def test_each_fault_is_named(folder: Path, where: str, damage, message: str) -> None:
    damage(folder / where)
    with pytest.raises(DataError, match=message):
        load_folder(folder, SETTINGS)


def test_no_classes_one_class_and_too_few_images(folder: Path) -> None:
    for number in range(1, 8):
        for suffix in ("png", "jpg"):
            (folder / "train" / "cat" / f"{number}.{suffix}").unlink(missing_ok=True)
    with pytest.raises(DataError, match="class 'cat' has 1 train image"):
        load_folder(folder, SETTINGS)
    for part in ("train", "test"):
        _remove(folder / part / "cat")
    with pytest.raises(DataError, match="one class only"):
        load_folder(folder, SETTINGS)
    _remove(folder / "train" / "dög")
    with pytest.raises(DataError, match="has no class folders"):
        load_folder(folder, SETTINGS)


def test_several_data_sets_are_not_guessed_at(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "more")
    with pytest.raises(DataError, match=r"several data sets .*more, pets"):
        task_name(folder.parent)


def test_fewer_images_than_a_batch(folder: Path) -> None:
    with pytest.raises(DataError, match="pets has 12 training images, fewer than one batch"):
        load_dataset(TINY, folder)


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
