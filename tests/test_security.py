"""The promises of artifact/SECURITY.md about the code: each rule is looked for in every module's syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "paper_optimizers").rglob("*.py")) + sorted((ROOT / "reproduce").rglob("*.py"))
#: Modules that execute or deserialize code, or talk to the network.
BANNED_IMPORTS = {
    *("pickle", "cPickle", "dill", "joblib", "shelve", "marshal"),
    *("socketserver", "http.server", "xmlrpc.server", "wsgiref", "wsgiref.simple_server", "asyncio"),
}
BANNED_CALLS = {"eval", "exec", "compile", "__import__"}
#: Methods and functions by which a program waits for others to connect.
LISTENING = {"bind", "listen", "accept", "create_server"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def keyword(call: ast.Call, name: str) -> object:
    """The value of a keyword argument that is written out; None where it is not given."""
    for argument in call.keywords:
        if argument.arg == name:
            return argument.value.value if isinstance(argument.value, ast.Constant) else argument.value
    return None


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in MODULES}


def test_there_is_something_to_check(trees: dict[str, ast.Module]) -> None:
    assert len(trees) > 60


def test_no_pickle_and_no_server(trees: dict[str, ast.Module]) -> None:
    found = {(path, name) for path, tree in trees.items() for name in imports(tree) if name in BANNED_IMPORTS}
    assert found == set()


def test_nothing_waits_for_connections(trees: dict[str, ast.Module]) -> None:
    found = [
        (path, call.lineno)
        for path, tree in trees.items()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in LISTENING
    ]
    assert found == []


def test_no_text_is_run_as_code(trees: dict[str, ast.Module]) -> None:
    found = [
        (path, call.lineno, call.func.id)
        for path, tree in trees.items()
        for call in calls(tree)
        if isinstance(call.func, ast.Name) and call.func.id in BANNED_CALLS
    ]
    assert found == []


def test_no_shell(trees: dict[str, ast.Module]) -> None:
    found = [
        (path, call.lineno)
        for path, tree in trees.items()
        for call in calls(tree)
        if keyword(call, "shell") is not None or ast.unparse(call.func) in ("os.system", "os.popen")
    ]
    assert found == []


def test_arrays_are_read_without_pickle(trees: dict[str, ast.Module]) -> None:
    loads = [
        (path, call)
        for path, tree in trees.items()
        for call in calls(tree)
        if ast.unparse(call.func) in ("np.load", "numpy.load")
    ]
    assert [(path, call.lineno) for path, call in loads if keyword(call, "allow_pickle") is not False] == []


def test_archives_are_never_unpacked_wholesale(trees: dict[str, ast.Module]) -> None:
    found = [
        (path, call.lineno)
        for path, tree in trees.items()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("extractall", "unpack_archive")
    ]
    assert found == []


def test_keras_files_are_loaded_in_safe_mode(trees: dict[str, ast.Module]) -> None:
    found = [
        (path, call.lineno)
        for path, tree in trees.items()
        for call in calls(tree)
        if "enable_unsafe_deserialization" in ast.unparse(call.func) or keyword(call, "safe_mode") is False
    ]
    assert found == []
