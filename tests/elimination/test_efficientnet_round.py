"""A round on an EfficientNetV2 through the command: the last of profile `paper`, its network and runs made small."""

import json
import tomllib
from pathlib import Path

import pytest

from paper_optimizers import OptimizerSpec
from reproduce.cli import main
from reproduce.elimination.protocol import load_elimination_protocol

ROOT = Path(__file__).resolve().parents[2]
LEDGER = ROOT / "artifact" / "results" / "smoke" / "search" / "ledger.jsonl"
#: What the round is reduced by, line by line of its protocol.
SMALLER = {
    "seeds = [321, 322, 323, 324, 325]": "seeds = [321]",
    "keep = 3": "keep = 1",
    'name = "cifar10"': 'name = "digits"',
    'source = "cifar10"': 'source = "digits"\ntest_fraction = 0.4\ntrain_per_class = 20',
    "image_size = 64": "image_size = 32",
    "width = 24": "width = 8",
    "depth = 15": "depth = 1",
    "batch_size = 64": "batch_size = 32",
    "epochs = 100": "epochs = 2\nsteps_per_epoch = 3",
    "screening_epochs = 2": "screening_epochs = 1",
    "first_rates = [10.0, 0.01, 1e-05]": "first_rates = [0.01]",
    "first_threshold = 0.15": "first_threshold = 0.0",
    "second_rates = [1.0, 0.1, 0.001, 0.0001]": "second_rates = [0.1]",
    "second_threshold = 0.2": "second_threshold = 0.0",
}


@pytest.fixture
def protocol(tmp_path: Path) -> Path:
    """The last round alone, for the best of the search that is kept with the repository."""
    text = (ROOT / "artifact" / "protocols" / "paper" / "elimination.toml").read_text()
    text = text[text.index('[[rounds]]\nname = "efficientnetv2-s"') :]
    for old, new in SMALLER.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "last.toml"
    path.write_text(f'profile = "last"\ndescription = "Reduced."\nentrants = 1\nbaselines = []\n\n{text}')
    assert tomllib.loads(path.read_text())["rounds"][0]["surrogate"]["tasks"][0]["model"]["network"] == "efficientnetv2"
    return path


@pytest.mark.slow
def test_the_last_round_of_the_full_profile_runs_and_goes_on(protocol: Path, tmp_path: Path) -> None:
    command = ["eliminate", "--profile", str(protocol), "--searches", str(LEDGER), "--output", str(tmp_path / "output")]
    assert main(command) == 0
    folder = tmp_path / "output" / "last" / "elimination"
    before = (folder / "ledger.jsonl").read_bytes()
    (trial,) = [json.loads(line) for line in before.splitlines()]
    assert trial["part"] == "efficientnetv2-s"
    assert trial["protocol"] == load_elimination_protocol(str(protocol)).rounds[0].hash()
    assert [rate for rate, _ in trial["outcome"]["screening"]] == [0.01, 0.1]
    assert len(trial["outcome"]["validation_accuracy"]) == 2
    (path,) = (folder / "finalists").iterdir()
    assert OptimizerSpec.from_json(path.read_text()).fingerprint() == trial["fingerprint"]
    assert main(command) == 0
    assert (folder / "ledger.jsonl").read_bytes() == before
