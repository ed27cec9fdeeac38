import dataclasses
import json
from pathlib import Path

import pytest

from reproduce.bench.optimizer_steps import to_csv
from reproduce.cli import main
from reproduce.errors import LedgerError, ProtocolError, ReproduceError
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
)
from reproduce.report.collection import Collection, profiles_in, read_collection, read_study
from reproduce.report.results import StudyResults
from reproduce.report.speed import EngineSpeed, OptimizerCost, ScoringSpeed
from tests.report.figure_cases import cost_of
from tests.report.result_cases import invented, protocol_of, write_study
from tests.report.tables.test_accuracy_tables import shown

MAIN = protocol_of("main", ("Opt1", "Opt2", "A1", "Adam", "SGD"))
DECAYS = protocol_of("decays", ("Opt7", "Opt7-nodecay", "Adam"))
SCHEDULES = protocol_of("schedules", ("Adam", "Adam+LR1", "Adam+LR2"))


def collection(*studies: StudyResults, costs: dict[str, OptimizerCost] | None = None) -> Collection:
    return Collection("tiny", Path("tiny"), studies, costs or {}, None, None)


def beat(*optimizers: str, references: tuple[str, ...] = ("Adam",), at_least: int = 1, task: str = "") -> BeatReference:
    return BeatReference("main", task, optimizers, references, at_least)


def main_results(**skills: float) -> StudyResults:
    return invented(MAIN, {"Opt1": 0.2, "Opt2": 0.2, "A1": 0.1, "Adam": 0.1, "SGD": 0.15, **skills})


def without(study: StudyResults, optimizer: str, phase: str = "final", seed: int | None = None) -> StudyResults:
    kept = [
        row
        for row in study.rows
        if not (row.optimizer == optimizer and row.phase == phase and seed in (None, row.seed))
    ]
    return dataclasses.replace(study, rows=tuple(kept))


@pytest.mark.parametrize(
    ("predicate", "status", "evidence"),
    [
        (beat("Opt1", "Opt2", at_least=2), "PASS", "digits: better than Adam: 2 of 2 (Opt1 +10.0, Opt2 +10.0), 0 ties"),
        (beat("Opt1", "A1", at_least=2), "FAIL", "1 of 2 (Opt1 +10.0), 1 tie, 0 worse, n = 3; 2 needed"),
        (beat("Opt1", references=("Adam", "SGD")), "PASS", "better than Adam and SGD: 1 of 1 (Opt1 +5.0)"),
        (beat("A1", references=("Adam", "SGD")), "FAIL", "0 of 1, 0 ties, 1 worse, n = 3; 1 needed"),
        (beat("Nadam"), "NOT RUN", "1 not run"),
        (beat("Opt1", task="elsewhere"), "NOT RUN", "elsewhere: better than Adam: 0 of 1"),
        (BeatReference("transfer", "", ("Opt1",), ("Adam",), 1), "NOT RUN", "no study transfer"),
    ],
)  # fmt: skip
def test_better_than_a_reference(predicate: Predicate, status: str, evidence: str) -> None:
    finding = predicate.check(collection(main_results()))
    assert finding.status == status
    assert evidence in finding.evidence


def test_missing_runs_leave_open_what_they_could_decide() -> None:
    study = without(main_results(), "Opt2", seed=3)
    assert beat("Opt1", "Opt2", at_least=2).check(collection(study)).status == "NOT RUN"
    assert beat("Opt1", "Opt2", at_least=1).check(collection(study)).status == "PASS"
    assert beat("A1", "Opt2", at_least=2).check(collection(study)).status == "FAIL"
    assert beat("Opt1").check(collection(without(study, "Adam"))).status == "NOT RUN"


def test_every_task_must_bear_a_claim_out() -> None:
    study = invented(protocol_of("main", ("Opt1", "Adam"), ("one", "two")), {"Opt1": 0.2, "Adam": 0.1})
    assert beat("Opt1").check(collection(study)).status == "PASS"
    worse = tuple(
        dataclasses.replace(row, test_accuracy=0.2)
        if row.task == "two" and row.optimizer == "Opt1" and row.test_accuracy
        else row
        for row in study.rows
    )
    finding = beat("Opt1").check(collection(dataclasses.replace(study, rows=worse)))
    assert finding.status == "FAIL"
    assert "one: better than Adam: 1 of 1" in finding.evidence
    assert beat("Opt1", task="one").check(collection(dataclasses.replace(study, rows=worse))).status == "PASS"


def test_what_decays_and_schedules_add() -> None:
    decays = invented(DECAYS, {"Opt7": 0.2, "Opt7-nodecay": 0.1})
    assert DecaysHelp("decays", 1).check(collection(decays)) == Finding(
        "PASS",
        "digits: better with decays than without: 1 of 1 (Opt7 +10.0), 0 ties, 0 worse, n = 3; 1 needed; after "
        "Holm's correction 1; on a processor",
    )
    assert DecaysHelp("decays", 2).check(collection(decays)).status == "FAIL"
    assert DecaysHelp("main", 1).check(collection(main_results())).status == "NOT RUN"
    schedules = invented(SCHEDULES, {"Adam": 0.1, "Adam+LR1": 0.2, "Adam+LR2": 0.1})
    assert SchedulesHelp("schedules", "Adam", 1).check(collection(schedules)).status == "PASS"
    assert SchedulesHelp("schedules", "Adam", 2).check(collection(schedules)).status == "FAIL"
    assert SchedulesHelp("schedules", "SGD", 1).check(collection(schedules)).status == "NOT RUN"


def test_rates_inside_the_grid() -> None:
    study = main_results()
    assert RatesInside("main", 0).check(collection(study)).status == "PASS"
    assert RatesInside("main", 0).check(collection(without(study, "Opt1", "tune"))).status == "NOT RUN"
    rates = dataclasses.replace(MAIN.rates, grid=(1.0, 10.0), most_extra_rates=0)
    edge = invented(dataclasses.replace(MAIN, rates=rates))
    finding = RatesInside("main", 0).check(collection(edge))
    assert finding.status == "FAIL"
    assert "5 of 5 chosen rates at an edge: Opt1 on digits" in finding.evidence
    assert RatesInside("main", 5).check(collection(edge)).status == "PASS"
    assert RatesInside("other", 0).check(collection(edge)).status == "NOT RUN"


def test_runs_that_finish() -> None:
    assert RunsFinish("main", 0).check(collection(main_results())) == Finding(
        "PASS", "0 of 15 final runs diverged; n = 3 for each optimizer, digits, on a processor"
    )
    failing = invented(MAIN, diverging=("A1",))
    assert RunsFinish("main", 0).check(collection(failing)) == Finding(
        "FAIL", "3 of 15 final runs diverged: A1 on digits; n = 3 for each optimizer, digits, on a processor"
    )
    assert RunsFinish("main", 3).check(collection(failing)).status == "PASS"
    assert RunsFinish("main", 0).check(collection(without(main_results(), "A1"))).status == "NOT RUN"
    assert RunsFinish("main", 0).check(collection()).status == "NOT RUN"


def test_cheap_steps() -> None:
    costs = cost_of("Opt1", 0.1, 1.05, "cpu") | cost_of("Opt2", 0.1, 1.2, "cpu")
    assert StepsCheap(("Opt1",), 1.1).check(collection(costs=costs)).status == "PASS"
    assert StepsCheap(("Opt1", "A1"), 1.1).check(collection(costs=costs)).status == "NOT RUN"
    finding = StepsCheap(("Opt1", "Opt2"), 1.1).check(collection(costs=costs))
    assert finding == Finding(
        "FAIL",
        "bench-optimizers: 2 of 2 timed, slowest: Opt2, 1.200 times Keras' Adam; n = 30 pairs of steps each, on cpu",
        is_of_profile=False,
    )
    assert StepsCheap(("A1",), 1.1).check(collection(costs=costs)).status == "NOT RUN"


THREE_ROUNDS = (ScoringSpeed("engine", (7.0, 7.0, 7.0)), ScoringSpeed("keras jax", (1.0, 1.0, 1.0)))


def test_a_fast_engine() -> None:
    speed = EngineSpeed(THREE_ROUNDS, 7.0, (), 1.0, 0.1, cpu_name(), (0.1, 0.2), (), {})
    measured = dataclasses.replace(collection(), engine=speed)
    assert EngineFaster(5, "cpu").check(measured) == Finding(
        "PASS", f"bench-engine: 7.0 times, n = 3, on {cpu_name()}", is_of_profile=False
    )
    assert EngineFaster(8, "cpu").check(measured).status == "FAIL"
    assert EngineFaster(5, "cpu").check(collection()).status == "NOT RUN"


def test_an_engine_that_was_measured_quickly_decides_nothing() -> None:
    quick = tuple(dataclasses.replace(scorer, per_minute=scorer.per_minute[:2]) for scorer in THREE_ROUNDS)
    speed = EngineSpeed(quick, 178.0, (), 1.0, 0.1, cpu_name(), (0.1, 0.2), (), {})
    finding = EngineFaster(5, "cpu").check(dataclasses.replace(collection(), engine=speed))
    assert finding.status == "NOT RUN"
    assert "there are 2" in finding.evidence


def test_an_engine_measured_on_another_kind_of_device_decides_nothing() -> None:
    speed = EngineSpeed(THREE_ROUNDS, 7.0, (), 1.0, 0.1, "NVIDIA H200", (0.1, 0.2), (), {})
    on_gpu = dataclasses.replace(collection(), engine=speed)
    on_cpu = dataclasses.replace(collection(), engine=dataclasses.replace(speed, device=cpu_name()))
    assert EngineFaster(5, "gpu").check(on_gpu) == Finding(
        "PASS", "bench-engine: 7.0 times, n = 3, on NVIDIA H200", is_of_profile=False
    )
    assert EngineFaster(100, "gpu").check(on_gpu).status == "FAIL"
    for device, other in (("cpu", on_gpu), ("gpu", on_cpu)):
        finding = EngineFaster(5, device).check(other)
        assert finding.status == "NOT RUN"
        assert f"on a {device.upper()}" in finding.evidence


def claim(**changes: object) -> Claim:
    fields = {"name": "a claim", "source": "ours", "statement": "It is so.", "predicate": "runs_finish"}
    fields |= {"profiles": ("gpu", "tiny"), "command": "make it", "minutes": 1.0, "gpu_hours": 0.0, "disk_gb": 0.1}
    return Claim(**{**fields, "expected": "PASS", **changes})


def test_the_first_profile_with_rows_decides() -> None:
    good, bad = collection(main_results()), collection(invented(MAIN, diverging=("A1",)))
    decided = check([(claim(), RunsFinish("main", 0))], {"gpu": bad, "tiny": good})
    assert [(each.profile, each.status, each.is_unexpected) for each in decided] == [("gpu", "FAIL", True)]
    decided = check([(claim(), RunsFinish("main", 0))], {"gpu": collection(), "tiny": good})
    assert [(each.profile, each.status, each.is_unexpected) for each in decided] == [("tiny", "PASS", False)]
    decided = check([(claim(), RunsFinish("main", 0))], {"smoke": good})
    assert [(each.profile, each.status, each.is_unexpected) for each in decided] == [(None, "NOT RUN", False)]
    assert "no rows of the profile gpu or tiny" in decided[0].evidence
    decided = check([(claim(expected="unknown"), RunsFinish("main", 0))], {"gpu": bad})
    assert not decided[0].is_unexpected


def test_the_table_of_claims_counts() -> None:
    checked = check([(claim(), RunsFinish("main", 0))], {"tiny": collection(main_results())})
    table = claims_table(checked)
    assert "1 claim: 1 PASS, 0 FAIL, 0 NOT RUN" in table.caption
    assert shown(table) == [
        (
            "a claim",
            "PASS",
            "It is so.",
            "0 of 15 final runs diverged; n = 3 for each optimizer, digits, on a processor",
            "tiny",
        )
    ]
    assert shown(claim_costs_table(checked)) == [("a claim", "make it", "1", "0.0", "0.1", "PASS")]


def test_the_projects_claims_are_read_and_cover_the_abstract() -> None:
    claims = load_claims(CLAIMS)
    assert {each.source for each, _ in claims} == {"paper", "ours"}
    assert {each.predicate for each, _ in claims} <= set(PREDICATES)
    names = {each.name for each, _ in claims}
    assert {"optimizers-beat-adam", "adam-variants-beat-adam", "schedules-help-adam", "transfer", "finetune"} <= names


BASE = """
[[claims]]
name = "a"
source = "ours"
statement = "It is so."
predicate = "runs_finish"
profiles = ["tiny"]
command = "make it"
minutes = 1
gpu_hours = 0
disk_gb = 0.1
expected = "PASS"
[claims.arguments]
study = "main"
at_most = 0
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("runs_finish", "guessing", r"predicate must be one of .*; received 'guessing'"),
        ("at_most = 0", "at_most = 0.5", r"claims\[0\]: arguments.at_most must be an integer"),
        ('study = "main"\n', "", r"missing key arguments.study"),
        ('source = "ours"', 'source = "theirs"', "source must be one of paper, ours"),
        ("minutes = 1", "minutes = -1", "minutes must be 0 or more"),
        ('profiles = ["tiny"]', "profiles = []", "profiles must be at least one profile"),
        ("[claims.arguments]", "[other]", r"expected a list \[\[claims\]\] and nothing else"),
        ("[[claims]]", "[[claims", "cannot read the claims"),
    ],
)
def test_faults_in_the_file_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(BASE)
    assert [each.name for each, _ in load_claims(path)] == ["a"]
    path.write_text(BASE.replace(old, new, 1))
    with pytest.raises(ProtocolError, match=message):
        load_claims(path)


def test_two_claims_of_one_name_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(BASE + BASE)
    with pytest.raises(ProtocolError, match="two claims have the name 'a'"):
        load_claims(path)
    with pytest.raises(ProtocolError, match="cannot read the claims"):
        load_claims(tmp_path / "none.toml")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A folder of results: two studies of the profile tiny, what is no study beside them, and step costs."""
    folder = tmp_path / "rows"
    write_study(folder, main_results())
    write_study(folder, invented(DECAYS))
    noise = folder / "tiny" / "noise-floor"
    noise.mkdir()
    (noise / "protocol.json").write_text(json.dumps({"hash": "h", "protocol": {"algorithm": "paper"}}))
    (noise / "ledger.jsonl").write_text("")
    costs = folder / "tiny" / "bench" / "optimizers.csv"
    costs.parent.mkdir()
    (cost,) = cost_of("Opt1", 0.1, 1.05, "cpu").values()
    costs.write_text(to_csv([cost]))
    return folder


def test_results_come_back_from_a_folder(rows: Path) -> None:
    assert profiles_in(rows) == ["tiny"]
    found = read_collection(rows, "tiny")
    assert [study.name for study in found.studies] == ["main", "decays"]
    main_study = found.study("main")
    assert main_study is not None
    assert main_study.protocol == MAIN
    assert main_study.rows == main_results().rows
    assert found.step_costs["Opt1"].ratio == 1.05
    assert read_collection(rows, "paper").studies == ()


def test_what_does_not_fit_together_is_refused(rows: Path) -> None:
    settings = rows / "tiny" / "main" / "protocol.json"
    document = json.loads(settings.read_text())
    settings.write_text(
        json.dumps({**document, "protocol": {**document["protocol"], "seeds": {"tune": [7], "final": [8, 9]}}})
    )
    with pytest.raises(LedgerError, match="protocol is"):
        read_study(settings.parent)
    for text, message in (
        ("[]", "JSON object"),
        ("{", "cannot read the settings"),
        ('{"hash": "h"}', "under the key protocol"),
    ):
        settings.write_text(text)
        with pytest.raises(ProtocolError, match=message):
            read_study(settings.parent)
    settings.unlink()
    with pytest.raises(ProtocolError, match="no settings"):
        read_study(settings.parent)


def test_step_costs_that_are_none_are_named(rows: Path) -> None:
    (rows / "tiny" / "bench" / "optimizers.csv").write_text("optimizer,seconds\nOpt1,x\n")
    with pytest.raises(ReproduceError, match="line 2 is not a measurement"):
        read_collection(rows, "tiny")


@pytest.mark.parametrize(
    ("old", "new", "status", "shown"),
    [
        ("", "", 0, "profile tiny, 0 of 15 final runs diverged"),
        ('expected = "PASS"', 'expected = "FAIL"', 1, "Not as the claims' file expects: a"),
        ('profiles = ["tiny"]', 'profiles = ["gpu"]', 0, "0 PASS, 0 FAIL, 1 NOT RUN Note: "),
        (
            'profiles = ["tiny"]',
            'profiles = ["gpu"]',
            0,
            "lacks the rows for 1 claim; the command below each makes them",
        ),
    ],
)
def test_check_claims_says_what_it_found(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, status: int, shown: str
) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(BASE.replace(old, new))
    assert main(["check-claims", "--rows", str(rows), "--claims", str(path)]) == status
    text = " ".join(capsys.readouterr().out.split())
    assert shown in text
    assert "a: It is so." in text
    assert "make it (1 min, 0 GPU h, 0.1 GB)" in text


def test_a_benchmark_is_of_no_profile(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "claims.toml"
    arguments = 'optimizers = ["Opt1"]\nfactor = 1.1\n'
    text = BASE.replace("runs_finish", "steps_cheap").replace('study = "main"\nat_most = 0\n', arguments)
    path.write_text(text)
    assert main(["check-claims", "--rows", str(rows), "--claims", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "bench-optimizers: 1 of 1 timed, slowest: Opt1, 1.050 times Keras' Adam; n = 30 pairs of steps each, on cpu"
        in shown
    )
    assert "profile" not in shown


def test_no_line_of_the_checked_claims_is_wider_than_the_terminal(
    rows: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["check-claims", "--rows", str(rows)])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_folder_without_rows_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check-claims", "report"):
        for folder, fault in ((tmp_path / "outptu", "no folder"), (tmp_path, "no results in")):
            assert main([command, "--rows", str(folder)]) == 2
            message = capsys.readouterr().err
            assert f"{fault} {folder}" in message
            assert "name with --rows DIR (make: ROWS=DIR) a folder that has them" in message


def test_a_profile_without_results_is_named(rows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check-claims", "report"):
        assert main([command, "--rows", str(rows), "--profile", "paper"]) == 2
        message = capsys.readouterr().err
        assert "no results of the profile paper" in message
        assert "there are: tiny" in message
