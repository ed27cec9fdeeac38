"""docs/choose.md: which optimizer and which rate, from the kept rows and the kept benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paper_optimizers import describe, names
from reproduce.report.analysis.answers import data_words
from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.studies import against
from reproduce.report.cards.card import Card
from reproduce.report.cards.index import all_cards, middle_rate
from reproduce.report.collection import Collection
from reproduce.report.pages import ROOT
from reproduce.report.pages.answer import answer_sentence, kept_answers, kept_collections
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.report.results import COMPARED, StudyResults
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text

#: Whom each is set beside.
_BESIDE = ("Adam", "AdamW")
_NEEDS = {"falling_rate": "a rate that falls to 0", "clipped_gradients": "`clipnorm=1`"}


class _StudyTask(NamedTuple):
    """A task of a study."""

    study: StudyResults
    task: str

    @property
    def title(self) -> str:
        settings = next(each for each in self.study.protocol.tasks if each.name == self.task)
        return data_words(settings)


def page() -> str:
    """The page with its tables as they should be."""
    tables = {"answer": _short_answer(), "rates": rates_table(), "differences": differences()}
    return with_tables((ROOT / "docs" / "choose.md").read_text("utf-8"), tables)


def _short_answer() -> str:
    found = kept_answers()
    evolved, baselines = (
        ", ".join(f"{name} on {count}" for name, count in Counter(chosen).most_common())
        for chosen in ([each.compared.label for each in found], [each.compared.reference.optimizer for each in found])
    )
    return (
        f"{answer_sentence(found)}\n\nTuning chose as the best evolved optimizer: {evolved}; as the best baseline: "
        f"{baselines}.\n"
    )


def rates_table() -> str:
    """By optimizer: the rate to start with, what worked on each task, and what it takes."""
    first, *others = kept_collections()
    places = [*_places(first), *(place for found in others for place in _places(found)[:1])]
    cards = {found.profile: {card.name: card for card in all_cards(found)} for found in (first, *others)}
    columns = {"optimizer": "", "start with": ":"} | {place.title: ":" for place in places}
    columns |= {"state, bytes a weight": ":", "step, Adam's = 1": ":", "needs": ""}
    lines = []
    for name, card in cards[first.profile].items():
        rate = middle_rate(card.rates)
        if rate is None:
            continue
        ranges = [_range(cards[place.study.protocol.profile][name], place) for place in places]
        lines.append((name, f"**{rate:g}**", *ranges, _state(card), _cost(card), _needs(name)))
    return markdown(columns, lines)


def differences() -> str:
    """By task: every optimizer beside Adam and AdamW, those of one function in one line."""
    return "\n".join(
        part for found in kept_collections() for place in _places(found) for part in _beside(found.profile, place)
    )


def _beside(profile: str, place: _StudyTask) -> Iterator[str]:
    study, task = place
    compared = {
        other: {each.label: each.difference for each in against(study, task, study.result(task, other))}
        for other in _BESIDE
    }
    labels = [each for each in study.functions(task) if each.first.test is not None]
    rows = sorted(labels, key=lambda each: -each.first.test.mean if each.first.test else 0)
    lines = [
        (
            each.label,
            f"{100 * each.first.test.mean:.1f}",
            str(each.first.test.n),
            *(cell for other in _BESIDE for cell in difference_cells(compared[other].get(each.label))),
        )
        for each in rows
        if each.first.test is not None
    ]
    steps = max((row.steps for row in study.rows if row.task == task), default=0)
    devices = "; ".join(sorted({row.device for row in study.rows if row.task == task}))
    yield f"### {place.title}: study {study.name} of profile {profile}\n"
    yield f"{steps} updates a run; {devices}.\n"
    columns = {"optimizer": "", "test %": ":", "n": ":"}
    for other in _BESIDE:
        columns |= {f"minus {other}, points": ":", f"better than {other}?": ""}
    yield markdown(columns, lines)


def difference_cells(found: Difference | None) -> tuple[str, str]:
    """A difference in points with its interval, and its verdict."""
    if found is None:
        return "-", "-"
    interval = "" if found.low is None or found.high is None else f" ({interval_text(found.low, found.high)})"
    return f"{signed(100 * found.mean, 1)}{interval}", found.verdict


def _places(found: Collection) -> list[_StudyTask]:
    """The tasks of the studies that compare every optimizer."""
    return [_StudyTask(study, task) for study in found.studies if study.name in COMPARED for task in study.tasks_run]


def _range(card: Card, place: _StudyTask) -> str:
    own = [each for each in card.rates if (each.source.study, each.source.task) == (place.study.name, place.task)]
    return own[0].range if own else "-"


def _state(card: Card) -> str:
    """The bytes on the card, as far as they are one number."""
    cost = card.cost
    return "-" if cost is None else f"{4 * round(2 * cost.state_bytes / cost.adam_state_bytes)}"


def _cost(card: Card) -> str:
    return "-" if card.cost is None else f"{card.cost.ratio:.2f}"


def _needs(name: str) -> str:
    if name not in names():
        return ""
    entry = describe(name)
    parts: Sequence[str] = ["`total_steps`"] if entry.spec.needs_total_steps else []
    return ", ".join([*parts, *(_NEEDS[need.name] for need in entry.needs)])
