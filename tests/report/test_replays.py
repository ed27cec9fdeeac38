"""The replay of the published log in sentences: the kept numbers, and pairs that a rank correlation orders alike."""

import numpy as np
import pytest
from scipy import stats

from reproduce.report.pages import ROOT
from reproduce.report.pages.answer import kept_collections
from reproduce.report.pages.replays import agreeing_pairs, replay_line, replay_paragraph


@pytest.mark.parametrize(("correlation", "pairs"), [(0.0, 50), (1.0, 100), (-1.0, 0)])
def test_pairs_at_the_ends(correlation: float, pairs: int) -> None:
    assert agreeing_pairs(correlation) == pairs


@pytest.mark.parametrize("linear", [0.3, 0.7])
def test_pairs_are_those_of_normally_distributed_scores(linear: float) -> None:
    left, right = np.random.default_rng(0).multivariate_normal([0, 0], [[1, linear], [linear, 1]], 100_000).T
    alike = (left[::2] < left[1::2]) == (right[::2] < right[1::2])
    assert agreeing_pairs(float(stats.spearmanr(left, right).statistic)) == pytest.approx(100 * alike.mean(), abs=1)


def test_the_sentences_have_the_kept_numbers() -> None:
    replays = [each for found in kept_collections() for each in found.replays]
    assert replays
    for each in replays:
        found, ceiling = each.agreement.correlation, each.agreement.ceiling
        assert found is not None
        assert ceiling is not None
        assert (
            f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}, n = {each.agreement.both} of"
            in replay_paragraph()
        )
        assert f" in profile {each.origin.profile} ({each.origin.data}; {each.origin.device})" in replay_paragraph()
        assert f"{ceiling.value:.2f} ({ceiling.low:.2f} to {ceiling.high:.2f})" in replay_paragraph()
    first = replays[0].agreement.correlation
    assert first is not None
    assert f"{first.value:.2f} ({first.low:.2f}" in replay_line()
    for page in ("docs/tutorials/published_log.md", "artifact/README.md", "artifact/REPORT.md"):
        assert replay_paragraph() in (ROOT / page).read_text("utf-8")
