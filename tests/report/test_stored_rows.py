"""Tables and figures from the rows kept with the repository, where nothing has been run."""

from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.study.experiment import Experiment, experiment_folder, stored_ledger
from reproduce.study.protocol import load_protocol
from tests.report.result_cases import invented, write_study


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kept rows with the smoke profile's study of decays."""
    folder = tmp_path / "results"
    write_study(folder, invented(load_protocol("smoke", "decays")))
    monkeypatch.setattr("reproduce.study.experiment.STORED_RESULTS", folder)
    return folder


def test_kept_rows_stand_in_where_nothing_was_run(kept: Path, tmp_path: Path) -> None:
    protocol = load_protocol("smoke", "decays")
    own = experiment_folder(tmp_path / "output", protocol)
    experiment = Experiment(protocol, protocol.optimizers.entrants, own, None, None)
    assert stored_ledger(experiment) == kept / "smoke" / "decays" / "ledger.jsonl"
    own.mkdir(parents=True)
    experiment.ledger_path.write_text("")
    assert stored_ledger(experiment) == experiment.ledger_path


@pytest.mark.slow
def test_figures_from_kept_rows(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "output"
    assert main(["figures", "--study", "decays", "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert shown.replace("\n", " ").startswith(f"From the rows of {kept / 'smoke' / 'decays' / 'ledger.jsonl'}.")
    assert "Opt7-nodecay" in shown
    written = {path.name for path in (output / "smoke" / "decays" / "tables").iterdir()}
    assert {"decays.csv", "decays_ablation.tex", "decays_references.html", "runs.csv"} <= written
    assert not (output / "smoke" / "decays" / "ledger.jsonl").exists()
