"""docs/choose.md: which optimizer and which rate, from the kept rows and the kept benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from paper_optimizers import describe, names
from paper_optimizers.catalog import middle_rate
from reproduce.report.analysis.families import Difference
from reproduce.report.analysis.studies import Compared, against
from reproduce.report.cards.card import Card, Rates
from reproduce.report.figures.rates import sensitivity
from reproduce.report.pages import ROOT
from reproduce.report.pages.answer import answer_sentence, kept_answers, kept_collections, measured_on
from reproduce.report.pages.beside_adam import adam_sentences
from reproduce.report.pages.comparison import slowest_sentences
from reproduce.report.pages.networks import networks_tables
from reproduce.report.pages.rates import StudyTask, compared_tasks, kept_cards, measured_rates, stands_for
from reproduce.report.pages.tables import markdown, with_tables
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text
from reproduce.tasks.optimizers import OPTAX

#: Whom each is set beside.
_BESIDE = ("Adam", "AdamW")
_VERDICTS = {
    "SUPPORTED": "**better**",
    "CONTRADICTED": "**worse**",
    "EQUIVALENT": "equivalent",
    "UNDECIDED": "undecided",
    "NOT RUN": "not run",
}
_NEEDS = {"falling_rate": "a rate that falls to 0", "clipped_gradients": "`clipnorm=1`"}


def page() -> str:
    """The page with its tables as they should be."""
    tables = {
        "answer": _short_answer(),
        "rates": rates_table(),
        "networks": networks_tables(),
        "steps": f"{slowest_sentences()}\n",
        "evolved": evolved_table(),
        "differences": differences(),
    }
    return with_tables((ROOT / "docs" / "choose.md").read_text("utf-8"), tables)


def _short_answer() -> str:
    """The answer in sentences, and whom tuning chose."""
    found = kept_answers()
    evolved, baselines = (
        ", ".join(f"{name} on {count}" for name, count in Counter(chosen).most_common())
        for chosen in ([each.compared.label for each in found], [each.compared.reference.optimizer for each in found])
    )
    return (
        f"{answer_sentence(found)}\n\n{adam_sentences()}\n\nOver all {len(found)} tasks tuning chose as the best "
        f"evolved optimizer {evolved}; as the best baseline {baselines}. {measured_on(found)}\n"
    )


def rates_table() -> str:
    """Tabulate, by optimizer, the rate to start with, what worked on each task, and what it takes."""
    first, tasks = kept_collections()[0], _telling_tasks()
    columns = {"optimizer": "", "start with": ":"} | {task.title: ":" for task in tasks}
    columns |= {"state, bytes a weight": ":", "step on convolutions, Adam's = 1": ":", "needs": ""}
    cards = kept_cards()[first.profile]
    lines = []
    for name in (*cards, *(name for name in OPTAX if name not in cards)):
        rates, card = measured_rates(name), cards.get(name)
        if rates:
            title = name if name in names() else f"{name}, not in the catalog"
            ranges = [_range(name, task) for task in tasks]
            lines.append((title, f"**{middle_rate(rates):g}**", *ranges, _state(card), _cost(card), _needs(name)))
    return markdown(columns, lines)


def evolved_table(other: str = "AdamW") -> str:
    """Tabulate, by the paper's optimizer and by task, its difference to a baseline in points, and the verdict."""
    tasks = _telling_tasks()
    found = [
        {name: each.difference for each in _against(task, other) for name in each.names if each.difference}
        for task in tasks
    ]
    columns = {"optimizer": ""} | {f"{task.title}, n = {_most_runs(task)}": "" for task in tasks}
    shown = [name for name in names() if describe(name).family in ("evolved", "adam-variant")]
    lines = [
        (
            name,
            *(
                _with_verdict(each[name]) if name in each else _stand_in(name, task)
                for task, each in zip(tasks, found, strict=True)
            ),
        )
        for name in shown
    ]
    return markdown(columns, lines)


def differences() -> str:
    """Tabulate, by task, every optimizer beside Adam and AdamW, those of one function in one line."""
    return "\n".join(
        part for found in kept_collections() for task in compared_tasks(found) for part in _beside(found.profile, task)
    )


def _beside(profile: str, compared_task: StudyTask) -> Iterator[str]:
    study, task = compared_task
    compared = {other: {each.label: each.difference for each in _against(compared_task, other)} for other in _BESIDE}
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
    yield f"### {compared_task.title}: study {study.name} of profile {profile}\n"
    yield f"{compared_task.updates} updates a run; {compared_task.devices}.\n"
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


def _telling_tasks() -> list[StudyTask]:
    """The tasks of the most telling profile, and the first one of each other."""
    first, *others = kept_collections()
    return [*compared_tasks(first), *(task for found in others for task in compared_tasks(found)[:1])]


def _against(task: StudyTask, other: str) -> list[Compared]:
    return against(task.study, task.task, task.study.result(task.task, other))


def _most_runs(task: StudyTask) -> int:
    return max(len(result.finals) for result in task.study.of_task(task.task))


def _with_verdict(found: Difference) -> str:
    return f"{difference_cells(found)[0]}, {_VERDICTS[found.verdict]}"


def _range(name: str, task: StudyTask) -> str:
    own = task.study.result(task.task, name)
    if own is None or not own.tuning:
        return _stand_in(name, task)
    return Rates(own.tuning_source, *sensitivity(own).good).range


def _stand_in(name: str, task: StudyTask) -> str:
    """Name the optimizer that stands for one that a task left out; a dash if none does."""
    measured = stands_for(name, task)
    return "-" if measured in (None, name) else f"as {measured}"


def _state(card: Card | None) -> str:
    """The bytes on the card, as far as they are one number."""
    if card is None or card.cost is None:
        return "-"
    return f"{4 * round(2 * card.cost.state_bytes / card.cost.adam_state_bytes)}"


def _cost(card: Card | None) -> str:
    return "-" if card is None or card.cost is None else f"{card.cost.ratio:.2f}"


def _needs(name: str) -> str:
    if name not in names():
        return ""
    entry = describe(name)
    parts: Sequence[str] = ["`total_steps`"] if entry.spec.needs_total_steps else []
    return ", ".join([*parts, *(_NEEDS[need.name] for need in entry.needs)])
