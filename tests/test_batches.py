import numpy as np
import pytest

from reproduce.batches import passes


def test_batches_are_shuffled_passes_without_their_remainder():
    stream = passes(3, 10, 4)
    first, second = next(stream), next(stream)
    assert first.shape == (2, 4)
    assert len(set(first.ravel())) == 8
    np.testing.assert_array_equal(first, next(passes(3, 10, 4)))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, next(passes(4, 10, 4)))


def test_a_seed_draws_its_samples_once_and_keeps_them():
    stream = passes(5, 100, 4, drawn=12)
    seen = [next(stream) for _ in range(3)]
    assert [set(each.ravel()) == set(seen[0].ravel()) for each in seen] == [True] * 3
    assert len(set(seen[0].ravel())) == 12
    assert set(seen[0].ravel()) != set(next(passes(6, 100, 4, drawn=12)).ravel())


def test_all_samples_drawn_are_all_samples():
    np.testing.assert_array_equal(next(passes(7, 12, 4, drawn=12)), next(passes(7, 12, 4)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 10, 11), "batch_size is 11 and there are 10"),
        ((0, 10, 4, 11), "11 training samples are to be drawn and there are 10"),
    ],
)
def test_more_than_there_is_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        next(passes(*arguments))
