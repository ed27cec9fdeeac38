"""Hooks before commits and a forge's workflow run what `make check` and `.ci/run` run."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


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
    """No fragments: not one word, not "See the class.", and no phrase that begins with a preposition."""
    fragments = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            line = (ast.get_docstring(node) or "").partition("\n")[0] if isinstance(node, ast.FunctionDef) else ""
            one_word = bool(line) and " " not in line.strip(".")
            if one_word or re.match(r"(Of|In|By|For|With|As|Likewise|That of|See the class|Count\.)\b", line):
                fragments.append(f"{path.relative_to(ROOT)}: {line}")
    assert fragments == []
