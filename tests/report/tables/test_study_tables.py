"""Every table of every kind of study, done, empty, of one seed, diverged, and with hostile names."""

import dataclasses
import json
from pathlib import Path

import pytest

from paper_optimizers import names
from reproduce.errors import ReproduceError
from reproduce.report.cards.keras import KNOWN
from reproduce.report.forms import FORMS, to_csv
from reproduce.report.results import StudyResults
from reproduce.report.speed import OptimizerCost, read_engine_speed, read_optimizer_costs
from reproduce.report.table import Table, fixed, signed
from reproduce.report.tables.ablations import change_table, decay_table, schedule_differences, schedule_table
from reproduce.report.tables.across import across_table
from reproduce.report.tables.compute import compute_table
from reproduce.report.tables.costs import door_cost_tables, step_cost_table
from reproduce.report.tables.engine import engine_table
from reproduce.report.tables.index import study_tables
from reproduce.report.tables.references import best_table, reference_table
from reproduce.tasks.optimizers import Entrant
from tests.report.figure_cases import door_cost_of
from tests.report.latex import NEEDS_PDFLATEX, require_compiles
from tests.report.result_cases import invented, protocol_of
from tests.report.tables.test_accuracy_tables import shown
from tests.study.cases import PRETRAINING_ROW

DECAYS = protocol_of("decays", ("Opt7", "Opt7-nodecay", "Opt9", "Opt9-nodecay", "Adam"))
SCHEDULES = protocol_of("schedules", ("Adam", "Adam+LR1", "Adam+LR2", "SGD", "SGD+LR1"))
NOISE = protocol_of("label_noise", ("Opt1", "Adam"), ("clean", "noisy"))
TRANSFER = protocol_of("transfer", ("Opt1", "A1", "Adam"), ("digits", "digits100"))
HOSTILE = r"Ünï|_&%$#{}~^\ <b>[red]"


def emptied(study: StudyResults) -> StudyResults:
    return dataclasses.replace(study, rows=())


def of_one_seed(study: StudyResults) -> StudyResults:
    return dataclasses.replace(study, rows=tuple(row for row in study.rows if row.seed < 2))


def hostile() -> StudyResults:
    settings = dataclasses.replace(TRANSFER.optimizers, catalog=(HOSTILE,), keras=("Adam",))
    entrants = (Entrant(HOSTILE, "catalog", "f" * 16), Entrant("Adam", "keras", None))
    return invented(dataclasses.replace(TRANSFER, optimizers=settings), entrants=entrants)


DONE = {study.study: invented(study) for study in (DECAYS, SCHEDULES, NOISE, TRANSFER)}
CASES = {
    **DONE,
    **{f"{name}, empty": emptied(study) for name, study in DONE.items()},
    **{f"{name}, one seed": of_one_seed(study) for name, study in DONE.items()},
    **{
        f"{name}, diverged": invented(study.protocol, diverging=("Opt7", "Adam+LR1", "Opt1"))
        for name, study in DONE.items()
    },
    "hostile names": hostile(),
}


def tables_of(study: StudyResults) -> list[Table]:
    return [*study_tables(study), compute_table(study.protocol.profile, [study])]


@pytest.mark.parametrize("case", CASES)
def test_every_form_of_every_table_is_made_twice_alike(case: str) -> None:
    study = CASES[case]
    again = dataclasses.replace(study, rows=tuple(sorted(study.rows, key=lambda row: -row.seed)))
    for table, other in zip(tables_of(study), tables_of(again), strict=True):
        for form in FORMS.values():
            assert form(table) == form(other)
        body = FORMS[".md"](table).split("\n\n", 1)[1].strip().replace("\\|", "")
        assert len({line.count("|") for line in body.split("\n")}) == 1
        assert "nan" not in to_csv(table).lower()
        for needed in ("Profile tiny", "n"):
            assert needed in table.caption


@pytest.mark.parametrize("case", [case for case in CASES if "empty" in case])
def test_nothing_is_dropped_where_nothing_was_run(case: str) -> None:
    study = CASES[case]
    for table in study_tables(study):
        if table.name == f"{study.name}_references":
            continue  # What is the best evolved against is known once all are tuned.
        full = next(each for each in study_tables(DONE[study.name]) if each.name == table.name)
        assert [line[0].text for line in table.lines()] == [line[0].text for line in full.lines()]
        assert "not run" in FORMS[".md"](table)


def test_which_tables_there_are() -> None:
    names = {name: [table.name for table in study_tables(study)] for name, study in DONE.items()}
    assert names == {
        "decays": ["decays", "decays_references", "decays_best", "decays_rates", "decays_ablation"],
        "schedules": [
            *("schedules", "schedules_references", "schedules_best", "schedules_rates"),
            *("schedules_crossed", "schedules_differences"),
        ],
        "label_noise": [
            *("label_noise", "label_noise_by_task", "label_noise_references", "label_noise_best", "label_noise_rates"),
            "label_noise_change",
        ],
        "transfer": [
            *("transfer", "transfer_by_task", "transfer_references", "transfer_best", "transfer_rates"),
            "transfer_reaching",
        ],
    }


def test_what_decays_contribute() -> None:
    skills = {"Opt7": 0.3, "Opt7-nodecay": 0.2, "Opt9": 0.1, "Opt9-nodecay": 0.2, "Adam": 0.2}
    lines = shown(decay_table(invented(DECAYS, skills)))
    assert [(line[0], line[1], line[2], round(float(line[3])), line[5], line[7]) for line in lines] == [
        ("Opt7", "80.0", "70.0", 10, "SUPPORTED", "3"),
        ("Opt9", "60.0", "70.0", -10, "CONTRADICTED", "3"),
    ]


def test_differences_to_adam_and_to_the_best_baseline() -> None:
    protocol = protocol_of("main", ("Opt1", "A1", "Adam", "AdamW"))
    study = invented(protocol, {"Opt1": 0.3, "A1": 0.2, "Adam": 0.1, "AdamW": 0.25})
    tuned = tuple(
        dataclasses.replace(row, validation_accuracy=row.validation_accuracy + 0.001)
        if row.phase == "tune" and row.optimizer in ("AdamW", "A1") and row.validation_accuracy
        else row
        for row in study.rows
    )
    table = reference_table(dataclasses.replace(study, rows=tuned))
    assert [section.title for section in table.sections] == [
        "digits: the best evolved against the best baseline, AdamW",
        "digits: against Adam",
        "digits: against AdamW, the best baseline",
    ]
    lines = [[(line[0].text, line[4].text) for line in section.lines] for section in table.sections]
    assert lines == [
        [("Opt1", "SUPPORTED")],
        [("Opt1", "SUPPORTED"), ("A1", "SUPPORTED"), ("AdamW", "SUPPORTED")],
        [("Opt1", "SUPPORTED"), ("A1", "CONTRADICTED"), ("Adam", "CONTRADICTED")],
    ]
    none = reference_table(emptied(study))
    assert {cell.text for line in none.lines() for cell in line[2:7]} == {"not run"}
    one = reference_table(of_one_seed(study))
    assert {line[4].text for line in one.lines()} == {"NOT RUN"}


def test_which_may_be_the_best() -> None:
    study = invented(protocol_of("main", ("Opt1", "Opt9", "Adam")), {"Opt1": 0.3, "Opt9": 0.2, "Adam": 0.1})
    lines = shown(best_table(study))
    assert [(line[0], line[1], round(float(line[2])), line[4]) for line in lines] == [
        ("Opt1", "80.0", 10, "yes"), ("Opt9", "70.0", -10, "no"), ("Adam", "60.0", -20, "no"),
    ]  # fmt: skip
    assert lines[0][3].startswith("0.0 to +1")
    assert lines[2][3].endswith(" to 0.0")


def test_schedules_by_optimizers() -> None:
    skills = {"Adam": 0.1, "Adam+LR1": 0.3, "Adam+LR2": 0.1, "SGD": 0.2, "SGD+LR1": 0.1}
    table = schedule_table(invented(SCHEDULES, skills))
    assert [column.title for column in table.columns] == ["Schedule", "Adam", "SGD"]
    assert shown(table) == [
        ("none", "60.0 ± 0.0", "70.0 ± 0.0"),
        ("LR1", "80.0 ± 0.0", "60.0 ± 0.0"),
        ("LR2", "60.0 ± 0.0", "-"),
    ]
    assert [line[1].mark for line in table.lines()] == [None, "best", None]
    differences = shown(schedule_differences(invented(SCHEDULES, skills)))
    assert [(line[0], line[1][:4], line[3]) for line in differences] == [
        ("Adam+LR1", "+20.", "SUPPORTED"),
        ("Adam+LR2", "not ", "not run"),
        ("SGD+LR1", "-10.", "CONTRADICTED"),
    ]


def test_what_a_task_changes() -> None:
    study = invented(NOISE, {"Opt1": 0.3, "Adam": 0.2})
    changed = tuple(
        dataclasses.replace(row, test_accuracy=row.test_accuracy - 0.25 + row.seed / 100)
        if row.task == "noisy" and row.test_accuracy is not None
        else row
        for row in study.rows
    )
    table = change_table(dataclasses.replace(study, rows=changed))
    # Changes of -24, -23 and -22 points: mean -23; of two: half the interval t(0.99, 2) / sqrt(3) = 4.02.
    assert shown(table)[0] == ("Opt1", "80.0", "-23.0 ± 4.1")
    assert "n = 3 (3 planned)" in table.caption


def test_captions_name_tasks_in_the_order_of_the_protocol() -> None:
    tasks = tuple(dataclasses.replace(task, name=name) for task, name in zip(TRANSFER.tasks, "zab", strict=False))
    study = invented(dataclasses.replace(TRANSFER, tasks=tasks))
    names = [task.name for task in tasks]
    assert names != sorted(names)
    assert all(f"Profile tiny; {', '.join(names)}; " in table.caption for table in study_tables(study))
    first = dataclasses.replace(study, rows=tuple(row for row in study.rows if row.task == names[0]))
    assert f"; {names[0]}; " in study_tables(first)[0].caption


def test_pretraining_is_counted_once_and_has_a_line_of_its_own() -> None:
    study = emptied(next(iter(DONE.values())))
    studies = [
        dataclasses.replace(invented(protocol_of(name, ("Opt1", "Adam"))), pretraining=(PRETRAINING_ROW,))
        for name in ("one", "two")
    ]
    table = compute_table("tiny", [study, *studies])
    lines = shown(table)
    own = [line for line in lines if line[0] == f"pretraining, {PRETRAINING_ROW.made}"]
    assert [line[1:6] for line in own] == [("1", "0", "0", "0", "28")]
    assert lines[-1][1] == f"{2 * len(studies[0].rows) + 1:,}"


def test_over_all_tasks() -> None:
    main = tuple(dataclasses.replace(task, name=f"first-{task.name}") for task in TRANSFER.tasks)
    studies = [
        invented(dataclasses.replace(TRANSFER, study=name, tasks=tasks), {"Opt1": 0.3, "A1": 0.2, "Adam": 0.1})
        for name, tasks in (("main", main), ("transfer", TRANSFER.tasks))
    ]
    table = across_table(studies, "Adam")
    assert table is not None
    lines = shown(table)
    assert [(line[0], line[1], line[3]) for line in lines] == [
        ("Opt1", "77.8", "1.0"), ("A1", "66.7", "2.0"), ("Adam", "55.6", "3.0"),
    ]  # fmt: skip
    # Four tasks, all won: p = 2 / 2^4, twice that after correction for two comparisons.
    assert [line[4] for line in lines] == ["0.250", "0.250", "-"]
    named = ", ".join(f"{study.name}/{task}" for study in studies for task in study.tasks)
    assert f"4 tasks ({named}), 3 functions, n = 36 final runs" in table.caption
    assert "no p below 0.12" in table.caption
    assert "Friedman" in table.caption
    lacking = dataclasses.replace(studies[1], rows=tuple(row for row in studies[1].rows if row.optimizer != "A1"))
    incomplete = across_table([studies[0], lacking], "Adam")
    assert incomplete is not None
    assert shown(incomplete)[-1] == ("A1", *["not run"] * 4)
    assert "lacks at least one" in incomplete.caption
    assert across_table([emptied(studies[0])], "Adam") is None
    assert across_table([invented(DECAYS)], "Adam") is None  # One task alone.


def test_the_ledger_counts_failed_runs() -> None:
    study = invented(TRANSFER, diverging=("Opt1",))
    table = compute_table("tiny", [dataclasses.replace(study, rows=study.rows[::-1])])
    last = shown(table)[-1]
    total = len(study.rows)
    assert last == ("all", str(total), str(total - 18), "18", "6", f"{20 * total:,}", fixed(1.5 * total / 3600, 2))
    assert [section.title for section in table.sections] == ["transfer", "all studies"]
    assert tuple(line[0].text for line in table.sections[0].lines) == study.tasks
    assert compute_table("tiny", ()).is_empty


def test_step_costs(tmp_path: Path) -> None:
    path = tmp_path / "optimizers.csv"
    path.write_text(
        "optimizer,pairs,seconds,adam_seconds,ratio,ratio_low,ratio_high,state_bytes,adam_state_bytes,"
        "batch,base_filters,device\n"
        "Opt1,30,0.1234,0.12,1.02,1.0,1.04,4096,2048,128,32,a processor\n"
    )
    costs = read_optimizer_costs(path)
    expected = OptimizerCost("Opt1", 30, 0.1234, 0.12, 1.02, 1.0, 1.04, 4096, 2048, 128, 32, "a processor")
    assert costs == {"Opt1": expected}
    timed, *others = shown(step_cost_table(costs, (*names(), *KNOWN)))
    assert timed == ("Opt1", "123.4", "1.020", "4", "2", "2")
    assert step_cost_table(costs, ()).caption.startswith("a processor: ")
    assert "(n = 30 pairs)" in step_cost_table(costs, ()).caption
    assert [line[0] for line in others] == [*(name for name in names() if name != "Opt1"), *KNOWN]
    assert {line[1:5] for line in others} == {("not run",) * 4}
    kept = {line[0]: line[5] for line in others}
    assert (kept["SGD"], kept["Opt10"], kept["Adam"], kept["Muon"]) == ("0", "1", "2", "1 or 2")


def test_costs_through_every_door_and_what_costs_most() -> None:
    costs = [
        door_cost_of("torch", "dense", "Opt1", 1.2),
        door_cost_of("optax", "dense", "Opt1", 1.3),
        door_cost_of("torch", "embedding", "Opt2", 1.4),
    ]
    assert door_cost_tables([]) == []
    dense, embedding, misses = door_cost_tables(costs)
    assert (dense.name, embedding.name) == ("door_costs_dense", "door_costs_embedding")
    assert list(shown(dense)) == [("Opt1", "1.20", "1.30", "7")]
    assert "a processor, one thread" in dense.caption
    assert "(n = 30 rounds)" in dense.caption
    assert "2 of 3 measurements" in misses.caption
    assert list(shown(misses)) == [
        ("embedding", "torch", "Opt2", "1.40", "1.30", "1.50", "0.15", "7", "0.54", "2.59"),
        ("dense", "optax", "Opt1", "1.30", "1.20", "1.40", "0.05", "7", "0.54", "2.41"),
    ]


def test_the_engines_speed(tmp_path: Path) -> None:
    path = tmp_path / "engine.json"
    engine = {
        "name": "engine",
        "seconds": [30.0, 20.0, 60.0],
        "candidates": 10,
        "compile_seconds": 1,
        "mean_score": 0.5,
    }
    keras = {"name": "keras, jax", "seconds": [30.0], "candidates": 1, "compile_seconds": 1, "mean_score": 0.5}
    document = {
        "contestants": [engine, keras],
        "times_keras": 10.0,
        "integrity": [900.0, 1100.0],
        "member_steps_per_second": 123.4,
        "matrix_share": 0.25,
        "device": "a processor",
        "load": [0.5, 1.5],
        "over_forms": [{"layout": "map", "convolution": "patches", "members": 8, "seconds": 2e-4, "repeats": 5}],
        "refused": [{"layout": "map", "convolution": "native", "members": 8, "full": False, "reason": "no"}],
        "search_minutes": {"steps": 40.0, "race": 80.0},
    }
    path.write_text(json.dumps(document))
    table = engine_table(read_engine_speed(path))
    assert shown(table) == [
        ("engine", "20.0", "10.0", "30.0", "3"),
        ("keras, jax", "2.0", "2.0", "2.0", "1"),
        ("integrity checks a second", "1000", "900", "1100", "2"),
        ("member-steps a second", "123", "-", "-", "1"),
        ("share of the matrix rate, %", "25.0", "-", "-", "1"),
        ("minutes for the 43 million steps of the published search", "40", "-", "-", "1"),
        ("the same at the speed of the candidates scored", "80", "-", "-", "1"),
        ("map, patches, 8 members", "200", "-", "-", "5"),
        ("map, native, 8 members", "refused", "-", "-", "0"),
    ]
    assert "a processor; load 0.5 and 1.5" in table.caption
    assert "10.0 times as fast" in table.caption
    assert engine_table(None).is_empty
    for text, message in (("{", "cannot read"), ("{}", "is not what bench-engine writes"), ("[]", "bench-engine")):
        path.write_text(text)
        with pytest.raises(ReproduceError, match=message):
            read_engine_speed(path)


@pytest.mark.parametrize(("value", "digits", "text", "with_sign"), [
    (0.04, 1, "0.0", "0.0"), (-0.04, 1, "0.0", "0.0"), (0.05001, 1, "0.1", "+0.1"), (-2.0, 0, "-2", "-2"),
])  # fmt: skip
def test_numbers_have_no_minus_zero(value: float, digits: int, text: str, with_sign: str) -> None:
    assert (fixed(value, digits), signed(value, digits)) == (text, with_sign)


@NEEDS_PDFLATEX
def test_the_latex_compiles(tmp_path: Path) -> None:
    tables = [table for study in CASES.values() for table in tables_of(study)]
    require_compiles(tables, tmp_path)
