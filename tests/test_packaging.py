"""The wheel: what is in it, and that it works outside the repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, and nothing of the repository."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """What Python prints, started in ``folder`` with the installed packages and without the repository."""
    answer = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(installed), "PATH": "", "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout


def test_the_wheel_holds_the_packages_and_their_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (*(ROOT / "paper_optimizers" / "specs").rglob("*.json"), ROOT / "paper_optimizers" / "py.typed"):
        assert path.relative_to(ROOT).as_posix() in names
    for path in (ROOT / "artifact" / "protocols").rglob("*.toml"):
        assert f"reproduce/protocols/{path.relative_to(ROOT / 'artifact' / 'protocols').as_posix()}" in names
    assert "reproduce/claims.toml" in names
    assert not [name for name in names if name.startswith(("tests/", "artifact/", "docs/"))]


def test_the_package_works_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    code = (
        "import paper_optimizers as po, keras, numpy as np\n"
        "print(po.__file__)\n"
        "variable = keras.Variable(np.ones(2, 'float32'))\n"
        "po.Opt4(0.1, total_steps=4).apply([np.array([1.0, -1.0], 'float32')], [variable])\n"
        "values = np.asarray(variable)\n"
        "assert values[0] < 1 < values[1], values\n"
        "assert po.from_text(po.get('Opt9').to_text()).fingerprint() == po.get('Opt9').fingerprint()\n"
    )
    assert run(installed, tmp_path, "-c", code).strip() == str(installed / "paper_optimizers" / "__init__.py")


def test_the_command_line_works_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    assert "COMMAND" in run(installed, tmp_path, "-m", "reproduce", "--help")
