"""Errors on the command line; the commands themselves are tested where they belong."""

import argparse
import io
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from reproduce import cli
from reproduce.commands import add_commands
from reproduce.commands.arguments import expanded, profile
from reproduce.errors import ReproduceError
from reproduce.screen import progress_bar, screen_table, show_table

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


def options_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All options of a parser and of the commands in it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options_of(command)
        else:
            yield action


def test_the_home_folder_may_be_written_as_a_tilde_in_every_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    found = list(options_of(parser))
    assert sum(action.type is expanded for action in found) >= 20
    assert sum(action.type is profile for action in found) >= 5
    for action in found:
        if action.type not in (expanded, profile):
            assert action.metavar not in ("DIR", "FILE", "LEDGER"), f"{action.option_strings} is no path"
            assert action.type is not Path
    options = parser.parse_args(
        ["eliminate", "--output=~/my rows", "--data-dir", "~/d", "--profile=~/p.toml", "--searches", "~/a", "b/~"]
    )
    assert (options.output, options.data_dir) == (tmp_path / "my rows", tmp_path / "d")
    assert options.profile == str(tmp_path / "p.toml")
    assert options.searches == [tmp_path / "a", Path("b/~")]
    assert parser.parse_args(["search", "--profile", "~"]).profile == "~"


def test_a_home_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["figures", "--output=~nobody-of-this-name/rows"])
    assert ended.value.code == 2
    assert "'~nobody-of-this-name/rows' begins in a home folder that is not known here" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_output_s_encoding_lacks_is_replaced(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(options: object, console: object) -> int:
        table = screen_table(("β", "one"), (False, True))
        table.add_row("naïve → \udcff", "1")
        show_table(console, table)
        with progress_bar(console, "{task.completed}") as bar:
            bar.add_task("", text="étude …")
        raise ReproduceError("no folder Bücher/\udcff")

    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(cli, "add_commands", lambda commands: commands.add_parser("x").set_defaults(command=command))
    status = cli.main(["x"])
    said = {name: stream.buffer.getvalue().decode(encoding) for name, stream in streams.items() if not stream.flush()}
    monkeypatch.undo()
    assert status == 2
    word = {"ascii": "na?ve ? ?", "latin-1": "naïve ? ?", "utf-8": "naïve → ?"}[encoding]
    assert word in said["stdout"]
    assert said["stderr"] == f"error: no folder {'B?cher' if encoding == 'ascii' else 'Bücher'}/\\xff\n"
