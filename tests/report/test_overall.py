"""A task that several studies share, and a run of it, count once wherever something is said over all studies."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from reproduce.report.cards.card import Card, to_markdown
from reproduce.report.cards.index import all_cards
from reproduce.report.collection import Collection
from reproduce.report.overall import compare_studies, num_repeated, shared_tasks
from reproduce.report.page.page import facts
from reproduce.report.page.report import report_of
from reproduce.report.page.search import SearchResults
from reproduce.report.results import StudyResults
from reproduce.report.tables.across import across_table
from reproduce.report.tables.compute import compute_table
from reproduce.study.protocol import StudyProtocol
from tests.report.result_cases import invented, protocol_of

OPTIMIZERS = ("Opt7", "A1", "Adam")
SKILLS = {"Opt7": 0.3, "A1": 0.2, "Adam": 0.1}
MAIN = protocol_of("main", OPTIMIZERS)
OTHER = protocol_of("transfer", OPTIMIZERS, ("other",))


def renamed(study: str, task: str, seeds: tuple[int, ...], like: StudyProtocol = MAIN) -> StudyResults:
    """The task of ``like`` under another name in another study, the runs those of ``like``."""
    tasks = (dataclasses.replace(like.tasks[0], name=task, runner="engine"),)
    seed_settings = dataclasses.replace(like.seeds, final=seeds)
    protocol = dataclasses.replace(like, study=study, tasks=tasks, seeds=seed_settings)
    rows = tuple(
        dataclasses.replace(row, study=study, protocol=protocol.hash(), task=task, device="another processor")
        for row in invented(like, SKILLS).rows
        if row.phase == "tune" or row.seed in seeds
    )
    return StudyResults(protocol, invented(like, SKILLS).entrants, rows)


#: The main study's task comes again with fewer seeds; two tasks are different.
STUDIES = (invented(MAIN, SKILLS), invented(OTHER, SKILLS), renamed("label_noise", "noise-0", (1, 2)))


def card(name: str, studies: Sequence[StudyResults] = STUDIES) -> Card:
    return next(each for each in all_cards(Collection("tiny", Path("nowhere"), studies, {})) if each.name == name)


def said(card: Card, heading: str) -> str:
    return "".join(phrase.text for phrase in dict(card.statements)[heading])


def test_tasks_are_told_apart_by_data_settings_and_weights_not_by_name() -> None:
    first, other = shared_tasks(STUDIES)
    assert first.places == (("main", "digits"), ("label_noise", "noise-0"))
    assert other.places == (("transfer", "other"),)
    noise = STUDIES[2]
    for change in ({"data": "0" * 16}, {"weights": "pretrained"}):
        changed = tuple(dataclasses.replace(row, **change) for row in noise.rows)
        assert len(shared_tasks([*STUDIES[:2], dataclasses.replace(noise, rows=changed)])) == 3
    longer = dataclasses.replace(MAIN.tasks[0].training, epochs=MAIN.tasks[0].training.epochs + 1)
    tasks = (dataclasses.replace(noise.protocol.tasks[0], training=longer),)
    protocol = dataclasses.replace(noise.protocol, tasks=tasks)
    assert len(shared_tasks([*STUDIES[:2], dataclasses.replace(noise, protocol=protocol)])) == 3


def test_the_runs_of_an_optimizer_are_those_of_the_study_that_has_most() -> None:
    main, _, noise = STUDIES
    few = tuple(row for row in main.rows if row.optimizer == "Adam" or row.phase == "tune" or row.seed == 1)
    without = tuple(row for row in few if row.optimizer != "A1")
    (shared,) = shared_tasks([dataclasses.replace(main, rows=without), noise])
    assert {name: result.study for name, result in shared.results.items()} == {
        "Opt7": "label_noise", "Adam": "main", "A1": "label_noise",
    }  # fmt: skip


def test_a_card_counts_a_task_once() -> None:
    won = card("Opt7")
    assert [(each.source.study, each.source.task, each.test.n) for each in won.comparisons] == [
        ("main", "digits", 3), ("transfer", "other", 3),
    ]  # fmt: skip
    assert said(won, "Better than Adam").count("n = 3") == 2
    assert said(won, "Better than Adam").count("SUPPORTED on ") == 2
    assert "label_noise" not in to_markdown(won)
    assert said(won, "Learning rate").count(" on ") == 2
    assert "0 of 6 final runs" in to_markdown(won)


def test_without_its_runs_in_the_first_study_those_of_the_second_are_shown() -> None:
    main, other, noise = STUDIES
    few = dataclasses.replace(main, rows=tuple(row for row in main.rows if row.phase == "tune" or row.seed == 1))
    shown = card("Opt7", (few, other, noise)).comparisons
    assert [(each.source.study, each.test.n) for each in shown] == [("label_noise", 2), ("transfer", 3)]


def test_over_all_tasks_and_in_the_figures_a_task_counts_once() -> None:
    overall = compare_studies(STUDIES, "Adam")
    assert overall is not None
    scores = overall.scores
    assert all(list(by_task) == ["main/digits", "transfer/other"] for by_task in scores.values())
    assert {len(runs) for by_task in scores.values() for runs in by_task.values()} == {3}
    table = across_table(STUDIES, "Adam")
    assert table is not None
    assert "2 tasks (main/digits, transfer/other), 3 functions, n = 18 final runs" in table.caption


def test_the_page_and_the_ledger_say_how_many_runs_repeat_others() -> None:
    repeated = len(STUDIES[2].rows)
    assert num_repeated(STUDIES) == repeated
    sentence = f"{repeated} runs repeat others of the same data, settings, optimizer, rate, weight decay and seed. "
    report = report_of(Collection("tiny", Path("nowhere"), STUDIES, {}), [], SearchResults((), ()))
    assert sentence in facts(report)
    assert " of 3 optimizers on 2 tasks in 3 studies " in facts(report)
    assert sentence in compute_table("tiny", STUDIES).caption
    assert "repeat" not in compute_table("tiny", STUDIES[:2]).caption
    for change in ({"backend": "jax"}, {"weight_decay": 0.05}):
        changed = tuple(dataclasses.replace(row, **change) for row in STUDIES[2].rows)
        assert num_repeated([*STUDIES[:2], dataclasses.replace(STUDIES[2], rows=changed)]) == 0
