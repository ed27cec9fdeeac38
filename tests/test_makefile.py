"""The Makefile's help is complete and its targets need nothing that is not there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

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


def test_every_described_target_is_phony() -> None:
    described = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
    assert sorted(described) == sorted(PHONY_TARGETS)


@pytest.mark.parametrize(("target", "command"), [("reproduce-tables", "tables"), ("reproduce-figures", "figures")])
def test_settings_reach_the_experiment(target: str, command: str, tmp_path: Path) -> None:
    settings = ["PROFILE=small", "DATA_DIR=a folder", f"OUTPUT={tmp_path}"]
    planned = run_make("--dry-run", "--always-make", target, *settings).stdout
    assert f'-m reproduce {command} --profile small --data-dir "a folder" --output "{tmp_path}" --study all' in planned


def test_data_dir_is_left_out_unless_given() -> None:
    planned = run_make("--dry-run", "--always-make", "reproduce-tables").stdout
    assert '-m reproduce tables --profile smoke  --output "output" --study main' in planned


def test_an_unfit_python_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    outcome = run_make("venv", "PYTHON=no-such-python", folder=tmp_path)
    assert outcome.returncode != 0
    assert "No usable Python among: no-such-python." in outcome.stderr
    assert "Python 3.11, 3.12 or 3.13" in outcome.stderr
    assert not (tmp_path / ".venv").exists()
