import dataclasses

import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.data.digits import read_digits
from tests.settings import DIGITS


def numbers(source: str, **changes: object):
    return load_dataset(dataclasses.replace(DIGITS, source=source, **changes))


def test_digits_are_split_by_class_without_overlap() -> None:
    digits = numbers("digits")
    parts = list(digits.parts.values())
    assert sum(len(part) for part in parts) == 1797
    assert digits.image_shape == (8, 8, 1)
    assert digits.train.inputs.max() == digits.largest_pixel == 16
    seen = [{image.tobytes() for image in part.inputs} for part in parts]
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]
    every = np.bincount(np.concatenate([each.labels for each in parts]))
    for part, fraction in zip(parts, (0.45, 0.15, 0.4), strict=True):
        assert np.all(np.abs(np.bincount(part.labels, minlength=10) / every - fraction) < 0.01)


def test_the_digits_are_those_of_scikit_learn_under_their_labels() -> None:
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    read, own = read_digits()
    np.testing.assert_array_equal(read.reshape(-1, 64), pixels)
    np.testing.assert_array_equal(own, labels)
    true = {image.astype(np.uint8).tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    for part in numbers("digits").parts.values():
        assert [true[image.tobytes()] for image in part.inputs] == part.labels.tolist()


@pytest.mark.parametrize(
    ("source", "checksum"), [("digits", "90a2e45ead36"), ("digits100", "b8bb93c57c27"), ("digits200", "f4321b442c4d")]
)
def test_they_are_the_same_everywhere(source: str, checksum: str) -> None:
    assert numbers(source).checksum().startswith(checksum)


@pytest.mark.parametrize(("source", "places", "count"), [("digits100", 2, 100), ("digits200", 3, 200)])
def test_numbers_are_written_with_the_digits_of_their_own_part(source: str, places: int, count: int) -> None:
    written, digits = numbers(source), numbers("digits")
    assert written.classes == tuple(f"{number:0{places}}" for number in range(count))
    assert written.image_shape == (8, 8 * places, 1)
    for name, part in written.parts.items():
        own = digits.parts[name]
        labels = {image.tobytes(): label for image, label in zip(own.inputs, own.labels, strict=True)}
        assert np.bincount(part.labels, minlength=count).min() >= np.bincount(own.labels).min()
        assert len({image.tobytes() for image in part.inputs}) == len(part)
        for image, label in list(zip(part.inputs, part.labels, strict=True))[:: 97 if places == 3 else 31]:
            figures = [labels[image[:, 8 * place : 8 * place + 8].tobytes()] for place in range(places)]
            assert "".join(map(str, figures)) == written.classes[label]


def test_limits_and_size() -> None:
    few = numbers("digits100", train_per_class=8, test_per_class=3, image_size=16)
    assert [len(part) for part in few.parts.values()] == [600, 200, 300]
    assert few.image_shape == (16, 16, 1)
    assert few.train.inputs.max() <= few.largest_pixel
    more = numbers("digits100", train_per_class=16, test_per_class=3, image_size=16)
    assert {image.tobytes() for image in few.train.inputs} < {image.tobytes() for image in more.train.inputs}


def test_growing_and_shrinking_keep_the_mean() -> None:
    mean = numbers("digits").test.inputs.mean() / 16
    for size in (4, 8, 16, 32):
        digits = numbers("digits", image_size=size)
        assert abs(digits.test.inputs.mean() / digits.largest_pixel - mean) < 0.002


def test_a_split_at_random_is_easier_than_one_by_writers() -> None:
    """As artifact/LIMITATIONS.md says: the digits lie in blocks by writer."""
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    lengths = (pixels**2).sum(axis=1)
    num_test = round(0.4 * len(labels))

    def accuracy(order: np.ndarray) -> float:
        test, train = order[:num_test], order[num_test:]
        nearest = (lengths[train] - 2 * pixels[test] @ pixels[train].T).argmin(axis=1)
        return float(np.mean(labels[train][nearest] == labels[test]))

    order = np.arange(len(labels))
    assert accuracy(order) == pytest.approx(0.955, abs=5e-4)
    assert accuracy(order[::-1]) == pytest.approx(0.964, abs=5e-4)
    at_random = [accuracy(np.random.default_rng(seed).permutation(order)) for seed in range(5)]
    assert np.mean(at_random) == pytest.approx(0.986, abs=0.002)
