"""The door needs PyTorch alone, and says so where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def absent(*names: str) -> str:
    return f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def test_no_other_framework_is_imported() -> None:
    pytest.importorskip("torch")
    code = """
import sys
import torch
before = set(sys.modules)
import paper_optimizers.torch as door
weight = torch.nn.Parameter(torch.ones(2))
weight.grad = torch.ones(2)
door.Opt9([weight], lr=0.1, total_steps=5, warmup_steps=1).step()
print(sorted({"keras", "tensorflow", "jax", "scipy", "matplotlib", "reproduce"} & (sys.modules.keys() - before)))
"""
    assert run(code) == "[]\n"


def test_without_torch_the_extra_is_named() -> None:
    code = """
try:
    import paper_optimizers.torch
except ModuleNotFoundError as error:
    print(error)
"""
    assert "paper-optimizers[torch]" in run(absent("torch") + code)


@pytest.mark.parametrize("name", ["Opt1", "LR9", "create", "WarmupHoldCosine", "GraphOptimizer"])
def test_public_names(name: str) -> None:
    door = pytest.importorskip("paper_optimizers.torch", exc_type=ModuleNotFoundError)
    assert name in door.__all__
    assert getattr(door, name).__doc__
