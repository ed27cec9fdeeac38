"""The answer so far: the best of the paper's optimizers beside the best tuned baseline, by task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from reproduce.counts import number_of
from reproduce.report.analysis.answers import TaskAnswer, answers
from reproduce.report.analysis.verdicts import VERDICTS
from reproduce.report.collection import Collection, profiles_in, read_collection
from reproduce.report.figures.forest import ForestLine, forest_picture, forest_reading
from reproduce.report.pages import ARTIFACT
from reproduce.report.pages.tables import markdown
from reproduce.report.style import Picture
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text

#: Profiles, the most telling first; what others come after.
_PROFILES = ("paper", "gpu", "small", "smoke")
#: The profile of digits of 8 by 8 pixels, which are no evidence about the paper.
_DIGITS = "smoke"
#: Where the picture lies, from the project's folder.
PICTURE = "artifact/figures/common/answer.svg"


@cache
def kept_collections() -> tuple[Collection, ...]:
    """Read what is kept with the repository, a collection for each profile, the most telling profile first."""
    found = profiles_in(ARTIFACT / "results")
    ordered = sorted(found, key=lambda name: _PROFILES.index(name) if name in _PROFILES else len(_PROFILES))
    return tuple(read_collection(ARTIFACT / "results", name) for name in ordered)


def kept_answers() -> list[TaskAnswer]:
    """The answers of the kept rows."""
    return [each for found in kept_collections() for each in answers(found.profile, found.studies)]


def answer_lines() -> str:
    """README's answer: a sentence, the table of real images, and the picture."""
    found = kept_answers()
    real = [each for each in found if each.profile != _DIGITS]
    shown = answer_picture(found)
    devices = "; ".join(sorted({each.device for each in found}))
    below = f"Measured on {devices}. The picture adds the digits of profile `{_DIGITS}`.\n"
    return "\n".join([f"{answer_sentence(found)}\n", answer_table(real), below, f"![{shown.title}]({PICTURE})\n"])


def answer_sentence(found: Sequence[TaskAnswer]) -> str:
    """How often the best evolved optimizer is better, and what else was found."""
    counts = {verdict: sum(each.difference.verdict == verdict for each in found) for verdict in VERDICTS}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    better = f"In {counts['SUPPORTED']} of" if counts["SUPPORTED"] else "In none of"
    comparisons = number_of(len(found), "comparison")
    sentence = f"**{better} {comparisons} is the best evolved optimizer better than the best tuned baseline.**"
    return f"{sentence} Verdicts: {counted}." if counted else "Nothing has been run."


def answer_table(found: Iterable[TaskAnswer]) -> str:
    """A line for each answer, as Markdown."""
    columns = {"profile": "", "data": "", "updates": ":", "n": ":", "best evolved": "", "best baseline": ""}
    return markdown(columns | {"difference, points": "", "verdict": ""}, map(_cells, found))


def answer_picture(found: Sequence[TaskAnswer]) -> Picture:
    """The forest plot of all answers."""
    lines = [ForestLine(_label(each), each.difference, each.profile) for each in found]
    counts = sorted({each.difference.n for each in found})
    n = f"n = {counts[0]} to {counts[-1]} seeds" if len(counts) > 1 else f"n = {counts[0] if counts else 0} seeds"
    title = f"Best evolved optimizer minus best tuned baseline, {number_of(len(found), 'task')}, {n}"
    return forest_picture("answer", title, forest_reading(lines), lines)


def _cells(each: TaskAnswer) -> tuple[str, ...]:
    found = each.difference
    interval = "" if found.low is None or found.high is None else f" ({interval_text(found.low, found.high)})"
    return (
        *(
            each.profile,
            each.data,
            str(each.steps),
            str(found.n),
            each.compared.label,
            each.compared.reference.optimizer,
        ),
        *(f"{signed(100 * found.mean, 1)}{interval}", found.verdict),
    )


def _label(each: TaskAnswer) -> str:
    names = f"{each.compared.label} − {each.compared.reference.optimizer}"
    return f"{each.data}, {each.steps} steps, n = {each.difference.n}\n{names}"
