"""Hooks before commits and a forge's workflow run what `make check` and `.ci/run` run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
#: How a docstring begins that says neither what is done nor what it is about.
FRAGMENT = (
    r"(Of|In|By|For|With|As|Likewise|What|Who|Those|That of|Both|None|Nothing|On|From|Beside|Only|Once|All of|Before|"
    r"At|See the class)\b"
)
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def definitions(package: str, kind: type | UnionType) -> Iterator[tuple[Path, Any]]:
    """Yield every class or function of a package, and where it is."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, kind):
                yield path.relative_to(ROOT), node


def test_hooks_are_the_checks_of_make() -> None:
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    hooks = {hook["entry"].removeprefix(".venv/bin/python -m ") for hook in repo["hooks"]}
    recipe = MAKEFILE.split("\ncheck: ")[1].split("\n\n")[0]
    checks = {line.removesuffix(" .") for line in re.findall(r"\$\(RUN\) -m (.*)", recipe)}
    assert hooks == checks


def test_the_forge_runs_the_gate_on_every_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8"))
    job = workflow["jobs"]["checks"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert job["strategy"]["matrix"]["python"] == re.findall(r"Python :: (3\.\d+)", project)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_ask_for_what_a_reader_needs(path: Path) -> None:
    template = yaml.safe_load(path.read_text("utf-8"))
    assert {"name", "description", "body"} <= template.keys()
    fields = [field for field in template["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 3
    assert all(field["attributes"]["label"] and field["attributes"]["description"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


@pytest.mark.parametrize("package", ["paper_optimizers", "reproduce"])
def test_docstrings_of_functions_open_with_a_verb_or_a_noun(package: str) -> None:
    """No fragments: not one word, not "See the class.", and nothing that begins as `FRAGMENT` does."""
    fragments = []
    for path, node in definitions(package, ast.FunctionDef):
        line = (ast.get_docstring(node) or "").partition("\n")[0]
        one_word = bool(line) and " " not in line.strip(".")
        if one_word or re.match(FRAGMENT, line):
            fragments.append(f"{path}: {line}")
    assert fragments == []


def test_fields_and_arguments_are_said_by_a_noun() -> None:
    """The package's docstrings say what each field and argument is, and no fragment either."""
    fragments = []
    for path, node in definitions("paper_optimizers", ast.ClassDef | ast.FunctionDef):
        text = ast.get_docstring(node) or ""
        for section in re.findall(r"^(?:Attributes|Args):\n((?:    .*\n?)+)", text, re.MULTILINE):
            said = re.findall(r"^    \*{0,2}\w[^:\n]*: (.*)", section, re.MULTILINE)
            fragments += [f"{path}: {line}" for line in said if re.match(FRAGMENT, line)]
    assert fragments == []
