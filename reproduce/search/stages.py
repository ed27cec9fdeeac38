"""The two surrogates of a protocol, opened when they are first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from reproduce.data import load_dataset
from reproduce.machine import engine_device_name
from reproduce.search.algorithm import Stage
from reproduce.search.executors import Executor
from reproduce.search.protocol import SearchProtocol
from reproduce.search.surrogate_settings import SurrogateSettings

#: Gives the executor of a surrogate.
MakeExecutor = Callable[[SurrogateSettings], Executor]


class Stages:
    """Executors and data of a protocol's stages; use it in a ``with`` statement.

    Args:
        protocol: The protocol.
        data_dir: Where data sets lie; see `load_dataset`.
        make_executor: See `MakeExecutor`.
        device: Names what candidates are scored on; what JAX computes on here by default.

    Attributes:
        data: Checksum of the data of each stage.
        names: The data sets' names, for captions.
        screening_epochs: Epochs of a screening run on each stage.

    Raises:
        DataError: If the data cannot be read.
    """

    def __init__(
        self,
        protocol: SearchProtocol,
        data_dir: Path | None,
        make_executor: MakeExecutor,
        device: Callable[[], str] = engine_device_name,
    ) -> None:
        self._settings: Mapping[Stage, SurrogateSettings] = {
            "initial": protocol.initial,
            "evolution": protocol.evolution,
        }
        self._make_executor = make_executor
        self._device = device
        self._executors: dict[Stage, Executor] = {}
        datasets = {settings.data: load_dataset(settings.data, data_dir) for settings in self._settings.values()}
        self.names = " and ".join(dict.fromkeys(dataset.name for dataset in datasets.values()))
        self.data: Mapping[str, str] = {
            stage: datasets[settings.data].checksum() for stage, settings in self._settings.items()
        }
        self.screening_epochs: Mapping[Stage, int] = {
            stage: settings.scoring.screening_epochs for stage, settings in self._settings.items()
        }

    def __enter__(self) -> Stages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for executor in self._executors.values():
            executor.close()

    def executor(self, stage: Stage) -> Executor:
        """The executor of a stage."""
        if stage not in self._executors:
            self._executors[stage] = self._make_executor(self._settings[stage])
        return self._executors[stage]

    def device(self) -> str:
        """What candidates are scored on."""
        return self._device()
