"""Environments of the processes that measure: what a user has set reaches none of them."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import pytest

from reproduce.bench.asked import AskedProcess
from reproduce.bench.framework_forms import framework_forms
from reproduce.bench.frameworks import Running
from reproduce.bench.optimizer_steps import _process
from reproduce.bench.race import KerasProcess
from reproduce.bench.sizes import SMOKE
from reproduce.bench.step_sizes import SIZES
from reproduce.libraries import known_environment
from tests.settings_of_users import HOSTILE, moving

#: In the place of what measures: it answers with its environment, beside what any measurement says.
TELLING = [
    sys.executable,
    "-c",
    "import os; from reproduce.bench.asked import answer_lines\n"
    "answer_lines(lambda _: {'done': 1, 'cpu_seconds': 1, 'peak_bytes': 1, 'environment': dict(os.environ)})",
]


def telling(process: AskedProcess, stack: ExitStack) -> AskedProcess:
    process._command = TELLING
    return stack.enter_context(process)


def a_step_s(stack: ExitStack) -> AskedProcess:
    return telling(_process("keras-jax"), stack)


def a_race_s(stack: ExitStack) -> AskedProcess:
    return telling(KerasProcess("jax", SMOKE.race), stack)


def a_framework_s(stack: ExitStack) -> AskedProcess:
    form = replace(next(framework_forms(SIZES["smoke"], 2)), command=tuple(TELLING))
    running = Running(form, stack)
    assert running.begins(0.0, pytest.fail)
    return running._processes[0]


@pytest.mark.parametrize(
    ("begun", "threads", "own"),
    [
        (a_step_s, 1, {"KERAS_BACKEND": "jax"}),
        (a_race_s, None, {"KERAS_BACKEND": "jax"}),
        (a_framework_s, 2, {"JAX_PLATFORMS": "cpu"}),
    ],
)
def test_what_the_user_has_set_is_put_aside(
    begun: Callable[[ExitStack], AskedProcess],
    threads: int | None,
    own: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = known_environment(threads=threads) | own
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        found = begun(stack).ask({})["environment"]
    assert found["PYTHONHASHSEED"] == os.environ["PYTHONHASHSEED"]
    assert moving(found) == moving(expected)
