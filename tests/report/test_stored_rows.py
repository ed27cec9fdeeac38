"""Tables and figures from the rows kept with the repository, where nothing has been run."""

from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.report.pages import ARTIFACT
from reproduce.report.pages.answer import kept_collections
from reproduce.report.stored_search import read_comparison
from reproduce.search.genome import Genome
from reproduce.search.records import Sample
from reproduce.study.experiment import Experiment, experiment_folder, stored_ledger
from reproduce.study.protocol import load_protocol
from tests.report.result_cases import invented, write_study

#: Kept studies that start from pretrained weights and were run before the row of that training was kept.
WITHOUT_PRETRAINING = {("smoke", "finetune")}


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


def test_kept_runs_that_start_from_trained_weights_have_the_row_of_that_training() -> None:
    lacking = set()
    for found in kept_collections():
        for study in found.studies:
            pretrained = {task.name for task in study.protocol.tasks if task.model.start == "pretrained"}
            begun = {row.weights for row in study.rows if row.task in pretrained}
            if begun != {row.made for row in study.pretraining}:
                lacking.add((found.profile, study.name))
    assert lacking == WITHOUT_PRETRAINING


def test_kept_searches_are_read_without_looking_at_a_genome(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of candidates are read for each report, and the few best of them are shown."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a genome was looked at")

    with monkeypatch.context() as patched:
        patched.setattr(Genome, "express", refuse)
        patched.setattr(Genome, "from_dict", refuse)
        found = read_comparison(ARTIFACT / "results" / "smoke")
    assert found is not None
    samples = [each for search in found.searches for each in search.records if isinstance(each, Sample)]
    assert len(samples) > 500
    for each in samples[:20]:
        assert each.read_genome().express(ascend=each.ascend).to_text() == each.text
