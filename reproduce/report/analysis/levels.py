"""Thresholds of the analysis, set beforehand: looks, error rate spent at each, margin, and equality of functions."""

from __future__ import annotations

from functools import cache

#: The number of seeds at which a study is judged first. What is UNDECIDED then may be run on and judged once more.
FIRST_LOOK = 20
#: The most seeds that a study is run on to.
LAST_LOOK = 60
#: The fewest searches of each kind whose differences are tested; they are judged once.
LEAST_SEARCHES = 5
#: How the probability 0.05 of a false verdict in a family is spent on the two looks.
_SPENT = (0.04, 0.01)
#: The largest margin, one point, and the share of the reference's error that is the margin where that is smaller.
POINT, _SHARE_OF_ERROR = 0.01, 0.1
#: The same in words.
MARGIN_WORDS = "1 point, or a tenth of the reference's error if that is smaller"
#: How wide intervals are read.
WIDTH_WORDS = "Intervals are Student's t, not cut at 0 and 100 %: one that reaches beyond says that seeds are too few."
#: Optimizers whose accuracies differ by no more than this on average, at equal rates and seeds, are one function.
SAME_FUNCTION = 0.001
#: Numbers whose difference is below this share of them differ by rounding alone.
ROUNDING = 1e-12


def error_rate(n: int) -> float:
    """The probability of a false verdict in a family that may be spent at ``n`` seeds: 0.04, after `FIRST_LOOK` 0.01.

    Whoever looks at both has spent 0.05.
    """
    return _SPENT[0] if n <= FIRST_LOOK else _SPENT[1]


def confidence_words(n: int) -> str:
    """``"96 %"``: the coverage of a family's intervals of ``n`` seeds together."""
    return f"{100 * (1 - error_rate(n)):g} %"


def margin_of(accuracy: float, chance: float = 0.0) -> float:
    """Return the margin that a difference must exceed to matter: 1 point, or a tenth of the reference's error if less.

    Args:
        accuracy: The reference's mean, a share.
        chance: What guessing gets; the error is on the scale on which guessing has 1.
    """
    error = (1 - accuracy) / (1 - chance)
    return max(min(POINT, _SHARE_OF_ERROR * error), ROUNDING)


@cache
def t_limit(freedom: int, error: float) -> float:
    """Find the size that Student's t with so many degrees of freedom exceeds with the probability ``error``."""
    from scipy import special  # scipy.stats takes a second to import.

    return -float(special.stdtrit(freedom, error / 2))
