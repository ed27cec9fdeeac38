"""The file of claims and the command that checks them."""

import json
from pathlib import Path

import pytest

from reproduce.bench.optimizer_steps import to_csv
from reproduce.cli import main
from reproduce.errors import LedgerError, ProtocolError, ReproduceError
from reproduce.report.claims.claim import load_claims
from reproduce.report.collection import profiles_in, read_collection, read_study
from tests.report.claims.test_claims import DECAYS, MAIN, main_results
from tests.report.figure_cases import cost_of, door_cost_of
from tests.report.result_cases import invented, write_study

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
expected = "SUPPORTED"
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
        ('source = "ours"', 'source = "theirs"', "source must be one of question, paper, ours"),
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
    (costs.parent / "doors.csv").write_text(to_csv([door_cost_of("torch", "dense", "Opt1", 1.05, "cpu")]))
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
    assert [(cost.door, cost.ratio) for cost in found.door_costs] == [("torch", 1.05)]
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
        ('expected = "SUPPORTED"', 'expected = "CONTRADICTED"', 1, "Not as the claims' file expects: a"),
        (
            'profiles = ["tiny"]',
            'profiles = ["gpu"]',
            0,
            "Of 1 claim about this project: 1 NOT RUN. Note: ",
        ),
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


def test_claims_are_shown_by_whose_they_are(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "claims.toml"
    others = [BASE.replace('"a"', f'"{name}"').replace('"ours"', f'"{name}"') for name in ("paper", "question")]
    path.write_text("\n".join([BASE, *others]))
    main(["check-claims", "--rows", str(rows), "--claims", str(path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.endswith((" claim)", ": It is so."))]
    assert lines[::2] == [
        "Are the paper's optimizers better than the best of the others? (1 claim)",
        "The paper's abstract, in our words (1 claim)",
        "This project (1 claim)",
    ]
    assert [line.split()[1] for line in lines[1::2]] == ["question:", "paper:", "a:"]


def test_a_benchmark_is_of_no_profile(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "claims.toml"
    arguments = 'optimizers = ["Opt1"]\nfactor = 1.1\ndoors = ["torch"]\nnetworks = ["dense"]\n'
    text = BASE.replace("runs_finish", "steps_cheap").replace('study = "main"\nat_most = 0\n', arguments)
    path.write_text(text)
    assert main(["check-claims", "--rows", str(rows), "--claims", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "bench-optimizers: 1 of 1 timed, 0 above 1.10, slowest: Opt1 through torch on the dense network" in shown
    assert "profile" not in shown


def test_no_line_of_the_checked_claims_is_wider_than_the_terminal(
    rows: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["check-claims", "--rows", str(rows)])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_folder_without_rows_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check-claims", "report"):
        for folder, fault in ((tmp_path / "not-there", "no folder"), (tmp_path, "no results in")):
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
