"""The house's own rules: which room may use which, no circles of modules, and how long a file and a function may be."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What each room may use beside itself; "reproduce" is what lies in that folder itself. None uses one that comes later.
USES = {
    "paper_optimizers": set(),
    "reproduce": set(),
    "data": {"reproduce"},
    "models": {"reproduce", "data"},
    "training": {"reproduce", "data", "models"},
    "executors": {"reproduce"},
    "population": {"paper_optimizers", "reproduce"},
    "tasks": {"paper_optimizers", "reproduce", "data", "models", "training", "executors", "population"},
    "study": {"reproduce", "data", "models", "training", "executors", "tasks"},
    "search": {"paper_optimizers", "reproduce", "data", "models", "training", "population", "tasks"},
    "elimination": {"reproduce", "data", "models", "training", "tasks", "search"},
    "published": {"paper_optimizers", "reproduce", "population", "tasks", "search"},
    "report": {"paper_optimizers", "reproduce", "tasks", "study", "search", "elimination", "published"},
    "bench": {"paper_optimizers", "reproduce", "models", "training", "population", "tasks", "search", "report"},
    "commands": {
        "reproduce",
        "data",
        "executors",
        "tasks",
        "study",
        "search",
        "elimination",
        "published",
        "report",
        "bench",
    },
}
#: The program's entrance, which opens `reproduce.commands`.
ENTRANCE = {"reproduce.__main__", "reproduce.cli"}
MAX_LINES = 400
MAX_LINES_OF_A_FUNCTION = 60


@dataclass(frozen=True)
class Import:
    """One module names another: when it is imported itself, later in a function, or for types alone."""

    importer: str
    imported: str


@cache
def modules() -> dict[str, Path]:
    """Every module of both packages, by its name."""
    paths = [path for package in ("paper_optimizers", "reproduce") for path in (ROOT / package).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def imports() -> list[Import]:
    """All imports of one module of this project by another."""
    return [found for module in modules() for found in imports_of(module)]


def imports_of(module: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        for name in names_of(node):
            yield Import(module, name)


def names_of(node: ast.AST) -> list[str]:
    """The modules of this project that a statement imports: by ``from x import y``, y if that is a module, else x."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written with the whole name"
        inside = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in modules() else str(node.module) for name in inside]
    else:
        names = []
    return [name for name in names if name.partition(".")[0] in ("paper_optimizers", "reproduce")]


def room(module: str) -> str:
    first, *rest = module.split(".")
    inside = first == "reproduce" and rest and (ROOT / "reproduce" / rest[0]).is_dir()
    return rest[0] if inside else first


def test_every_room_has_its_place() -> None:
    folders = {path.parent.name for path in (ROOT / "reproduce").glob("*/__init__.py")}
    assert folders | {"paper_optimizers", "reproduce"} == USES.keys()
    before: set[str] = set()
    for name, uses in USES.items():
        assert uses <= before, name
        before.add(name)


def test_a_room_uses_no_other_than_it_may() -> None:
    allowed = {name: uses | {name} for name, uses in USES.items()}
    wrong = [each for each in imports() if room(each.imported) not in allowed[room(each.importer)]]
    assert [each for each in wrong if each.importer not in ENTRANCE] == []


def test_no_module_waits_for_itself() -> None:
    """Imports form no circle, those in functions and for types among them: each module is understood after others."""
    waiting: dict[str, set[str]] = {module: set() for module in modules()}
    for found in imports():
        waiting[found.importer].add(found.imported)
    while ready := [module for module, needs in waiting.items() if not needs & waiting.keys()]:
        for module in ready:
            del waiting[module]
    assert waiting == {}


@pytest.mark.parametrize("folder", ["paper_optimizers", "reproduce", "tests"])
def test_files_and_functions_are_short(folder: str) -> None:
    long = []
    for path in (ROOT / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        long += [f"{path.relative_to(ROOT)}"] * (len(text.splitlines()) > MAX_LINES)
        long += [
            f"{path.relative_to(ROOT)}: {node.name}"
            for node in functions
            if int(node.end_lineno or 0) - node.lineno + 1 > MAX_LINES_OF_A_FUNCTION
        ]
    assert long == []
