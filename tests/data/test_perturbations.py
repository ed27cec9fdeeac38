import dataclasses

import numpy as np
import pytest

from reproduce.data import Dataset, Part, channel_statistics, load_dataset
from reproduce.errors import DataError
from tests.settings import DIGITS


def digits(**changes: object) -> Dataset:
    return load_dataset(dataclasses.replace(DIGITS, **changes))


def same(one: Part, other: Part) -> bool:
    return np.array_equal(one.inputs, other.inputs) and np.array_equal(one.labels, other.labels)


@pytest.mark.parametrize("noise", [0.2, 0.4])
def test_a_share_of_the_training_labels_is_wrong_and_nothing_else(noise: float) -> None:
    clean, noisy = digits(), digits(label_noise=noise)
    assert np.array_equal(clean.train.inputs, noisy.train.inputs)
    assert (clean.train.labels != noisy.train.labels).sum() == round(noise * len(clean.train))
    assert same(clean.validation, noisy.validation)
    assert same(clean.test, noisy.test)
    assert noisy.checksum() == digits(label_noise=noise).checksum() != clean.checksum()


def test_wrong_labels_are_spread_over_the_other_classes() -> None:
    clean, noisy = digits().train.labels, digits(label_noise=0.9).train.labels
    shift = (noisy - clean) % 10
    counts = np.bincount(shift[shift > 0], minlength=10)[1:]
    assert counts.min() > 0.6 * counts.mean()
    assert counts.max() < 1.4 * counts.mean()


def test_more_noise_keeps_the_wrong_labels_of_less() -> None:
    clean, less, more = (digits(label_noise=noise).train.labels for noise in (0.0, 0.2, 0.4))
    wrong = less != clean
    assert np.array_equal(less[wrong], more[wrong])


@pytest.mark.parametrize("imbalance", [10.0, 50.0])
def test_the_classes_fall_geometrically(imbalance: float) -> None:
    balanced, tail = digits(), digits(imbalance=imbalance)
    counts = np.bincount(tail.train.labels, minlength=10)
    first = np.bincount(balanced.train.labels).min()
    assert counts.tolist() == [round(first * imbalance ** (-label / 9)) for label in range(10)]
    assert {image.tobytes() for image in tail.train.inputs} < {image.tobytes() for image in balanced.train.inputs}
    assert same(balanced.validation, tail.validation)
    assert same(balanced.test, tail.test)


def test_a_longer_tail_is_part_of_a_shorter_one() -> None:
    short, long = (
        {image.tobytes() for image in digits(imbalance=imbalance).train.inputs} for imbalance in (10.0, 50.0)
    )
    assert long < short


def test_an_imbalance_that_would_empty_a_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"imbalance = 100 needs at least as many .* has 7"):
        digits(imbalance=100.0)


def test_both_together_and_neither() -> None:
    both = digits(imbalance=10.0, label_noise=0.25)
    thinned = digits(imbalance=10.0)
    assert (both.train.labels != thinned.train.labels).sum() == round(0.25 * len(thinned.train))
    assert digits(imbalance=1.0, label_noise=0.0).checksum() == digits().checksum()


def test_channel_statistics_are_those_of_numpy_and_of_the_part_alone() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (7, 5, 6, 3)).astype(np.uint8)
    images[..., 2] = 40
    mean, deviation = channel_statistics(Part(images, np.zeros(7, np.int32)), 255)
    pixels = images.reshape(-1, 3) / 255
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(deviation[:2], pixels.std(axis=0)[:2], rtol=1e-6)
    assert deviation[2] == 1
    data = digits()
    assert channel_statistics(data.train, 16)[0] != channel_statistics(data.test, 16)[0]
