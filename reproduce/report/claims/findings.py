"""Findings on claims: how verdicts on optimizers become one finding with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.levels import confidence_words
from reproduce.report.analysis.verdicts import VERDICTS, Verdict, all_of, several
from reproduce.report.results import Alike, number_of_runs
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text


@dataclass(frozen=True)
class Finding:
    """The verdict of a predicate, with its evidence.

    Attributes:
        verdict: The verdict on the claim.
        evidence: The numbers behind that, with their data set or benchmark, n and device.
        is_of_profile: Whether they belong to the profile that was asked for; a benchmark's belong to none.
    """

    verdict: Verdict
    evidence: str
    is_of_profile: bool = True


def not_run(what: str) -> Finding:
    """The finding where rows that could decide are missing."""
    return Finding("NOT RUN", f"no {what}")


@dataclass(frozen=True)
class Counted(Alike):
    """Optimizers that are one function, as a claim counts them.

    Attributes:
        verdict: On "better" than whatever the claim names.
        difference: The one that the verdict is from; None where there is none.
    """

    verdict: Verdict
    difference: Difference | None


def worst(counted: Sequence[Counted]) -> Counted:
    """Find the comparison that decides, of one function with several references, each of which it must beat."""
    verdict = all_of([each.verdict for each in counted])
    deciding = [each for each in counted if each.verdict == verdict]
    return min(deciding, key=lambda each: 0.0 if each.difference is None else each.difference.mean)


def enough(counted: Sequence[Counted], at_least: int, what: str) -> Finding:
    """Whether enough functions are better.

    Args:
        counted: Every function that may be counted.
        at_least: How many must be better; all, where there are fewer.
        what: The words that the evidence begins with, such as ``"better than Adam"``.

    Returns:
        The finding. Its evidence counts all verdicts, names what is decided, and says how many seeds would settle what
        is UNDECIDED, if the claim is.
    """
    needed = min(at_least, len(counted))
    verdict = several([each.verdict for each in counted], needed)
    parts = []
    for kind in VERDICTS:
        those = [each for each in counted if each.verdict == kind]
        is_named = kind in ("SUPPORTED", "CONTRADICTED") or len(counted) == 1
        named = f" ({'; '.join(map(_named, those))})" if is_named else ""
        parts += [f"{len(those)} {kind}{named}"] if those else []
    found = [each.difference for each in counted if each.difference is not None]
    evidence = f"{what}: {', '.join(parts) or 'nothing'}; {needed} needed; {number_of_runs(each.n for each in found)}"
    if found:
        family = max(each.comparisons for each in found)
        levels = " or ".join(sorted({confidence_words(each.seeds_judged) for each in found}))
        evidence += f", {levels} for {comparisons_words(family)}"
    seeds = [each.seeds_to_settle for each in found if each.seeds_to_settle is not None]
    if verdict == "UNDECIDED" and seeds:
        evidence += f"; {max(seeds)} seeds would settle it"
    return Finding(verdict, evidence)


def _named(counted: Counted) -> str:
    """The names with their difference in points and its interval."""
    found = counted.difference
    if found is None:
        return counted.label
    interval = "" if found.low is None or found.high is None else f", {interval_text(found.low, found.high)}"
    return f"{counted.label} {signed(100 * found.mean, 1)}{interval}"


def comparisons_words(count: int) -> str:
    """``"one comparison"``, ``"3 comparisons together"``."""
    return "one comparison" if count == 1 else f"{count} comparisons together"
