"""What the command line does with errors; the commands themselves are tested where they belong."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from reproduce import cli

ROOT = Path(__file__).resolve().parents[1]
SHARING = ("TF_FORCE_GPU_ALLOW_GROWTH", "XLA_PYTHON_CLIENT_PREALLOCATE")
#: A command that says what libraries find in the environment, how many of them are there already, and warns.
COMMAND = f"""
import os, sys, warnings
from reproduce import cli
from reproduce.errors import ReproduceWarning

def command(options, console):
    there = len({{"jax", "tensorflow"}} & set(sys.modules))
    console.print(*[os.environ[name] for name in {SHARING}], there)
    warnings.warn("half of [them] at once", ReproduceWarning)
    warnings.warn("not ours")

cli.add_commands = lambda commands: commands.add_parser("share").set_defaults(command=command)
sys.exit(cli.main(["share"]))
"""


@pytest.mark.parametrize("package", sorted(cli._EXTRAS))
def test_the_extra_named_for_a_package_brings_it(package: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    names = {"PIL": "pillow", "sklearn": "scikit-learn"}
    wanted = names.get(package, package.replace("_", "-"))
    assert any(line.startswith(wanted) for line in extras[cli._EXTRAS[package]])


def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def needs_sklearn(options: object, console: object) -> int:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.datasets")

    def add_commands(commands: object) -> None:
        commands.add_parser("load").set_defaults(command=needs_sklearn)

    monkeypatch.setattr(cli, "add_commands", add_commands)
    assert cli.main(["load"]) == 2
    assert "needs the package 'sklearn': pip install 'paper-optimizers[reproduce]'" in capsys.readouterr().err


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(options: object, console: object) -> int:
        raise KeyboardInterrupt

    def add_commands(commands: object) -> None:
        commands.add_parser("wait").set_defaults(command=interrupted)

    monkeypatch.setattr(cli, "add_commands", add_commands)
    assert cli.main(["wait"]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err


def test_warnings_are_notes_and_libraries_that_share_a_gpu_are_told_before_they_are_imported(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    kept = {name: text for name, text in os.environ.items() if name not in SHARING}
    for given, expected in (({}, "true false 0"), ({"XLA_PYTHON_CLIENT_PREALLOCATE": "true"}, "true true 0")):
        done = subprocess.run(
            [sys.executable, script], env=kept | given | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        assert done.stdout.splitlines() == [expected, "Note: half of [them] at once"]
        assert "UserWarning: not ours" in done.stderr
        assert done.returncode == 0


def test_any_other_missing_module_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def add_commands(commands: object) -> None:
        commands.add_parser("fail").set_defaults(command=lambda options, console: __import__("reproduce.nowhere"))

    monkeypatch.setattr(cli, "add_commands", add_commands)
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        cli.main(["fail"])
