"""Every command of every page is in `tests.docs.ways`, and is tested as it says there."""

import argparse
import ast
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.commands import add_commands
from tests.docs.miniature import miniature_program
from tests.docs.pages import ROOT, commands, make_commands, options, pages
from tests.docs.ways import RUN, WAYS, WRITES, After, As, Elsewhere, Parsed

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
#: Commands whose answer is in their status: 1 is no failure of theirs, here.
ANSWERS = ("check-claims", "devices")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_command_of_a_page_has_its_way(page: Path) -> None:
    found = commands(page) | set(make_commands(page, TARGETS))
    assert sorted(found - set(WAYS)) == []


def test_every_way_is_of_a_command_that_some_page_has() -> None:
    found = {command for page in pages() for command in (*commands(page), *make_commands(page, TARGETS))}
    assert sorted(set(WAYS) - found) == []


def test_the_commands_of_claims_are_on_a_page() -> None:
    claims = tomllib.loads((ROOT / "artifact" / "claims.toml").read_text("utf-8"))["claims"]
    assert {claim["command"] for claim in claims} <= set(WAYS)


def recipe(command: str) -> list[str]:
    """The command lines that a command of make comes to."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("GNU make is not installed")
    ended = subprocess.run(
        [make, "--no-print-directory", "--dry-run", *shlex.split(command)[1:]],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return re.sub(r"\\\n", "", ended.stdout).splitlines()


def calls(command: str) -> list[list[str]]:
    """The arguments of each call of the program that a command comes to."""
    lines = recipe(command) if command.startswith("make ") else [command]
    words = [shlex.split(line) for line in lines if "-m reproduce " in line]
    return [each[each.index("reproduce") + 1 :] for each in words]


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(exit_on_error=False)
    add_commands(found.add_subparsers(required=True))
    return found


OF_THE_PROGRAM = [command for command, way in WAYS.items() if way == RUN or isinstance(way, After)]


@pytest.mark.parametrize("command", [command for command in WAYS if command.startswith("make ")])
def test_make_knows_the_target_and_the_shell_its_recipe(command: str) -> None:
    lines = recipe(command)
    subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True, timeout=60)
    assert lines
    for arguments in calls(command):
        parser().parse_args(arguments)


class Commands:
    """Runs commands in a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._done: set[str] = set()

    def run(self, command: str) -> None:
        if command in self._done:
            return
        self._done.add(command)
        way = WAYS.get(command)
        for before in way.commands if isinstance(way, After) else ():
            self.run(before)
        kind, _, page = command.partition(" of ")
        if kind == "examples":
            self._run_first_example(ROOT / page)
        elif kind == "the protocol":
            self._write_protocol()
        else:
            self._run_program(command)

    def _run_program(self, command: str) -> None:
        found = calls(command)
        assert found, command
        for arguments in found:
            status = main(arguments)
            assert status == 0 or (status == 1 and arguments[0] in ANSWERS), arguments

    def _run_first_example(self, page: Path) -> None:
        example = re.search(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        exec(compile(example[1], page.name, "exec"), {})

    def _write_protocol(self) -> None:
        """As the page says: copied, named by its file, and with images of one's own in both stages."""
        text = (ROOT / "artifact/protocols/smoke/search.toml").read_text("utf-8")
        text = text.replace('profile = "smoke"', 'profile = "my-search"')
        text = text.replace('source = "digits"', 'source = "folder"\nimage_size = 8')
        text = text.replace("test_fraction = 0.4\n", "")
        (self.folder / "my-search.toml").write_text(text, "utf-8")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    folder = tmp_path_factory.mktemp("commands")
    with miniature_program(folder):
        yield Commands(folder)


@pytest.mark.parametrize("command", OF_THE_PROGRAM)
def test_it_runs(command: str, program: Commands) -> None:
    program.run(command)


@pytest.mark.parametrize("command", [way.command for way in WAYS.values() if isinstance(way, As)])
def test_what_is_meant_runs(command: str, program: Commands) -> None:
    program.run(command)


def test_what_commands_write_is_there(program: Commands) -> None:
    program.run("make reproduce-tables")
    program.run("make search")
    program.run("python -m reproduce bench-engine --rounds 8")
    output = program.folder / "output"
    assert (output / "smoke" / "main" / "tables" / "main.csv").is_file()
    assert (output / "smoke" / "search" / "tables" / "rescoring.csv").is_file()
    assert list((output / "smoke" / "elimination" / "finalists").iterdir())
    assert "rounds=8" in (output / "measured-engine.json").read_text()
    program.run("make bench-engine")
    assert "rounds=9" in (output / "measured-frameworks.json").read_text()


@pytest.mark.parametrize("command", [command for command, way in WAYS.items() if way == WRITES])
def test_what_it_writes_is_what_is_there(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[Path, str] = {}
    monkeypatch.setattr(Path, "write_text", lambda path, text, *_, **__: written.setdefault(path, text))
    runpy.run_module(command.split()[-1], run_name="__main__")
    assert written
    for path, text in written.items():
        assert path.read_text("utf-8") == text, f"run: {command}"


@pytest.mark.parametrize("test", sorted({way.test for way in WAYS.values() if isinstance(way, Elsewhere)}))
def test_the_other_test_exists(test: str) -> None:
    path, name = test.split("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_what_is_not_run_says_why() -> None:
    assert all(way.why for way in WAYS.values() if isinstance(way, Parsed))


def subcommands(found: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [action for action in found._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: each for action in actions for name, each in action.choices.items()}


def test_every_command_of_the_program_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in subcommands(parser()):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"reproduce {name}" in capsys.readouterr().out


def test_a_python_without_the_packages_says_which_one_has_them() -> None:
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "reproduce", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "has no package" in ended.stderr
    assert ".venv/bin/python -m reproduce" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("page", pages(), ids=named)
def test_options_named_in_prose_exist(page: Path) -> None:
    known = {option for each in subcommands(parser()).values() for option in each._option_string_actions}
    inner = {
        option for each in subcommands(subcommands(parser())["data"]).values() for option in each._option_string_actions
    }
    assert options(page) <= known | inner
