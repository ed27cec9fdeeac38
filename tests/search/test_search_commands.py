"""The commands of the search room from end to end, on invented scores; and once on real ones."""

import json
import pathlib
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import paper_optimizers
from paper_optimizers import OptimizerSpec
from reproduce.cli import main
from reproduce.outcomes import ScreenedOut
from reproduce.report.style import FORMATS
from tests.search.fakes import FakeScorer

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = ROOT / "artifact" / "protocols" / "smoke"
CHANGES = {
    r"initial = 60": "initial = 10",
    r"particles = 6": "particles = 2",
    r"steps = 3": "steps = 1",
    r"children = 4": "children = 2",
    r"top = 5": "top = 2",
    r"seeds = \[101, .*\]": "seeds = [101, 102]",
    r"seeds = \[201, .*\]": "seeds = [201, 202, 203]",
    r"seeds = \[0, 1\]": "seeds = [0]",
    r"epochs = 1200": "epochs = 20",
    r"epochs = (6|8|12)\n": "epochs = 2\n",
    r"screening_epochs = 2": "screening_epochs = 1",
    r"threshold = 0\.\d+": "threshold = 0.05",
}


def small(name: str, folder: Path) -> str:
    """A profile with a small search and elimination; returns the path of one protocol."""
    text = (PROTOCOLS / f"{name}.toml").read_text().replace('profile = "smoke"', f'profile = "{name}"')
    for old, new in CHANGES.items():
        text = re.sub(old, new, text)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def executor(monkeypatch) -> FakeScorer:
    """Stands in for whatever the options say."""
    fake = FakeScorer()

    @contextmanager
    def opened(options, console):
        yield lambda settings: fake

    monkeypatch.setattr("reproduce.commands.search.open_scoring", opened)
    monkeypatch.setattr("reproduce.commands.elimination.open_scoring", opened)
    monkeypatch.setattr("reproduce.report.style.FORMATS", {"svg": FORMATS["svg"]})  # Each is drawn; one form is quick.
    return fake


def test_a_search_ends_with_its_best_beside_the_baselines(executor, tmp_path, capsys):
    command = ["search", "--profile", small("search", tmp_path), "--output", str(tmp_path / "output")]
    assert main(command) == 0
    folder = tmp_path / "output" / "search" / "search"
    shown = capsys.readouterr().out
    assert "10 random candidates, 2 particles, 1 steps of 2 children" in shown
    for name in ("Adam", "AdamW", "Nesterov"):
        assert name in shown
    table = (folder / "tables" / "rescoring.csv").read_text()
    assert len(table.splitlines()) == 1 + 2 + 3
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == {
        "best_so_far", "acceptance", "operators",
    }  # fmt: skip
    finalists = sorted((folder / "finalists").iterdir())
    assert len(finalists) == 2
    assert all(str(path) in shown for path in finalists)
    *_, said, loads, makes = shown.splitlines()
    assert said.startswith(f"The specs of these candidates lie in {folder / 'finalists'}. To train with the first, ")
    names = {"pathlib": pathlib, "paper_optimizers": paper_optimizers, "STEPS": 20}
    exec(f"{loads}\n{makes}", names)
    assert names["spec"].to_text() in table.replace('""', '"')
    assert names["optimizer"].spec == names["spec"]
    rate = names["optimizer"].get_config()["learning_rate"]["config"]["peak"]
    assert f"whose peak rate was {rate:g} here" in said
    assert " formula" in shown
    assert all(OptimizerSpec.from_json(path.read_text()).fingerprint() for path in finalists)
    protocol = json.loads((folder / "protocol.json").read_text())
    assert protocol["protocol"]["sizes"]["initial"] == 10
    assert set(protocol["data"]) == {"initial", "evolution"}

    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    executor.scored.clear()
    assert main(command) == 0
    assert executor.scored == []
    assert {path: path.read_bytes() for path in contents} == contents


def test_its_best_pass_the_rounds_of_an_elimination(executor, tmp_path, capsys):
    output = tmp_path / "output"
    assert main(["search", "--profile", small("search", tmp_path), "--output", str(output)]) == 0
    ledger = output / "search" / "search" / "ledger.jsonl"
    command = ["eliminate", "--profile", small("elimination", tmp_path), "--output", str(output)]
    assert main(command) == 2
    assert "nothing has been run there yet; run python -m reproduce search --profile " in capsys.readouterr().err
    stale = tmp_path / "stale.toml"
    text = (tmp_path / "elimination.toml").read_text().replace('"elimination"', '"stale"', 1)
    stale.write_text(text.replace("seeds = [301", "seeds = [0", 1))
    assert main(["eliminate", "--profile", str(stale), "--output", str(output), "--searches", str(ledger)]) == 2
    assert "is of a search with seed 0, which round wider uses too" in capsys.readouterr().err.replace("\n", " ")
    assert main([*command, "--searches", str(ledger)]) == 0
    shown = capsys.readouterr().out
    assert "Rounds decide by the mean" in shown
    assert "has not ended" not in shown
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(ledger.read_text().splitlines(keepends=True)[:-1]))
    assert main([*command, "--searches", str(cut)]) == 0
    assert f"the search in {cut} has not ended; its best so far take part" in capsys.readouterr().out
    folder = output / "elimination" / "elimination"
    assert len(list((folder / "finalists").iterdir())) == 2
    assert (folder / "tables" / "elimination.csv").is_file()


def test_searches_are_compared(executor, tmp_path, capsys):
    command = ["compare-searches", "--profile", small("search", tmp_path), "--output", str(tmp_path / "output")]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert " ".join(shown.split()).startswith("It takes about ")
    for kind in ("paper, full", "elitist, full", "random, full", "aging, full", "paper, no-decay", "paper, bello2017"):
        assert kind in shown
    folder = tmp_path / "output" / "search" / "search-comparison"
    assert len(list(folder.glob("*/ledger.jsonl"))) == 6
    assert (folder / "figures" / "best_so_far.svg").is_file()


def test_the_noise_floor(executor, tmp_path, capsys):
    command = ["noise-floor", "--profile", small("search", tmp_path), "--output", str(tmp_path / "output")]
    assert main(command) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "It takes about " in shown
    assert "n = 3 seeds" in shown
    assert "seeds that settle a difference of" in shown
    assert [candidate.seed for candidate in sorted(executor.scored, key=lambda each: each.seed)] == [201, 202, 203]


def test_noise_of_what_cannot_be_trained_is_one_message(executor, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tests.search.fakes.invented", lambda candidate: ScreenedOut("first", ((0.1, 0.0),)))
    command = ["noise-floor", "--profile", small("search", tmp_path), "--output", str(tmp_path / "output")]
    assert main(command) == 2
    assert "Nesterov could be trained with 0 of 3 seeds, and noise takes two: name another" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["search", "compare-searches", "noise-floor", "eliminate"])
def test_mistakes_are_one_message(command, executor, tmp_path, capsys):
    assert main([command, "--profile", "huge", "--output", str(tmp_path)]) == 2
    assert "no profile 'huge'" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    if command != "eliminate":
        path = small("search", tmp_path)
        assert main([command, "--profile", path, "--output", str(tmp_path / "file")]) == 2
        assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "old", "new"),
    [
        ("search", "children = 2", "children = 3"),
        ("compare-searches", "epochs = 20", "epochs = 21"),
        ("noise-floor", "batch_size = 64", "batch_size = 32"),
        ("eliminate", "width = 8", "width = 9"),
    ],
)
def test_a_changed_protocol_leaves_what_is_there_as_it_is(executor, tmp_path, capsys, command, old, new):
    path, output = small("search", tmp_path), tmp_path / "output"
    arguments = [command, "--profile", path, "--output", str(output)]
    if command == "eliminate":
        assert main(["search", *arguments[1:]]) == 0
        path = small("elimination", tmp_path)
        ledger = output / "search" / "search" / "ledger.jsonl"
        arguments = [command, "--profile", path, "--output", str(output), "--searches", str(ledger)]
    assert main(arguments) == 0
    before = {place: place.read_bytes() for place in output.rglob("*") if place.is_file()}
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))
    executor.scored.clear()
    assert main(arguments) == 2
    assert "holds the records of another experiment: protocol is" in capsys.readouterr().err
    assert {place: place.read_bytes() for place in output.rglob("*") if place.is_file()} == before
    assert executor.scored == []


@pytest.mark.slow
def test_a_search_on_real_digits(tmp_path):
    command = ["search", "--profile", small("search", tmp_path), "--output", str(tmp_path / "output")]
    ended = subprocess.run(
        [sys.executable, "-m", "reproduce", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    records = (tmp_path / "output" / "search" / "search" / "ledger.jsonl").read_text().splitlines()
    assert json.loads(records[-1])["record"] == "end"
    assert json.loads(records[-1])["score"] > 0.1
