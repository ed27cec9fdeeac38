"""A device that the user names and that is not there is told in one sentence, before anything is trained."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from reproduce.errors import ReproduceError
from reproduce.machine import named_devices, require_named_devices
from reproduce.results_layout import STORED_RESULTS

ROOT = Path(__file__).resolve().parents[1]
LOG = "phase,particle,depth,expression,status,val_accuracy,seconds\ninit,,,None ~ g,ok,0.5,1\n"
#: Every command that trains, and what it is called with.
COMMANDS = {
    "tables": (),
    "search": (),
    "search in workers": ("--workers", "1"),
    "compare-searches": (),
    "noise-floor": ("--workers", "1"),
    "eliminate": ("--searches", str(STORED_RESULTS / "smoke" / "search" / "ledger.jsonl")),
    "replay": ("log.csv",),
    "bench-optimizers": (),
    "bench-engine": ("--quick",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_refuses_it_and_keeps_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    command = [sys.executable, "-m", "reproduce", name.partition(" ")[0], *COMMANDS[name]]
    given = {"JAX_PLATFORMS": "cuda", "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "output")],
        env=os.environ | given, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert said.startswith("error: JAX_PLATFORMS is 'cuda', and JAX cannot compute on that here")
    assert said.endswith("unset it, so that JAX takes what there is, or set it to cpu")
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.rglob("ledger.jsonl"))


@pytest.mark.parametrize(
    ("variable", "library"),
    [("JAX_PLATFORMS", "JAX"), ("JAX_PLATFORM_NAME", "JAX"), ("KERAS_TORCH_DEVICE", "PyTorch")],
)
def test_the_variable_that_names_it_is_told(variable: str, library: str) -> None:
    if library == "PyTorch" and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    given = {variable: "cuda", "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "torch" if library == "PyTorch" else "jax"}
    program = (
        "from reproduce.machine import *\nfrom reproduce.errors import ReproduceError\n"
        "try:\n    require_named_devices()\nexcept ReproduceError as error:\n    print(error)\n"
    )
    plain = {name: value for name, value in os.environ.items() if name not in ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=plain | given | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(f"{variable} is 'cuda', and {library} cannot compute on that here")


def test_the_processor_and_nothing_need_not_be_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAX_PLATFORM_NAME", "KERAS_TORCH_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    for value in ("", "cpu"):
        monkeypatch.setenv("JAX_PLATFORMS", value)
        assert named_devices() == []
        require_named_devices()
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    assert named_devices() == ["JAX_PLATFORMS"]
    monkeypatch.setattr("reproduce.machine.engine_device", _absent)
    with pytest.raises(ReproduceError, match="absent"):
        require_named_devices()


def _absent() -> None:
    raise ReproduceError("absent")
