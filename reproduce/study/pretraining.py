"""Pretraining in a study: done before the runs that need its weights, its rows kept beside the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from reproduce.errors import LedgerError
from reproduce.executors.executor import Executor
from reproduce.ledger import Ledger, Settings, read_records
from reproduce.results_layout import PRETRAINING_FILE
from reproduce.study.protocol import StudyProtocol, TaskSettings
from reproduce.tasks.pretraining import Pretraining, PretrainingRow, pretraining_row_from_dict


def pretraining_of(task: TaskSettings, data_dir: Path | None, cache_dir: Path) -> Pretraining | None:
    """The pretraining of a task; None where its networks do not start so.

    Args:
        task: The task.
        data_dir: See `Pretraining`.
        cache_dir: See `Pretraining`.

    Raises:
        ProtocolError: If the engine is asked for and lacks the network or a setting.
    """
    if task.pretraining is None:
        return None
    return Pretraining(task.pretraining, task.model, task.pretrainer(task.pretraining), data_dir, cache_dir)


def pretrainings_of(protocol: StudyProtocol, data_dir: Path | None, cache_dir: Path) -> list[Pretraining]:
    """List the pretraining of all tasks, each once; arguments and errors as of `pretraining_of`."""
    found = (pretraining_of(task, data_dir, cache_dir) for task in protocol.tasks)
    return list(dict.fromkeys(each for each in found if each is not None))


def keep_pretraining(
    folder: Path,
    pretrainings: Iterable[Pretraining],
    executor: Executor,
    notify: Callable[[str], None],
    settings: Settings,
) -> None:
    """Have weights trained where runs are, unless they are there, and keep their rows in the study's ``folder``.

    Args:
        folder: Where the study's ledger lies.
        pretrainings: What is needed.
        executor: Where.
        notify: Is told what the weights are.
        settings: What rows are added under; see `Ledger`.

    Raises:
        LedgerError: If the rows cannot be read or written, or weights of the same name were other ones when they were
            kept.
        ReproduceError: As of `Pretraining.weights`.
    """
    for pretraining in pretrainings:
        row = executor.ask(pretraining)
        path = folder / PRETRAINING_FILE
        with Ledger(path, pretraining_row_from_dict, notify, settings) as ledger:
            kept = next((each for each in ledger.records if each.made == row.made), None)
            if kept is not None and kept.sha256 != row.sha256:
                raise LedgerError(
                    f"{path}: the weights {row.made!r} had SHA-256 {kept.sha256[:16]} when runs began from them, and "
                    f"have {row.sha256[:16]} now; bring the file back into {pretraining.cache_dir / 'weights'}, or "
                    "choose another --output"
                )
            if kept is None:
                ledger.append(row)
        notify(
            f"Runs start from {row.made!r}: {row.optimizer}, {row.steps} steps, "
            f"{100 * row.validation_accuracy:.1f} % of validation, {row.seconds:.0f} s on {row.device}, {row.backend}."
        )


def read_pretraining(folder: Path) -> tuple[PretrainingRow, ...]:
    """The rows of the pretraining kept in the ``folder`` of a study; none where there is none.

    Raises:
        LedgerError: If they cannot be read.
    """
    path = folder / PRETRAINING_FILE
    return tuple(read_records(path, pretraining_row_from_dict)) if path.exists() else ()
