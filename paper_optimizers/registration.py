"""Registering the Keras classes without importing Keras: at once where it is imported, else as soon as it is.

Specs, the notation and the oracle run where Keras is not installed, and programs that only read specs should not wait
for it. Yet a model saved with an evolved optimizer must load after ``import paper_optimizers`` in whatever order the
two packages are imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_CLASSES = "paper_optimizers.evolved"


def register_with_keras() -> None:
    """Import the modules whose classes register themselves, now or right after Keras is imported."""
    if "keras" in sys.modules:
        importlib.import_module(_CLASSES)
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(MetaPathFinder):
    """Finds Keras once, as it would be found without us, and has the classes imported after it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        loader = spec.loader if spec is not None else None
        if loader is None:
            return spec
        execute = loader.exec_module

        def execute_then_register(module: ModuleType) -> None:
            execute(module)
            importlib.import_module(_CLASSES)

        loader.exec_module = execute_then_register  # type: ignore[method-assign]
        return spec
