"""The scripts of docs/tutorials/loops.md, each in a process of its own, on the back end of Keras that it sets."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "loops.md"
SCRIPTS = {
    match["backend"]: match["script"]
    for match in re.finditer(
        r'```python\n(?P<script>.*?"KERAS_BACKEND"\] = "(?P<backend>\w+)".*?)```', PAGE.read_text(), re.DOTALL
    )
}


def test_there_is_one_for_each_back_end() -> None:
    assert list(SCRIPTS) == ["tensorflow", "torch", "jax"]
    assert PAGE.read_text().count("```python") == 3


@pytest.mark.parametrize("backend", SCRIPTS)
def test_it_trains(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    given = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPTS[backend]], cwd=tmp_path, env=given, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert float(result.stdout.split()[-1]) > 0.8
