"""``import-log`` and ``replay`` from the command line."""

import json

import pytest

from reproduce.cli import main
from reproduce.errors import ReproduceError
from reproduce.plain_data import to_plain
from reproduce.protocols import plain_settings
from reproduce.published.log import COLUMNS
from reproduce.report.collection import read_collection
from reproduce.report.forms import to_markdown
from reproduce.report.tables.published import agreement_tables
from reproduce.search.protocol import load_search_protocol

ROWS = (
    "particle,1,0,Nest ~ id(g),ok,0.80,100",
    "mutation,1,1,Nest ~ id(id(g)),ok,0.82,200",
    "mutation,1,1,Nest ~ g,ok,0.81,200",
    "mutation,1,1,None ~ arctan(v hat),ok,0.70,300",
    "mutation,1,1,None ~ expMovAvg(g),failed,,",
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([",".join(COLUMNS), *ROWS, ""]))
    return path


def test_import_log_writes_its_findings(log, tmp_path):
    assert main(["import-log", str(log), "--output", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "published" / "log.json").read_text())
    assert document["noise"]["repeats"][0]["scores"] == [0.8, 0.82, 0.81]


def test_what_the_user_can_mend_is_one_message(log, tmp_path, capsys):
    log.write_text("nonsense")
    assert main(["import-log", str(log)]) == 2
    assert "expected the columns phase," in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "none.csv")]) == 2
    assert "cannot read the log" in capsys.readouterr().err


def toml(settings, name, heading="[{}]"):
    """One table, and those inside it after it."""
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    lists = {
        key: value for key, value in settings.items() if isinstance(value, list | tuple) and dict in map(type, value)
    }
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in settings.items()
        if key not in {**tables, **lists} and value is not None
    ]
    text = "\n".join([heading.format(name) if name else "", *lines, ""])
    named = {key: f"{name}.{key}" if name else key for key in settings}
    text += "".join(toml(table, named[key]) for key, table in tables.items())
    return text + "".join(toml(table, named[key], "[[{}]]") for key, found in lists.items() for table in found)


@pytest.mark.slow
def test_replay_scores_again_and_goes_on(log, tmp_path, capsys):
    settings = plain_settings(load_search_protocol("smoke")) | {"profile": "tiny"}
    rates = {"screening_epochs": 1, "first_rates": [0.1], "second_rates": [0.01]}
    (task,) = settings["evolution"]["tasks"]
    task["model"] |= {"width": 2}
    task["training"] |= {"epochs": 1}
    task["rates"] |= rates | {"first_threshold": 0.0, "second_threshold": 0.0}
    protocol = tmp_path / "tiny.toml"
    protocol.write_text(toml(settings, ""))
    command = [
        "replay",
        str(log),
        "--profile",
        str(protocol),
        "--output",
        str(tmp_path),
        "--largest",
        "1",
        "--repeats",
        "1",
    ]
    assert main([*command, "--sample", "2", "--runs", "1"]) == 0
    assert "2 of 2 runs, scoring the log's candidates again, " in capsys.readouterr().out
    folder = tmp_path / "tiny" / "replay-published"
    before = (folder / "ledger.jsonl").read_bytes()
    assert main([*command, "--sample", "3", "--runs", "2"]) == 0
    ledger = (folder / "ledger.jsonl").read_bytes()
    assert ledger.startswith(before)
    assert (before.count(b"\n"), ledger.count(b"\n")) == (2, 4)
    agreement = json.loads((folder / "agreement.json").read_text())
    assert (agreement["sampled"], agreement["both"], agreement["neither"]) == (3, 2, 1)
    assert agreement["our_noise"]["degrees_of_freedom"] == 1
    (replay,) = read_collection(folder.parents[1], "tiny").replays
    assert f"replay-{replay.origin.behaviour}" == folder.name
    assert (to_plain(replay.origin), replay.agreement.sampled) == (agreement["origin"], 3)
    counts, _ = agreement_tables(replay.agreement, replay.origin.sentence, "_kept")
    assert counts.name == "replay_counts_kept"
    assert "| scored in the log | 2 | 0 |" in to_markdown(counts)
    (folder / "agreement.json").write_text("{}")
    with pytest.raises(ReproduceError, match=r"cannot read .*agreement.json: .*replay writes it again"):
        read_collection(folder.parents[1], "tiny")
    assert "behaviour published; 4 runs" in capsys.readouterr().out
