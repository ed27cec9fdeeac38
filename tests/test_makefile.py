"""The Makefile's help is complete and its targets need nothing that is not there."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from reproduce.study.groups import GROUPS

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PHONY_TARGETS = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE).group(1).split()


def run_make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    if make is None:
        pytest.skip("GNU make is not installed")
    return subprocess.run(
        [make, "--no-print-directory", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_help_gives_every_phony_target_one_line() -> None:
    listed = re.findall(r"^  ([a-z-]+) +(\S.*)$", run_make("help").stdout, re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(PHONY_TARGETS)


def test_help_is_the_default_and_needs_no_environment(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    default = run_make(folder=tmp_path)
    assert default.returncode == 0
    assert default.stdout == run_make("help", folder=tmp_path).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


def test_an_environment_for_gpus_is_not_made_anew_for_cpus(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)

    def asked_for(*arguments: str) -> str:
        return run_make("--dry-run", "estimate", *arguments, folder=tmp_path).stdout.splitlines()[0]

    assert asked_for() == "requirements/install.sh cpu"
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "contents").write_text("0123 gpu\n4567 dev\n", "utf-8")
    assert asked_for() == "requirements/install.sh gpu"
    assert asked_for("LOCK=cpu") == "requirements/install.sh cpu"


def test_every_described_target_is_phony() -> None:
    described = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert sorted(described) == sorted(PHONY_TARGETS)


def planned(*arguments: str) -> list[str]:
    """The words of the one command of `reproduce` that these arguments of make run, after its own name."""
    lines = run_make("--dry-run", *arguments).stdout.splitlines()
    (line,) = (line for line in lines if "-m reproduce " in line)
    return shlex.split(line.partition("-m reproduce ")[2])


@pytest.mark.parametrize(("target", "command"), [("reproduce-tables", "tables"), ("reproduce-figures", "figures")])
def test_settings_reach_the_experiment(target: str, command: str) -> None:
    for word in ("small", "a b/x y.toml", 'it\'s/"q"/*;(x).toml', "~/p.toml"):
        expected = [command, "--profile", word, "--data-dir", f"{word} d", "--output", f"~/{word}", "--study", "all"]
        assert planned(target, f"PROFILE={word}", f"DATA_DIR={word} d", f"OUTPUT=~/{word}") == expected
    for words in (["report", "--rows", "a  b", "--output", "o'x/report"],):
        assert planned("report", "ROWS=a  b", "OUTPUT=o'x") == words


def test_data_dir_is_left_out_unless_given() -> None:
    expected = ["tables", "--profile", "smoke", "--output", "output", "--study", "main"]
    assert planned("reproduce-tables") == expected


@pytest.mark.parametrize("target", ["transfer", "finetune", "ablations", "robustness"])
def test_targets_of_several_studies_hear_which_are_meant(target: str) -> None:
    everything = ["tables", "--profile", "smoke", "--output", "output", "--group", target]
    assert target in GROUPS
    assert planned(target) == everything
    assert planned(target, "STUDY=label_noise imbalance") == [*everything, "--study", "label_noise", "imbalance"]


@pytest.mark.parametrize("target", ["report", "check-claims"])
def test_what_is_made_of_all_profiles_hears_which_are_meant(target: str) -> None:
    assert "--profile" not in planned(target)
    words = planned(target, "PROFILE=small")
    assert words[words.index("--profile") + 1] == "small"


def test_a_container_s_folders_are_found_from_the_home_folder_and_with_blanks() -> None:
    arguments = ("docker-reproduce-tables", "OUTPUT=~/a b", "DATA_DIR=it's", "DOCKER=true")
    lines = run_make("--dry-run", *arguments).stdout.splitlines()
    assert "mkdir -p ~/'a b'" in lines
    (line,) = (line for line in lines if line.startswith("true run"))
    assert "\"$(cd ~/'a b' && pwd):/project/output\"" in line
    assert "\"$(cd 'it'\\''s' && pwd):/project/data:ro\"" in line


def test_an_unfit_python_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    outcome = run_make("venv", "PYTHON=no-such-python", folder=tmp_path)
    assert outcome.returncode != 0
    assert "No usable Python among: no-such-python." in outcome.stderr
    assert "Python 3.11, 3.12 or 3.13" in outcome.stderr
    assert not (tmp_path / ".venv").exists()
