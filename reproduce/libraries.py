"""The known state of the libraries that compute: where every process of this package puts them before it computes.

The command line does so for its own process, whoever starts a process for that one, and a worker on another machine for
itself. `reproduce.variables` lists what is pinned and what is recorded, and why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reproduce.compiled_programs import compiled_programs_folder
from reproduce.errors import ReproduceError
from reproduce.machine import backend_name, device_name, usable_cores
from reproduce.variables import COMPILED_PROGRAMS, THREADS, VARIABLES, variable_of

_XLA_FLAGS = "XLA_FLAGS"
#: Of the variables that say so to one library or another, that of JAX.
_NUM_THREADS = "NPROC"
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"
_DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
#: Options in XLA_FLAGS that are pinned; all others are the user's.
_OWN_FLAGS = ("--xla_cpu_multi_thread_eigen", "--xla_gpu_deterministic_ops")
#: Of the C library's variable, these entries alone can move a number.
_TUNABLES, _CPU_TUNABLES = "GLIBC_TUNABLES", "glibc.cpu."
_MARK_OF_DETERMINISM = "TF_DETERMINISTIC_OPS"


def known_environment(
    given: Mapping[str, str] | None = None, *, threads: int | None = None, deterministic: bool = False
) -> dict[str, str]:
    """The environment of a process whose libraries are to be in the known state.

    Args:
        given: What to begin with; None for this process'.
        threads: How many each library may compute with; None for the cores that are usable.
        deterministic: Whether libraries are to compute the same bits each time, on GPUs too.

    Raises:
        ReproduceError: If a variable has a value that is refused.
    """
    given = os.environ if given is None else given
    count = usable_cores() if threads is None else threads
    known = {name: value for name, value in given.items() if not _is_pinned(name)}
    stands_for = {THREADS: str(count), COMPILED_PROGRAMS: str(compiled_programs_folder(given) or "")}
    for each in VARIABLES:
        value = each.deterministic if deterministic and each.deterministic is not None else each.value
        value = stands_for.get(value, value)
        if value and not known.get(each.name):
            known[each.name] = value
    own = [flag for flag, wanted in ((_ONE_THREAD, count == 1), (_DETERMINISTIC, deterministic)) if wanted]
    flags = [*_flags_of_the_user(given), *own]
    known.pop(_XLA_FLAGS, None)
    return {**known, _XLA_FLAGS: " ".join(flags)} if flags else known


def enter_known_state() -> None:
    """Put this process into it; libraries read the environment when they are first imported.

    Raises:
        ReproduceError: As `known_environment` does.
    """
    _become(known_environment())


def adopt(recorded: Mapping[str, str], *, threads: int | None = None, deterministic: bool = False) -> None:
    """Put a worker on another machine into the known state, with what another process recorded in place of its own.

    Args:
        recorded: From `recorded_settings` of that process.
        threads: As of `known_environment`.
        deterministic: As of `known_environment`.

    Raises:
        ReproduceError: As `known_environment` does.
    """
    own = {name: value for name, value in os.environ.items() if not _is_recorded(name)}
    _become(known_environment({**own, **recorded}, threads=threads, deterministic=deterministic))


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Within it this process' environment is ``settings``, for the processes that are begun there."""
    before = dict(os.environ)
    _become(settings)
    try:
        yield
    finally:
        _become(before)


def num_threads() -> int:
    """How many threads this process computes with: what `known_environment` gave it, else the usable cores."""
    given = os.environ.get(_NUM_THREADS, "")
    return int(given) if given.isdecimal() and int(given) else usable_cores()


def recorded_settings(given: Mapping[str, str] | None = None, *, keras: bool = False) -> dict[str, str]:
    """List the user's settings that can move a number, for the ledger: recorded variables with their values.

    Args:
        given: An environment; None for this process'.
        keras: Whether the library below Keras is among them, for ledgers whose records do not name it.
    """
    given = os.environ if given is None else given
    found = {name: value for name, value in sorted(given.items()) if value and _is_recorded(name)}
    tunables = [each for each in found.pop(_TUNABLES, "").split(":") if each.startswith(_CPU_TUNABLES)]
    flags = _flags_of_the_user(given)
    found.pop(_XLA_FLAGS, None)
    found.pop("KERAS_BACKEND", None)
    return {
        **found,
        **({"KERAS_BACKEND": backend_name()} if keras else {}),
        **({_TUNABLES: ":".join(tunables)} if tunables else {}),
        **({_XLA_FLAGS: " ".join(flags)} if flags else {}),
    }


def enter_known_keras() -> None:
    """Import Keras, whatever the user's keras.json says, in the state that every number here was computed in.

    Raises:
        ReproduceError: If Keras cannot read that file, or has no such backend as KERAS_BACKEND names.
    """
    backend_name()
    try:
        import keras
    except (AttributeError, TypeError, ValueError) as error:
        raise ReproduceError(
            f"Keras cannot be imported: {error}. Mend or remove its file keras.json, which lies in the folder that "
            "KERAS_HOME names or in ~/.keras"
        ) from error
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


def keras_device_name() -> str:
    """Name the device that Keras' backend computes on; starts it."""
    enter_known_keras()
    return device_name()


def is_deterministic() -> bool:
    """Whether this process was started to compute the same bits each time."""
    return bool(os.environ.get(_MARK_OF_DETERMINISM))


def enter_determinism() -> None:
    """Set what a process that was started to be deterministic needs besides, before it computes.

    TensorFlow and JAX need no more than the environment.
    """
    if backend_name() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


def _become(settings: Mapping[str, str]) -> None:
    for name in os.environ.keys() - settings.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in settings.items() if os.environ.get(name) != value})


def _is_pinned(name: str) -> bool:
    variable = variable_of(name)
    return variable is not None and variable.treatment == "pinned"


def _is_recorded(name: str) -> bool:
    variable = variable_of(name)
    return variable is not None and variable.treatment == "recorded"


def _flags_of_the_user(given: Mapping[str, str]) -> list[str]:
    flags = given.get(_XLA_FLAGS, "").split()
    if flags and not flags[0].startswith("-"):
        raise ReproduceError(
            f"XLA_FLAGS is {given[_XLA_FLAGS]!r}, which XLA takes for a file of options: what decides a number must "
            "stand in the variable itself, as XLA_FLAGS='--xla_one=true --xla_two=8'; write it so, or unset it"
        )
    return [flag for flag in flags if flag.partition("=")[0] not in _OWN_FLAGS]
