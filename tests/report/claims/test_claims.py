import dataclasses
import re
from pathlib import Path

import pytest

from reproduce.machine import cpu_name
from reproduce.report.claims.claim import CLAIMS, Claim, check, claim_costs_table, claims_table, load_claims
from reproduce.report.claims.findings import Finding
from reproduce.report.claims.predicates import (
    PREDICATES,
    BeatReference,
    DecaysHelp,
    EngineFaster,
    Predicate,
    RatesInside,
    RunsFinish,
    SchedulesHelp,
    StepsCheap,
    StepsFaster,
)
from reproduce.report.collection import Collection
from reproduce.report.results import StudyResults
from reproduce.report.speed import EngineSpeed, OptimizerCost, ScoringSpeed
from tests.report.figure_cases import door_cost_of, framework_time
from tests.report.result_cases import invented, protocol_of
from tests.report.tables.test_accuracy_tables import shown

MAIN = protocol_of("main", ("Opt1", "Opt2", "A1", "Adam", "SGD"))
DECAYS = protocol_of("decays", ("Opt7", "Opt7-nodecay", "Adam"))
SCHEDULES = protocol_of("schedules", ("Adam", "Adam+LR1", "Adam+LR2"))


def collection(*studies: StudyResults, costs: dict[str, OptimizerCost] | None = None) -> Collection:
    return Collection("tiny", Path("tiny"), studies, costs or {}, None, None)


def beat(
    *optimizers: str, references: tuple[str, ...] = ("Adam",), at_least: int = 1, task: str = "digits"
) -> BeatReference:
    return BeatReference("main", task, at_least, optimizers, references)


def main_results(**skills: float) -> StudyResults:
    return invented(MAIN, {"Opt1": 0.2, "Opt2": 0.21, "A1": 0.05, "Adam": 0.1, "SGD": 0.15, **skills})


def without(study: StudyResults, optimizer: str, phase: str = "final", seed: int | None = None) -> StudyResults:
    kept = [
        row
        for row in study.rows
        if not (row.optimizer == optimizer and row.phase == phase and seed in (None, row.seed))
    ]
    return dataclasses.replace(study, rows=tuple(kept))


@pytest.mark.parametrize(
    ("predicate", "verdict", "evidence"),
    [
        (beat("Opt1", "Opt2", at_least=2), "SUPPORTED", "digits: better than Adam: 2 SUPPORTED (Opt1 +10.0, +10.0"),
        (beat("Opt1", "A1", at_least=2), "CONTRADICTED", "1 SUPPORTED (Opt1 +10.0, "),
        (beat("Opt1", "A1", at_least=2), "CONTRADICTED", "1 CONTRADICTED (A1 -5.0, "),
        (beat("Opt1", "A1", at_least=2), "CONTRADICTED", "2 needed; n = 3, 96 % for 3 comparisons together; on a proc"),
        (beat("Opt1", references=("Adam", "SGD")), "SUPPORTED", "better than Adam and SGD: 1 SUPPORTED (Opt1 +5.0, "),
        (beat("A1", references=("Adam", "SGD")), "CONTRADICTED", "1 CONTRADICTED (A1 -10.0, "),
        (beat("Opt2", references=("best baseline",)), "SUPPORTED", "better than SGD, the best baseline: 1 SUPPORTED"),
        (
            beat("best evolved", references=("best baseline",)),
            "SUPPORTED",
            "1 SUPPORTED (Opt2 +6.0, ",
        ),
        (beat("best evolved", references=("best baseline",)), "SUPPORTED", "96 % for one comparison; on a processor"),
        (beat("Nadam"), "NOT RUN", "no Nadam in the study main"),
        (beat("Opt1", references=("Nadam",)), "NOT RUN", "no Nadam in the study main"),
        (beat("Adam"), "EQUIVALENT", "1 EQUIVALENT"),
        (beat("Opt1", task="elsewhere"), "NOT RUN", "no task elsewhere in the study main"),
        (BeatReference("transfer", "digits", 1, ("Opt1",), ("Adam",)), "NOT RUN", "no study transfer"),
    ],
)  # fmt: skip
def test_better_than_a_reference(predicate: Predicate, verdict: str, evidence: str) -> None:
    finding = predicate.check(collection(main_results()))
    assert finding.verdict == verdict
    assert evidence in finding.evidence


def test_missing_runs_leave_open_what_they_could_decide() -> None:
    study = without(main_results(), "Opt2", seed=3)
    assert beat("Opt1", "Opt2", at_least=2).check(collection(study)).verdict == "NOT RUN"
    assert beat("Opt1", "Opt2", at_least=1).check(collection(study)).verdict == "SUPPORTED"
    assert beat("A1", "Opt2", at_least=2).check(collection(study)).verdict == "CONTRADICTED"
    assert beat("Opt1").check(collection(without(study, "Adam"))).verdict == "NOT RUN"


def test_optimizers_that_are_one_function_count_once() -> None:
    """Of three that are two functions, both are needed; of two that are one function, that one is."""
    study = main_results(Opt2=0.2)
    two = beat("Opt1", "Opt2", "A1", at_least=2).check(collection(study))
    assert (two.verdict, "1 SUPPORTED (Opt1, Opt2 +10.0" in two.evidence) == ("CONTRADICTED", True)
    one = beat("Opt1", "Opt2", at_least=2).check(collection(study))
    assert (one.verdict, "; 1 needed; " in one.evidence) == ("SUPPORTED", True)


def test_an_undecided_claim_says_how_many_seeds_would_settle_it() -> None:
    study = main_results()
    spread = {1: 0.03, 2: -0.03, 3: 0.0}
    wild = tuple(
        dataclasses.replace(row, test_accuracy=0.61 + spread[row.seed])
        if row.optimizer == "A1" and row.phase == "final"
        else row
        for row in study.rows
    )
    finding = beat("A1").check(collection(dataclasses.replace(study, rows=wild)))
    assert finding.verdict == "UNDECIDED"
    seeds = re.search(r"; (\d+) seeds would settle it; on ", finding.evidence)
    assert seeds is not None
    # The normal approximation for three comparisons at 0.01 together, with t for so many seeds hardly more.
    assert int(seeds[1]) == pytest.approx((2.935 + 1.282) ** 2 * 9, rel=0.05)


def test_the_best_is_chosen_by_tuning_and_not_by_test_accuracy() -> None:
    study = main_results()
    rows = tuple(
        dataclasses.replace(row, test_accuracy=0.95) if row.optimizer == "A1" and row.phase == "final" else row
        for row in study.rows
    )
    finding = beat("best evolved", references=("best baseline",)).check(
        collection(dataclasses.replace(study, rows=rows))
    )
    assert "Opt2 +6.0" in finding.evidence


def test_what_decays_and_schedules_add() -> None:
    decays = collection(invented(DECAYS, {"Opt7": 0.2, "Opt7-nodecay": 0.1}))
    finding = DecaysHelp("decays", "digits", 1).check(decays)
    assert finding.verdict == "SUPPORTED"
    assert finding.evidence.startswith("digits: better with decays than without: 1 SUPPORTED (Opt7 +10.0, ")
    assert finding.evidence.endswith("; 1 needed; n = 3, 96 % for one comparison; on a processor")
    assert DecaysHelp("main", "digits", 1).check(collection(main_results())).verdict == "NOT RUN"
    schedules = collection(invented(SCHEDULES, {"Adam": 0.1, "Adam+LR1": 0.2, "Adam+LR2": 0.08}))
    assert SchedulesHelp("schedules", "digits", 1, "Adam").check(schedules).verdict == "SUPPORTED"
    assert SchedulesHelp("schedules", "digits", 2, "Adam").check(schedules).verdict == "CONTRADICTED"
    assert SchedulesHelp("schedules", "digits", 1, "SGD").check(schedules).verdict == "NOT RUN"
    assert SchedulesHelp("schedules", "digits", 1, "Adam", "linear").check(schedules).verdict == "NOT RUN"


def test_evolved_schedules_beside_a_linear_one() -> None:
    protocol = protocol_of("schedules", ("Adam", "Adam+linear", "Adam+LR1", "Adam+LR2"))
    skills = {"Adam": 0.1, "Adam+linear": 0.2, "Adam+LR1": 0.3, "Adam+LR2": 0.05}
    found = collection(invented(protocol, skills))
    beside = SchedulesHelp("schedules", "digits", 1, "Adam", "linear").check(found)
    assert beside.verdict == "SUPPORTED"
    assert "Adam better with a schedule than with the linear one" in beside.evidence
    assert "Adam+LR1" in beside.evidence
    assert SchedulesHelp("schedules", "digits", 2, "Adam", "linear").check(found).verdict == "CONTRADICTED"
    # Warm-up and cosine alone are no evolved schedule, nor is the linear one: one is better than none, LR1.
    assert SchedulesHelp("schedules", "digits", 2, "Adam").check(found).verdict != "SUPPORTED"


def test_decays_that_do_nothing_are_equivalent_to_none() -> None:
    finding = DecaysHelp("decays", "digits", 1).check(collection(invented(DECAYS, {"Opt7": 0.2, "Opt7-nodecay": 0.2})))
    assert finding.verdict == "EQUIVALENT"


def test_rates_inside_the_grid() -> None:
    study = main_results()
    assert RatesInside("main", 0).check(collection(study)).verdict == "SUPPORTED"
    assert RatesInside("main", 0).check(collection(without(study, "Opt1", "tune"))).verdict == "NOT RUN"
    rates = dataclasses.replace(MAIN.rates, grid=(1.0, 10.0), most_extra_rates=0)
    edge = invented(dataclasses.replace(MAIN, rates=rates))
    finding = RatesInside("main", 0).check(collection(edge))
    assert finding.verdict == "CONTRADICTED"
    assert "5 of 5 chosen rates at an edge: Opt1 on digits" in finding.evidence
    assert RatesInside("main", 5).check(collection(edge)).verdict == "SUPPORTED"
    assert RatesInside("other", 0).check(collection(edge)).verdict == "NOT RUN"


def test_a_task_that_was_not_begun_is_named_and_decides_nothing() -> None:
    both = invented(protocol_of("main", ("Opt1", "Adam"), ("digits", "other")), {"Opt1": 0.2, "Adam": 0.1})
    half = dataclasses.replace(both, rows=tuple(row for row in both.rows if row.task == "digits"))
    for predicate in (RatesInside("main", 0), RunsFinish("main", 0)):
        for study, tasks in ((both, "digits, other, on"), (half, "digits, on a processor; not begun: other")):
            finding = predicate.check(collection(study))
            assert finding.verdict == "SUPPORTED"
            assert tasks in finding.evidence
        assert predicate.check(collection(dataclasses.replace(both, rows=()))).verdict == "NOT RUN"


def test_runs_that_finish() -> None:
    assert RunsFinish("main", 0).check(collection(main_results())) == Finding(
        "SUPPORTED", "0 of 15 final runs diverged; n = 3 for each optimizer, digits, on a processor"
    )
    failing = invented(MAIN, diverging=("A1",))
    assert RunsFinish("main", 0).check(collection(failing)) == Finding(
        "CONTRADICTED", "3 of 15 final runs diverged: A1 on digits; n = 3 for each optimizer, digits, on a processor"
    )
    assert RunsFinish("main", 3).check(collection(failing)).verdict == "SUPPORTED"
    assert RunsFinish("main", 0).check(collection(without(main_results(), "A1"))).verdict == "NOT RUN"
    assert RunsFinish("main", 0).check(collection()).verdict == "NOT RUN"


def test_cheap_steps() -> None:
    costs = [door_cost_of("torch", "dense", name, ratio, "cpu") for name, ratio in (("Opt1", 1.05), ("Opt2", 1.2))]
    found = dataclasses.replace(collection(), door_costs=costs)

    def check(*optimizers: str, networks: tuple[str, ...] = ("dense",)) -> Finding:
        return StepsCheap(optimizers, 1.1, ("torch",), networks).check(found)

    assert check("Opt1").verdict == "SUPPORTED"
    assert check("Opt1", "A1").verdict == "NOT RUN"
    assert check("Opt1", networks=("dense", "convolutional")).verdict == "NOT RUN"
    assert check("Opt1", "Opt2") == Finding(
        "CONTRADICTED",
        "bench-optimizers: 2 of 2 timed, 1 above 1.10, slowest: Opt2 through torch on the dense network, 1.200 times "
        "Adam; n = 30 rounds each, on cpu",
        is_of_profile=False,
    )
    assert check("A1").verdict == "NOT RUN"


THREE_ROUNDS = (ScoringSpeed("engine", (7.0, 7.0, 7.0)), ScoringSpeed("keras jax", (1.0, 1.0, 1.0)))


def test_a_fast_engine() -> None:
    speed = EngineSpeed(THREE_ROUNDS, 7.0, (), 1.0, 0.1, cpu_name(), (0.1, 0.2), (), {})
    measured = dataclasses.replace(collection(), engine=speed)
    assert EngineFaster(5, "cpu").check(measured) == Finding(
        "SUPPORTED", f"bench-engine: 7.0 times, n = 3, on {cpu_name()}", is_of_profile=False
    )
    assert EngineFaster(8, "cpu").check(measured).verdict == "CONTRADICTED"
    assert EngineFaster(5, "cpu").check(collection()).verdict == "NOT RUN"


def test_the_engine_s_steps_are_compared_with_the_best_form_of_another_framework() -> None:
    times = [
        framework_time("engine", "Adam", 1.0),
        framework_time("torch", "eager", 3.0),
        framework_time("torch", "compiled", 2.0),
        framework_time("torch", "eager", 1.0, size="full"),
    ]
    measured = dataclasses.replace(collection(), framework_times=times)
    assert StepsFaster("search", "torch", 1.8).check(measured) == Finding(
        "SUPPORTED",
        "bench-engine: 2.00 times (quartiles 1.90 to 2.20) the best of 2 forms of torch (compiled), n = 9, "
        "on a processor",
        is_of_profile=False,
    )
    assert StepsFaster("search", "torch", 2.1).check(measured).verdict == "CONTRADICTED"
    assert StepsFaster("search", "optax", 2.1).check(measured).verdict == "NOT RUN"
    few = dataclasses.replace(collection(), framework_times=[framework_time("torch", "eager", 3.0, rounds=2)])
    assert StepsFaster("search", "torch", 1.8).check(few).verdict == "NOT RUN"


def test_an_engine_that_was_measured_quickly_decides_nothing() -> None:
    quick = tuple(dataclasses.replace(scorer, per_minute=scorer.per_minute[:2]) for scorer in THREE_ROUNDS)
    speed = EngineSpeed(quick, 178.0, (), 1.0, 0.1, cpu_name(), (0.1, 0.2), (), {})
    finding = EngineFaster(5, "cpu").check(dataclasses.replace(collection(), engine=speed))
    assert finding.verdict == "NOT RUN"
    assert "there are 2" in finding.evidence


def test_an_engine_measured_on_another_kind_of_device_decides_nothing() -> None:
    speed = EngineSpeed(THREE_ROUNDS, 7.0, (), 1.0, 0.1, "NVIDIA H200", (0.1, 0.2), (), {})
    on_gpu = dataclasses.replace(collection(), engine=speed)
    on_cpu = dataclasses.replace(collection(), engine=dataclasses.replace(speed, device=cpu_name()))
    assert EngineFaster(5, "gpu").check(on_gpu) == Finding(
        "SUPPORTED", "bench-engine: 7.0 times, n = 3, on NVIDIA H200", is_of_profile=False
    )
    assert EngineFaster(100, "gpu").check(on_gpu).verdict == "CONTRADICTED"
    for device, other in (("cpu", on_gpu), ("gpu", on_cpu)):
        finding = EngineFaster(5, device).check(other)
        assert finding.verdict == "NOT RUN"
        assert f"on a {device.upper()}" in finding.evidence


def claim(**changes: object) -> Claim:
    fields = {"name": "a claim", "source": "ours", "statement": "It is so.", "predicate": "runs_finish"}
    fields |= {"profiles": ("gpu", "tiny"), "command": "make it", "minutes": 1.0, "gpu_hours": 0.0, "disk_gb": 0.1}
    return Claim(**{**fields, "expected": "SUPPORTED", **changes})


def test_the_first_profile_with_rows_decides() -> None:
    good, bad = collection(main_results()), collection(invented(MAIN, diverging=("A1",)))
    decided = check([(claim(), RunsFinish("main", 0))], {"gpu": bad, "tiny": good})
    assert [(each.profile, each.verdict, each.is_unexpected) for each in decided] == [("gpu", "CONTRADICTED", True)]
    decided = check([(claim(), RunsFinish("main", 0))], {"gpu": collection(), "tiny": good})
    assert [(each.profile, each.verdict, each.is_unexpected) for each in decided] == [("tiny", "SUPPORTED", False)]
    decided = check([(claim(), RunsFinish("main", 0))], {"smoke": good})
    assert [(each.profile, each.verdict, each.is_unexpected) for each in decided] == [(None, "NOT RUN", False)]
    assert "no rows of the profile gpu or tiny" in decided[0].evidence
    decided = check([(claim(expected="NOT RUN"), RunsFinish("main", 0))], {"gpu": bad})
    assert not decided[0].is_unexpected


def test_the_table_of_claims_counts() -> None:
    checked = check([(claim(), RunsFinish("main", 0))], {"tiny": collection(main_results())})
    table = claims_table(checked)
    assert table.caption.startswith("Of 1 claim about this project: 1 SUPPORTED. Decided by stored rows alone.")
    assert shown(table) == [
        (
            "a claim",
            "SUPPORTED",
            "It is so.",
            "0 of 15 final runs diverged; n = 3 for each optimizer, digits, on a processor",
            "tiny",
        )
    ]
    assert shown(claim_costs_table(checked)) == [("a claim", "make it", "1", "0.0", "0.1", "SUPPORTED")]


def test_the_projects_claims_are_read_and_cover_the_abstract() -> None:
    claims = load_claims(CLAIMS)
    assert {each.source for each, _ in claims} == {"question", "paper", "ours"}
    assert {each.predicate for each, _ in claims} <= set(PREDICATES)
    names = {each.name for each, _ in claims}
    assert {"optimizers-beat-adam", "adam-variants-beat-adam", "schedules-help-adam"} | {
        *("transfer-tiny-imagenet", "transfer-cifar100", "finetune-flowers102"),
    } <= names
