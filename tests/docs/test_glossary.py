"""The glossary: one word for one thing, in the page and in the code."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"\| ([a-z ]+) \| `([\w.]+)\.(\w+)` \| ([A-Z][^|]*\.) \|")
MAX_WORDS = 40
#: The doors for Keras and PyTorch offer the same classes under the same names; their other classes are told apart.
DOORS = ("paper_optimizers/keras", "paper_optimizers/torch")


def offered() -> set[str]:
    """What both of these doors offer, and the class on which the optimizers of the catalog rest."""
    both = []
    for door in DOORS:
        for node in ast.parse((ROOT / door / "__init__.py").read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                both.append(set(ast.literal_eval(node.value)))
    first, second = both
    return (first & second) | {"CatalogOptimizer"}


def rows() -> list[tuple[str, str, str, str]]:
    """Word, module, class and sentence of each line of the table."""
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ")][1:]
    found = [match for line in table if (match := ROW.fullmatch(line))]
    assert len(found) == len(table), "a line is not: a word, a class, one sentence"
    return [(match[1], match[2], match[3], match[4]) for match in found]


def defined(module: str) -> set[str]:
    """The classes and types that a module defines."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {node.name} if isinstance(node, ast.ClassDef) else set()
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def test_the_glossary_has_no_more_words_than_one_can_keep_in_mind() -> None:
    words = [word for word, *_ in rows()]
    assert len(words) == len(set(words)) <= MAX_WORDS


def test_every_class_is_where_the_glossary_says() -> None:
    assert [f"{module}.{name}" for _, module, name, _ in rows() if name not in defined(module)] == []


def test_each_word_is_told_in_one_sentence() -> None:
    assert [word for word, _, _, sentence in rows() if re.search(r"[.!?] ", sentence)] == []


def test_no_name_of_a_class_has_two_owners() -> None:
    """Hidden classes count without their underscore."""
    owners: dict[str, set[str]] = defaultdict(set)
    shared = offered()
    for package in ("paper_optimizers", "reproduce"):
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and not (node.name in shared and place.startswith(DOORS)):
                    owners[node.name.strip("_")].add(place)
    assert {name: places for name, places in owners.items() if len(places) > 1} == {}
