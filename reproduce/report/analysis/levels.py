"""Thresholds of the analysis, set beforehand: margin, equality of functions; of looks see `reproduce.study.looks`."""

from __future__ import annotations

from functools import cache

from reproduce.study.looks import error_rate

#: The fewest searches of each kind whose differences are tested; they are judged once.
LEAST_SEARCHES = 5
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
