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
#: Modules that `_CLASSES` imports and that import Keras, each after those that it imports itself. Where one of them is
#: what brings Keras in, it is half made when Keras is ready; so each says at its end that it is finished.
_BELOW = tuple(f"paper_optimizers.{name}" for name in ("keras_namespace", "schedules", "base_optimizer", "optimizer"))


def register_with_keras(finished: str | None = None) -> None:
    """Import the modules whose classes register themselves, now or right after Keras is imported.

    Args:
        finished: The name of the module that calls this at its end. Then nothing is done while another module that
            reads it is being imported: that one calls this, too.
    """
    if "keras" not in sys.modules:
        sys.meta_path.insert(0, _AfterKeras())
        return
    waiting = _BELOW if finished is None else _BELOW[_BELOW.index(finished) + 1 :]
    if not any(name in sys.modules for name in waiting):
        importlib.import_module(_CLASSES)


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
            register_with_keras()

        loader.exec_module = execute_then_register  # type: ignore[method-assign]
        return spec
