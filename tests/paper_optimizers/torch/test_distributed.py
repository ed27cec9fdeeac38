"""Two processes on one machine; what each does stands in two_processes.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("scene", ["replicas", "sharded", "fully_sharded", "parts", "masks"])
def test_two_processes(scene: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-m", "tests.paper_optimizers.torch.two_processes", scene, f"file://{tmp_path}/meeting"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
