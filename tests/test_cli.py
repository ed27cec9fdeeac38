"""What the command line does with errors; the commands themselves are tested where they belong."""

import tomllib
from pathlib import Path

import pytest

from reproduce import cli

ROOT = Path(__file__).resolve().parents[1]


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


def test_any_other_missing_module_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def add_commands(commands: object) -> None:
        commands.add_parser("fail").set_defaults(command=lambda options, console: __import__("reproduce.nowhere"))

    monkeypatch.setattr(cli, "add_commands", add_commands)
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        cli.main(["fail"])
