"""The command line end to end: interrupted, killed, resumed, wrongly called."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.data import load_dataset
from reproduce.study.ledgers import read_rows
from reproduce.study.rows import Row
from tests.study.cases import ENTRANTS, TINY, TINY_TOML, all_rows, invented_row

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def profile(tmp_path: Path) -> str:
    path = tmp_path / "main.toml"
    path.write_text(TINY_TOML)
    return str(path)


def start(command: str, profile: str, output: Path, *more: str) -> subprocess.Popen[str]:
    return spawn([sys.executable, "-m", "reproduce", command, "--profile", profile, "--output", str(output), *more])


def spawn(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(command: str, profile: str, output: Path, *more: str) -> str:
    process = start(command, profile, output, *more)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def await_rows(path: Path, count: int) -> None:
    deadline = time.monotonic() + 200
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "no rows came"
        time.sleep(0.05)


def untimed(rows: list[Row]) -> list[str]:
    return sorted(json.dumps({**row.to_dict(), "seconds": None}, sort_keys=True) for row in rows)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for kind in ("tables", "figures") for path in (folder / kind).iterdir()}


def small(text: str) -> str:
    """Two optimizers and two rates, so that little is trained."""
    text = text.replace('catalog = ["Opt1", "A1"]\nkeras = ["SGD", "Adam"]', 'catalog = ["Opt7"]\nkeras = ["Adam"]')
    return text.replace("grid = [0.01, 0.1, 1]", "grid = [0.1, 1]").replace(
        "most_extra_rates = 2", "most_extra_rates = 1"
    )


@pytest.mark.slow
def test_killed_and_resumed_it_ends_with_the_same_rows(profile: str, tmp_path: Path) -> None:
    Path(profile).write_text(small(TINY_TOML))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = start("tables", profile, broken, "--workers", "1")
    ledger = broken / "tiny" / "main" / "ledger.jsonl"
    await_rows(ledger, 3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=300)  # Its worker ends with the batch it is at.
    kept = read_rows(ledger)
    ledger.write_bytes(ledger.read_bytes() + b'{"torn')

    said = finish("tables", profile, broken, "--workers", "1")
    finish("tables", profile, whole, "--workers", "1")
    assert "half-written last line" in said
    assert f"Found {len(kept)} runs in the ledger" in said
    rows = read_rows(ledger)
    assert rows[: len(kept)] == kept
    assert len({row.job for row in rows}) == len(rows)
    assert untimed(rows) == untimed(read_rows(whole / "tiny" / "main" / "ledger.jsonl"))
    folders = [folder / "tiny" / "main" for folder in (whole, broken)]
    assert len({(folder / "protocol.json").read_bytes() for folder in folders}) == 1
    first, second = (contents(folder) for folder in folders)
    timed = {"runs.csv", *(name for name in first if "seconds" in name)}
    assert set(first) == set(second) > timed
    for name in set(first) - timed:
        assert first[name] == second[name], name


def test_an_interrupt_stops_at_once_and_keeps_every_row(tmp_path: Path) -> None:
    script = f"""
import signal
import sys
from pathlib import Path
from rich.console import Console
from reproduce import cli
from reproduce.commands import study
from reproduce.study import experiment
from reproduce.executors.executor import Executor
from reproduce.executors.processes import ProcessWorkers
from reproduce.study.experiment import Experiment, run_study
from reproduce.study.progress import StudyProgress
from reproduce.study.work import Machine
from tests.study.cases import ENTRANTS, TINY, InventedWork, dataset
experiment.load_dataset = lambda *_: dataset()
experiment.require_batch = lambda *_: None

def tables(options, console):
    folder = Path({str(tmp_path)!r})
    study, work = Experiment(TINY, ENTRANTS, folder, None, folder), InventedWork(folder, 0.5)
    with Executor(ProcessWorkers(2, folder / "log"), print) as pool:
        run_study(study, Machine(), pool, StudyProgress(console), work)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # A shell's background jobs are begun without it.
    study._tables = tables
    sys.exit(cli.main(["tables"]))
"""
    path = tmp_path / "interrupted.py"
    path.write_text(script)
    ledger = tmp_path / "ledger.jsonl"

    def begin() -> subprocess.Popen[str]:
        return spawn([sys.executable, str(path)])

    process = begin()
    await_rows(ledger, 3)
    os.killpg(process.pid, signal.SIGINT)  # As Ctrl-C at a terminal: everyone is told.
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Interrupted. Every finished run is kept" in said
    assert "Traceback" not in said
    kept = read_rows(ledger)
    assert len(kept) < len(all_rows())

    process = begin()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    rows = read_rows(ledger)
    assert rows[: len(kept)] == kept
    assert untimed(rows) == untimed(all_rows())


@pytest.fixture
def finished(profile: str, tmp_path: Path) -> Path:
    """An output folder whose ledger is complete, without any training."""
    folder = tmp_path / "output" / "tiny" / "main"
    folder.mkdir(parents=True)
    write_ledger(folder / "ledger.jsonl", all_rows())
    return tmp_path / "output"


def write_ledger(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row.to_dict()) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def same_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invented rows' specs are the catalog's."""
    monkeypatch.setattr("reproduce.tasks.optimizers.roster", lambda *names: ENTRANTS)


def test_figures_write_the_same_bytes_again_without_training(
    finished: Path, profile: str, same_fingerprints, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("reproduce.commands.study.open_executor", None)
    command = ["figures", "--profile", profile, "--output", str(finished)]
    assert main(command) == 0
    shown = capsys.readouterr().out
    first = contents(finished / "tiny" / "main")
    assert main(command) == 0
    assert contents(finished / "tiny" / "main") == first
    assert set(first) >= {"main.csv", "main.md", "main.tex", "runs.csv", "schedules.png"}
    assert "Opt1" in shown
    for name in ("main.csv", "runs.csv", "schedules.svg"):
        assert name in shown


def test_the_shown_table_fits_eighty_columns_whole(finished: Path, profile: str, same_fingerprints, capsys) -> None:
    assert main(["figures", "--profile", profile, "--output", str(finished)]) == 0
    source, shown = capsys.readouterr().out.split("Profile tiny")[0].split("\n", 1)
    assert source.startswith("From the rows of ")
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_figures_before_anything_was_run(profile: str, tmp_path: Path, capsys) -> None:
    assert main(["figures", "--profile", profile, "--output", str(tmp_path / "none")]) == 2
    assert "nothing has been run there yet" in capsys.readouterr().err


def test_another_protocol_in_the_same_folder(finished: Path, profile: str, capsys) -> None:
    Path(profile).write_text(TINY_TOML.replace("epochs = 2", "epochs = 3"))
    for command in ("tables", "figures"):
        assert main([command, "--profile", profile, "--output", str(finished)]) == 2
        assert "holds the records of another experiment: protocol is" in capsys.readouterr().err


def test_other_data_under_the_same_name(finished: Path, profile: str, capsys) -> None:
    write_ledger(
        finished / "tiny" / "main" / "ledger.jsonl", [invented_row(row.job, data="0" * 64) for row in all_rows()]
    )
    assert main(["tables", "--profile", profile, "--output", str(finished)]) == 2
    assert "another experiment: data is 0000" in capsys.readouterr().err


@pytest.mark.parametrize("exact", [True, False])
def test_another_mode_in_the_same_folder(finished: Path, profile: str, exact: bool, capsys) -> None:
    ledger = finished / "tiny" / "main" / "ledger.jsonl"
    write_ledger(ledger, [invented_row(row.job, deterministic=not exact) for row in all_rows()])
    before = ledger.read_bytes()
    option = ["--deterministic"] if exact else []
    assert main(["tables", "--profile", profile, "--output", str(finished), *option]) == 2
    there, here = ("without", "with") if exact else ("with", "without")
    assert f"was made {there} --deterministic, and this command is {here} it" in capsys.readouterr().err
    assert ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tables", "--profile", "nothing"], "no profile 'nothing'; there are: "),
        (["tables", "--data-dir", "nowhere"], "no folder nowhere; expected NAME/train/CLASS/*.jpg"),
        (["tables", "--study", "other"], "profile smoke has no study 'other'; there are: "),
        (["figures", "--data-dir", "nowhere"], "no folder nowhere"),
        (["tables", "--weights", "none.h5"], "--weights none.h5 is given, and no task starts from ImageNet weights"),
        (["tables", "--profile", "gpu", "--study", "finetune", "--weights", "none.h5"], "there is no such file"),
        (["bench-optimizers", "--optimizers", "Opt11"], "no optimizer called 'Opt11'; there are Opt1 to Opt10"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], message: str, tmp_path: Path, capsys) -> None:
    assert main([*arguments, "--output", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["other"],
        ["tables", "--workers", "0"],
        ["tables", "--workers", "two"],
        ["bench-optimizers", "--rounds", "-1"],
        ["bench-optimizers", "--doors", "caffe"],
    ],
)
def test_bad_arguments_end_with_status_two(arguments: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_output_that_is_a_file(profile: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert main(["tables", "--profile", profile, "--output", str(tmp_path / "file")]) == 2
    assert "cannot write the ledger" in capsys.readouterr().err


def test_importing_the_command_line_loads_no_backend() -> None:
    code = (
        "import sys, reproduce.cli, reproduce.data, reproduce.study.experiment\n"
        "import reproduce.report.output, reproduce.bench.optimizer_steps\n"
        "print(sorted({'keras', 'tensorflow', 'jax', 'torch', 'matplotlib', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).strip() == "[]"


def test_the_protocol_is_written_beside_its_rows(tmp_path: Path) -> None:
    from reproduce.study.experiment import Experiment, _write_protocol, describe_data

    experiment = Experiment(TINY, ENTRANTS, tmp_path, None, tmp_path)
    facts = describe_data(experiment, "digits")
    _write_protocol(experiment, {"digits": facts})
    written = json.loads((tmp_path / "protocol.json").read_text())
    assert written["hash"] == TINY.hash()
    assert written["protocol"]["tasks"][0]["training"]["epochs"] == 2
    digits = load_dataset(TINY.tasks[0].data)
    assert written["data"]["digits"]["checksum"] == digits.checksum()
    assert written["data"]["digits"]["test"] == len(digits.test)


def test_a_find_that_a_protocol_writes_out_is_tuned_tested_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "tutorials" / "search.md").read_text("utf-8")
    (lines,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "main.toml").write_text(f"{small(TINY_TOML)}\n{lines}")
    assert main(["tables", "--profile", str(tmp_path / "main.toml"), "--output", str(tmp_path)]) == 0
    assert "Found" in capsys.readouterr().out
    rows = [row for row in read_rows(tmp_path / "tiny" / "main" / "ledger.jsonl") if row.optimizer == "Found"]
    assert {row.phase for row in rows} == {"tune", "final"}
    assert {(row.kind, row.backend) for row in rows} == {("spec", "engine")}
    # Reports and a second run read the spec from what is stored.
    assert main(["report", "--profile", "tiny", "--rows", str(tmp_path), "--output", str(tmp_path / "page")]) == 0
    assert "Found" in (tmp_path / "page" / "tiny" / "index.html").read_text("utf-8")
