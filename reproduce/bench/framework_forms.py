"""Contestants in the bench of frameworks: the engine, an earlier engine, and other frameworks in several forms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import util
from pathlib import Path

from reproduce.bench.race import random_candidates
from reproduce.bench.step_sizes import StepSize
from reproduce.errors import ReproduceError
from reproduce.libraries import known_environment

#: The engine that this one is compared with: the last before it was written anew for processors.
EARLIER = "90109bb"
ENGINE, RANDOM = ("engine", "Adam"), ("engine", "random candidates")
_ROOT = Path(__file__).resolve().parents[2]
_POPULATION_STEPS = Path(__file__).with_name("population_steps.py")
#: Processors alone are compared.
_ON_PROCESSOR = {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
#: The C library keeps what it was given back, in large pages: XLA's and PyTorch's arrays then cost no page faults.
_LARGE_PAGES = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296"
    ":glibc.malloc.trim_threshold=8589934592"
}
_LIBRARIES = {"torch": "torch", "optax": "optax", "keras-tensorflow": "tensorflow", "keras-jax": "jax"}
_CANDIDATES = 16


@dataclass(frozen=True)
class FrameworkForm:
    """A framework in a form in which it can train on this machine.

    Attributes:
        framework: "engine", "engine at" a commit, "torch", "optax", "keras-tensorflow" or "keras-jax".
        form: In words.
        command: What is run in a process; it answers as `reproduce.bench.framework_steps` does.
        processes: How many do so at the same time.
        threads: Of each.
        environment: Variables beside the known ones.
        evaluates: Whether it can be asked for evaluations too.
    """

    framework: str
    form: str
    command: tuple[str, ...]
    processes: int
    threads: int
    environment: Mapping[str, str] = field(default_factory=dict)
    evaluates: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """Framework and form."""
        return self.framework, self.form

    def variables(self) -> dict[str, str]:
        """The whole environment of its processes."""
        return {**known_environment(threads=self.threads), **_ON_PROCESSOR, **self.environment}


def framework_forms(size: StepSize, cores: int) -> Iterator[FrameworkForm]:
    """All that are compared at a size, the engine first; those whose library is not installed are left out.

    Args:
        size: The network.
        cores: That all of them may use.
    """
    adam = _engine(size, ENGINE[1], cores, cores, [])
    yield adam
    yield _engine(size, RANDOM[1], cores, cores, [spec.to_dict() for spec in random_candidates(_CANDIDATES)])
    if (earlier := earlier_version()) is not None:
        before = _engine(size, "Adam", 1, cores, [])
        yield replace(before, framework=f"engine at {EARLIER}", environment={"PYTHONPATH": str(earlier)})
        if size.network == "surrogate":
            # The earlier engine cannot leave the bias out; here is what this one takes with it.
            yield _engine(replace(size, conv_bias=True), "Adam, with bias", cores, cores, [])
    if size.network == "surrogate":
        yield from (each for each in _others(size, cores) if util.find_spec(_LIBRARIES[each.framework]) is not None)


def earlier_version() -> Path | None:
    """The files of `EARLIER`, taken from the repository's history; None where there is no such history.

    Raises:
        ReproduceError: If they cannot be written.
    """
    folder = _ROOT / "build" / EARLIER
    if not folder.exists():
        unfinished = folder.with_name(f"{EARLIER}-unfinished")
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
            # An index of its own: that of the checkout is left alone.
            subprocess.run(
                ["git", f"--work-tree={unfinished}", "checkout", EARLIER, "--", "reproduce", "paper_optimizers"],
                cwd=_ROOT,
                env={**os.environ, "GIT_INDEX_FILE": str(unfinished / "index")},
                capture_output=True,
                check=True,
            )
            unfinished.rename(folder)
        except subprocess.CalledProcessError:
            return None
        except OSError as error:
            if error.filename == "git":
                return None
            raise ReproduceError(f"cannot write {folder}: {error.strerror}") from error
    return folder


def _engine(
    size: StepSize, form: str, threads_of_members: int, threads: int, documents: list[dict[str, object]]
) -> FrameworkForm:
    arguments = (json.dumps(asdict(size)), str(threads_of_members), json.dumps(documents))
    command = (sys.executable, "-P", str(_POPULATION_STEPS), *arguments)
    return FrameworkForm("engine", form, command, 1, threads, {"PYTHONPATH": str(_ROOT)}, evaluates=True)


def _others(size: StepSize, cores: int) -> Iterator[FrameworkForm]:
    for form in ("eager", "compiled"):
        for processes in dict.fromkeys((1, cores)):
            yield _other(size, "torch", form, processes, cores)
            yield _other(size, "torch", form, processes, cores, large_pages=True)
    yield _other(size, "optax", "jitted step", cores, cores)
    yield _other(size, "optax", "scan", cores, cores)
    yield _other(size, "optax", "scan, vmapped", 1, cores)
    for backend in ("tensorflow", "jax"):
        fit = _other(size, "keras", "fit", 1, cores)
        yield replace(fit, framework=f"keras-{backend}", environment={"KERAS_BACKEND": backend})


def _other(
    size: StepSize, framework: str, form: str, processes: int, cores: int, *, large_pages: bool = False
) -> FrameworkForm:
    threads = cores // processes
    command = (sys.executable, "-m", "reproduce.bench.framework_steps", framework, form, json.dumps(asdict(size)))
    words = (form, f"{processes} x {threads} threads", *(["large pages"] if large_pages else []))
    return FrameworkForm(framework, ", ".join(words), command, processes, threads, _LARGE_PAGES if large_pages else {})
