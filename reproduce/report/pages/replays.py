"""Replays of the published search log in sentences: how far the kept ones agree with it, and what that is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable

from reproduce.counts import Estimate, enumerated
from reproduce.report.collection import StoredReplay
from reproduce.report.pages import ROOT
from reproduce.report.pages.answer import kept_collections
from reproduce.report.pages.tables import with_tables


def page() -> str:
    """docs/tutorials/published_log.md with its numbers as they should be."""
    path = ROOT / "docs" / "tutorials" / "published_log.md"
    return with_tables(path.read_text("utf-8"), {"replay": replay_paragraph()})


def replay_paragraph() -> str:
    """Say how far each kept replay agrees with the log, how far a perfect one would, and what the first is worth."""
    kept = list(_kept())
    if not kept:
        return "No replay has been run.\n"
    first, perfect = kept[0][1], kept[0][2]
    found = " It is ".join(f"{_shown(value, replay)} in {_place(replay)}." for replay, value, _ in kept)
    ceilings = enumerated([_shown(ceiling) for _, _, ceiling in kept])
    return (
        f"Spearman's rank correlation of the log's scores with ours is {found} Scores are noisy on both sides, so "
        f"even a perfect replay would reach only {ceilings}. Behind a correlation is its confidence interval at 95 %, "
        f"behind what a perfect replay reaches the range of 95 % of simulated ones. {first.value:.2f} is little: of "
        f"two candidates, log and replay agree which is better in about {agreeing_pairs(first.value)} of 100 pairs. "
        f"Chance gives 50, a perfect replay {agreeing_pairs(perfect.value)} (for normally distributed scores).\n"
    )


def replay_line() -> str:
    """Say the first of it in a line, for a list."""
    return "".join(
        "- The authors published the candidates of their search with their scores. We trained a sample of them again, "
        f"in profile `{replay.origin.profile}`. The rank correlation of their scores and ours is "
        f"{_shown(value, replay)}. Since scores are noisy, a perfect replay would reach {_shown(ceiling)}. "
        "[More](docs/tutorials/published_log.md).\n"
        for replay, value, ceiling in list(_kept())[:1]
    )


def agreeing_pairs(correlation: float) -> int:
    """Count, of 100 pairs, those that two sides order alike whose normal scores have this rank correlation."""
    linear = 2 * math.sin(math.pi * correlation / 6)
    return round(50 + 100 * math.asin(linear) / math.pi)


def _kept() -> Iterable[tuple[StoredReplay, Estimate, Estimate]]:
    for found in kept_collections():
        for replay in found.replays:
            value, ceiling = replay.agreement.correlation, replay.agreement.ceiling
            if value is not None and ceiling is not None:
                yield replay, value, ceiling


def _place(replay: StoredReplay) -> str:
    return f"profile {replay.origin.profile} ({replay.origin.data}; {replay.origin.device})"


def _shown(found: Estimate, replay: StoredReplay | None = None) -> str:
    count = "" if replay is None else f", n = {replay.agreement.both} of {replay.agreement.sampled} candidates"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}{count})"
