"""The known state of libraries: what the user has set is put aside, recorded or refused, and the page says which."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from reproduce.errors import LedgerError, ReproduceError
from reproduce.ledger import Ledger, read_environments, read_records
from reproduce.libraries import adopt, enter_known_keras, environment, known_environment, recorded_settings
from reproduce.report.pages import ARTIFACT
from reproduce.report.pages.environment import page
from reproduce.results_layout import STORED_RESULTS
from reproduce.study.ledgers import read_rows
from reproduce.variables import VARIABLES, variable_of
from tests.settings_of_users import HOSTILE, OTHERS
from tests.study.cases import TINY_TOML

ROOT = Path(__file__).resolve().parents[1]
RECORDED = [each.name for each in VARIABLES if each.treatment == "recorded" and each.name != "KERAS_BACKEND"]
#: What cannot be any text.
VALUES = {"XLA_FLAGS": "--xla_cpu_enable_fast_math=true", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2"}
#: Three that the engine trains and one that Keras trains, all with dropout: twelve runs of two epochs.
MINI = (
    TINY_TOML.replace('catalog = ["Opt1", "A1"]', 'catalog = ["Opt4", "Opt9"]')
    .replace('keras = ["SGD", "Adam"]', 'keras = ["Adam", "Nadam"]')
    .replace("grid = [0.01, 0.1, 1]\nmost_extra_rates = 2", "grid = [0.1, 1]\nmost_extra_rates = 0")
    .replace("final = [1, 2]", "final = [1]")
)
#: The command line without what it writes from rows: that takes as long, and is tested where it belongs.
TABLES = """
import sys, types
sys.modules["reproduce.report.output"] = types.SimpleNamespace(write_results=lambda *_: None)
from reproduce.cli import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Number:
    """A record."""

    value: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"value": self.value}


def number(document: Any) -> Number:
    return Number(**document)


def test_the_page_is_that_of_the_table() -> None:
    assert (ARTIFACT / "ENVIRONMENT.md").read_text("utf-8") == page(), "run: make pages"


def test_a_family_stands_after_its_exceptions_and_no_entry_is_hidden_by_one_before_it() -> None:
    for each in VARIABLES:
        assert variable_of(each.name.replace("*", "X")) == each
        assert not (each.value and "*" in each.name)


def test_whatever_is_pinned_is_put_aside() -> None:
    assert {each.name for each in VARIABLES if each.treatment == "pinned"} == OTHERS.keys()
    assert all(variable_of(name).name == entry for entry, others in OTHERS.items() for name in others)
    plain = known_environment({"HOME": "/h"}, threads=2)
    left = {"PYTHONHASHSEED": "7", "MALLOC_ARENA_MAX": "1"}
    assert known_environment({"HOME": "/h", **HOSTILE}, threads=2) == plain | left
    assert known_environment(plain, threads=2) == plain
    # What is pinned to a value has that value, and no other than what the user might set.
    for each in VARIABLES:
        if each.treatment == "pinned" and each.value:
            assert plain[each.name] == each.value.replace("{threads}", "2") != OTHERS[each.name][each.name]


def test_what_is_left_stays_and_has_a_default_where_the_user_says_nothing() -> None:
    assert known_environment({}, threads=1)["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    given = {"XLA_PYTHON_CLIENT_PREALLOCATE": "true", "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    assert known_environment(given, threads=1).items() >= given.items()
    assert known_environment({"KERAS_BACKEND": ""}, threads=1)["KERAS_BACKEND"] == "tensorflow"


def test_an_environment_is_there_within_a_block_alone() -> None:
    before = dict(os.environ)
    with environment({"ONLY": "this"}):
        assert dict(os.environ) == {"ONLY": "this"}
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_stays_and_stands_in_every_line_and_a_ledger_goes_on_under_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, value = tmp_path / "ledger.jsonl", VALUES.get(name, "some")
    for each in RECORDED:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)
    assert recorded_settings(known_environment(threads=1, deterministic=True)) == {name: value}
    with Ledger(path, number, pytest.fail) as ledger:
        ledger.append(Number(1))
    assert read_environments(path) == [{name: value}]
    monkeypatch.delenv(name)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=rf"line 1: {name} was '{value}' then and is not set now.*; set it as it was"):
        Ledger(path, number, pytest.fail)
    with pytest.raises(LedgerError, match=f"{name} was"):
        read_records(path, number, settings=recorded_settings())
    assert path.read_bytes() == before
    assert read_records(path, number) == [Number(1)]
    monkeypatch.setenv(name, value)
    with Ledger(path, number, pytest.fail) as ledger:
        ledger.append(Number(2))
        assert ledger.records == [Number(1), Number(2)]


def test_a_variable_that_was_not_set_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger(path, number, pytest.fail, {}) as ledger:
        ledger.append(Number(1))
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    with pytest.raises(LedgerError, match="OPENBLAS_CORETYPE was not set then and is 'Haswell' now"):
        Ledger(path, number, pytest.fail)


def test_lines_that_record_nothing_are_read_kept_and_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = STORED_RESULTS / "smoke" / "architectures" / "ledger.jsonl"
    lines = kept.read_text("utf-8").splitlines()
    rows = read_rows(kept, settings={"XLA_FLAGS": "--any"})
    assert set(read_environments(kept)) == {None}
    assert [json.dumps(row.to_dict(), ensure_ascii=False, separators=(",", ":")) for row in rows] == lines
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"value":1}\n')
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    with Ledger(path, number, pytest.fail) as ledger:
        ledger.append(Number(2))
    assert path.read_text() == '{"value":1}\n{"value":2,"environment":{"OPENBLAS_CORETYPE":"Haswell"}}\n'


@pytest.mark.parametrize("found", ["[]", '"text"', '{"a":1}'])
def test_an_environment_that_is_none_is_refused(found: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(f'{{"value":1,"environment":{found}}}\n')
    with pytest.raises(LedgerError, match=r"line 1 is not a record: environment(\.a)? must be"):
        read_records(path, number)


def test_of_tunables_those_of_the_processor_count_alone() -> None:
    assert recorded_settings({"GLIBC_TUNABLES": "glibc.malloc.check=3"}) == {}
    both = {"GLIBC_TUNABLES": "glibc.malloc.check=3:glibc.cpu.hwcaps=-AVX2"}
    assert recorded_settings(both) == {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2"}


def test_a_worker_elsewhere_takes_what_was_recorded_in_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with environment({**os.environ, "OPENBLAS_CORETYPE": "Zen", "MKL_CBWR": "AVX2", "JAX_ENABLE_X64": "1"}):
        adopt({"XLA_FLAGS": "--xla_one=true", "MKL_CBWR": "SSE2"})
        assert recorded_settings() == {"XLA_FLAGS": "--xla_one=true", "MKL_CBWR": "SSE2"}
        assert os.environ["JAX_ENABLE_X64"] == "false"


def test_a_file_of_compiler_options_is_refused() -> None:
    with pytest.raises(ReproduceError, match=r"'/some/flags', which XLA takes for a file of options: .* write it so"):
        known_environment({"XLA_FLAGS": "/some/flags"})


def a_fit() -> None:
    from tests.training.cases import invented, trainer

    trainer(invented(), training={"batch_size": 8})


def a_trainer() -> None:
    from reproduce.tasks.keras import KerasTrainer
    from tests.tasks.test_keras import DIGITS, TASK, load_dataset

    KerasTrainer(TASK, load_dataset(DIGITS))


def a_timed_step() -> None:
    from reproduce.bench.step_contestants import _module

    _module("keras-tensorflow")


def a_benchmark_s_child() -> None:
    from reproduce.bench import keras_candidates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_candidates, "score_with_keras", lambda *_: {})
        patch.setattr("reproduce.bench.asked.end_with_parent", lambda _: None)
        patch.setattr("sys.stdin", ['{"spec": {}, "seed": 0, "epochs": 1}'])
        patch.setattr("sys.stdout", io.StringIO())
        keras_candidates.main(None)  # type: ignore[arg-type]


def a_framework_s_loop() -> None:
    from reproduce.bench import framework_steps, loop_keras
    from reproduce.bench.step_sizes import SIZES

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop_keras, "make_loop", lambda *_: None)
        patch.setattr(framework_steps, "answer_lines", lambda _: None)
        framework_steps.main("keras", "fit", SIZES["search"])


@pytest.mark.parametrize(
    "begins", [enter_known_keras, a_fit, a_trainer, a_timed_step, a_benchmark_s_child, a_framework_s_loop]
)
def test_keras_is_set_right_after_the_user_s_file_was_read(begins: Callable[[], None]) -> None:
    keras = pytest.importorskip("keras")
    try:
        keras.config.set_floatx("float16")
        keras.config.set_epsilon(0.5)
        keras.config.set_image_data_format("channels_first")
        keras.config.set_dtype_policy("mixed_bfloat16")
        begins()
        assert (keras.config.floatx(), keras.config.epsilon()) == ("float32", 1e-7)
        assert keras.config.image_data_format() == "channels_last"
        assert keras.config.dtype_policy().name == "float32"
    finally:
        enter_known_keras()


def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text('{"floatx": "float8"}')
    program = (
        "from reproduce.errors import ReproduceError\n"
        "from reproduce.libraries import enter_known_keras\nfrom reproduce.machine import engine_device_name\n"
        "for function in (enter_known_keras, engine_device_name):\n"
        "    try:\n        function()\n    except ReproduceError as error:\n        print(error)\n"
    )
    given = {"KERAS_HOME": str(tmp_path), "JAX_PLATFORMS": "no_such_device", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | given, capture_output=True, text=True, check=True
    )
    keras, jax = done.stdout.splitlines()
    assert keras.startswith("Keras cannot be imported: Invalid `floatx`")
    assert keras.endswith(
        "Mend or remove its file keras.json, which lies in the folder that KERAS_HOME names or in ~/.keras"
    )
    assert jax.startswith("JAX_PLATFORMS is 'no_such_device', and JAX cannot compute on that here (")
    assert jax.endswith("unset it, so that JAX takes what there is, or set it to cpu")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_rows_are_the_same_whatever_is_set(backend: str, tmp_path: Path) -> None:
    """Two processes of the command, each with a worker that trains by the engine and by Keras."""
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    protocol = tmp_path / "main.toml"
    protocol.write_text(MINI)
    other = "jax" if backend == "torch" else "torch"
    file = {"floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first", "backend": other}
    (tmp_path / "keras.json").write_text(json.dumps(file | {"nnx_enabled": True}))
    hostile = HOSTILE | {"KERAS_HOME": str(tmp_path)}
    given = {key: value for key, value in os.environ.items() if key not in RECORDED}
    given |= {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend}
    found = {}
    for name, more in (("plain", {}), ("hostile", hostile)):
        output = tmp_path / name
        command = [sys.executable, "-c", TABLES, "tables", "--profile", str(protocol), "--workers", "1"]
        done = subprocess.run([*command, "--output", str(output)], env=given | more, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        folder = output / "tiny" / "main"
        rows = [row.to_dict() | {"seconds": None} for row in read_rows(folder / "ledger.jsonl")]
        trainers = {row["optimizer"]: row["backend"] for row in rows}
        assert trainers == {"Opt4": "engine", "Opt9": "engine", "Adam": "engine", "Nadam": backend}
        assert set(map(str, read_environments(folder / "ledger.jsonl"))) == {"{}"}
        found[name] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    assert len(found["plain"]) == 4 * (2 + 1)
    assert found["hostile"] == found["plain"]
