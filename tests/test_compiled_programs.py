"""The cache of compiled programs: where it lies, that a second process uses it, and that no fault of it ends a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce import compiled_programs
from reproduce.compiled_programs import compiled_programs_folder
from reproduce.libraries import known_environment
from reproduce.machine import processor_digest

ROOT = Path(__file__).resolve().parents[1]
#: Trains a linear network, and says how it ended and how many programs were read and how many compiled.
PROGRAM = """
import json, warnings
from reproduce.libraries import enter_known_state
enter_known_state()
import jax, numpy as np
from paper_optimizers import get
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, train_members
counts = {"cache_hits": 0, "cache_misses": 0}
def listen(event, **labels):
    name = event.rpartition("/")[2]
    if name in counts:
        counts[name] += 1
jax.monitoring.register_event_listener(listen)
def initial(generator):
    return (generator.normal(0, 0.1, (4, 3)).astype(np.float32),), ()
random = np.random.default_rng(0)
part = random.normal(size=(64, 4)).astype(np.float32), random.integers(0, 3, 64).astype(np.int32)
problem = classification(initial, lambda parameters, statistics, inputs, key: (inputs @ parameters[0], statistics))
with warnings.catch_warnings(record=True):
    (training,) = train_members(
        Population(problem), [Member(get("Adam"), 0.1, 8)], Examples(part, part, 16, 4), 2, largest=1
    )
print(json.dumps([training.curve.validation_loss, counts]))
"""


def trained(folder: Path, **settings: str) -> tuple[list[float], dict[str, int]]:
    """The output of `PROGRAM` in a process of its own."""
    given = {**os.environ, "XDG_CACHE_HOME": str(folder), "PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=given, capture_output=True, text=True, check=True)
    losses, counts = json.loads(done.stdout)
    return losses, counts


def test_it_lies_where_caches_lie_by_version_and_processor(tmp_path: Path) -> None:
    pytest.importorskip("jaxlib")
    caches, home = tmp_path / "caches", tmp_path / "home"
    asked = compiled_programs_folder({"XDG_CACHE_HOME": str(caches), "HOME": str(home)})
    assert asked is not None
    assert asked.parent == caches / "paper-optimizers"
    assert asked.name.startswith("jaxlib-")
    assert asked.name.endswith(processor_digest())
    for relative in ("", "caches"):  # The specification has relative paths ignored.
        found = compiled_programs_folder({"XDG_CACHE_HOME": relative, "HOME": str(home)})
        assert found == home / ".cache" / "paper-optimizers" / asked.name
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    assert compiled_programs_folder({"XDG_CACHE_HOME": str(tmp_path / "file")}) is None
    assert compiled_programs_folder({}) is None
    assert "JAX_COMPILATION_CACHE_DIR" not in known_environment({})
    monkeypatch.setattr(compiled_programs.os, "access", lambda path, mode: False)
    assert compiled_programs_folder({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_a_folder_that_the_user_names_is_taken() -> None:
    given = {"JAX_COMPILATION_CACHE_DIR": "/own", "HOME": "/h"}
    assert known_environment(given)["JAX_COMPILATION_CACHE_DIR"] == "/own"


@pytest.mark.slow
def test_a_second_process_compiles_nothing_and_damaged_files_are_compiled_anew(tmp_path: Path) -> None:
    losses, first = trained(tmp_path)
    assert first["cache_misses"] > 0
    again, second = trained(tmp_path)
    assert second == {"cache_hits": first["cache_hits"] + first["cache_misses"], "cache_misses": 0}
    assert again == losses
    for number, file in enumerate(sorted(path for path in tmp_path.rglob("*-cache"))):
        content = file.read_bytes()
        file.write_bytes((b"", b"no program", content[: len(content) // 2])[number % 3])
    assert trained(tmp_path)[0] == losses


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    losses, _ = trained(tmp_path / "other")
    tmp_path.chmod(0o500)
    try:
        assert trained(tmp_path / "caches")[0] == losses
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.slow
def test_a_place_that_is_no_folder_ends_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "cache").mkdir()
    losses, _ = trained(tmp_path / "cache")
    assert trained(tmp_path, JAX_COMPILATION_CACHE_DIR=str(tmp_path / "file"))[0] == losses
