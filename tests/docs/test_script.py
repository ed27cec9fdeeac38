"""The scripts of docs/tutorials/script.md, each in a process of its own; that for several devices on JAX has two."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "script.md"
SCRIPTS = re.findall(r"## (.*?)\n.*?```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_each_part_has_a_script() -> None:
    assert [title for title, _ in SCRIPTS] == re.findall(r"^## (.*)", PAGE.read_text("utf-8"), re.MULTILINE)


def test_three_lines_are_marked() -> None:
    marked = [line for line in SCRIPTS[0][1].splitlines() if re.search(r"# the (first|second|third)\b", line)]
    assert len(marked) == 3


@pytest.mark.parametrize(("title", "script"), SCRIPTS, ids=[title for title, _ in SCRIPTS])
def test_it_trains(title: str, script: str, tmp_path: Path) -> None:
    backend = re.search(r'"KERAS_BACKEND"\] = "(\w+)"', script)
    pytest.importorskip(backend[1] if backend else "tensorflow")
    given = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    given["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=given, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert float(result.stdout.split()[-1]) > 0.8
