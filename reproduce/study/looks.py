"""Looks at a study: with how many seeds it is judged, what error each look may spend, and how far it is run on.

A study is judged with its planned final seeds. What is UNDECIDED then may be run on once and is judged a second time;
what was decided stays, and there is no third look. A study that was planned with more seeds than `FIRST_LOOK` is judged
once, as at a second look. artifact/ANALYSIS.md says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, islice

from reproduce.plain_data import require

#: The most seeds at a first look, and how many are planned where nothing speaks against it.
FIRST_LOOK = 20
#: The most seeds that a study is run on to.
MOST_SEEDS = 60
#: How the probability 0.05 of a false verdict in a family is spent on the two looks.
_SPENT = (0.04, 0.01)


def error_rate(n: int) -> float:
    """The probability of a false verdict in a family that may be spent at ``n`` seeds: 0.04, after `FIRST_LOOK` 0.01.

    Whoever looks at both has spent 0.05.
    """
    return _SPENT[0] if n <= FIRST_LOOK else _SPENT[1]


def require_second_look(name: str, total: int, planned: int) -> None:
    """Refuse a number of seeds that a study is not run on to.

    Args:
        name: The setting, for the message.
        total: How many seeds there are to be in all.
        planned: How many were planned for the first look.
    """
    is_first = planned <= FIRST_LOOK
    require(is_first, name, total, f"left out, since a study of more than {FIRST_LOOK} final seeds is judged once")
    number = f"a number of final seeds in all from {FIRST_LOOK + 1} to {MOST_SEEDS}"
    require(FIRST_LOOK < total <= MOST_SEEDS, name, total, number)


def later_seeds(number: int, used: Iterable[int]) -> tuple[int, ...]:
    """Find the seeds that a study is run on with: the first from 1 that it does not use. Nobody chooses them."""
    taken = set(used)
    return tuple(islice((seed for seed in count(1) if seed not in taken), number))
