"""These tests need PyTorch, which the default environment may lack: each is then skipped by its name."""

import importlib.util

import pytest

HAS_TORCH = importlib.util.find_spec("torch") is not None

if not HAS_TORCH:
    collect_ignore_glob = ["worlds.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not HAS_TORCH and "paper_optimizers/torch" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="PyTorch is not installed: make torch"))
