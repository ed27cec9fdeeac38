"""The wheel and the source archive hold what they must; the wheel works elsewhere, also with Keras and NumPy alone."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def install(wheel: Path, folder: Path) -> None:
    """Install the wheel alone into a folder, without a look at any package index."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    subprocess.run([*pip, *options], check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, and nothing of the repository."""
    folder = tmp_path_factory.mktemp("installed")
    install(wheel, folder)
    return folder


def closure(*names: str) -> set[str]:
    """Distributions by name, with all that they require."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            requirements = [Requirement(line) for line in metadata.requires(name) or ()]
            needed = [item for item in requirements if item.marker is None or item.marker.evaluate({"extra": ""})]
            waiting += [canonicalize_name(item.name) for item in needed]
    return found


def installed_parts(name: str) -> Iterator[Path]:
    """The files that a distribution put into the environment's folder of packages."""
    folder = Path(sysconfig.get_path("purelib"))
    tops = {file.parts[0] for file in metadata.files(name) or ()} - {"..", "__pycache__"}
    return (folder / top for top in tops)


def environment(folder: Path, wheel: Path, *names: str) -> Path:
    """The interpreter of a new environment: the wheel, these distributions, what they require, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", query], check=True, capture_output=True, text=True).stdout.strip())
    install(wheel, packages)
    for name in closure(*names):
        for part in installed_parts(name):
            if not (packages / part.name).exists():
                (packages / part.name).symlink_to(part)
    return python


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment of Keras and NumPy alone."""
    return environment(tmp_path_factory.mktemp("bare"), wheel, "keras", "numpy")


def run(python: Path | str, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start Python in ``folder``, without the repository's modules and without the caller's settings."""
    return subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env={"PATH": os.defpath, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def printed(answer: subprocess.CompletedProcess[str]) -> str:
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
    output = printed(run(sys.executable, tmp_path, "-c", code, PYTHONPATH=str(installed)))
    assert output.strip() == str(installed / "paper_optimizers" / "__init__.py")


def test_the_command_line_works_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    arguments = ("-m", "reproduce", "--help")
    assert "COMMAND" in printed(run(sys.executable, tmp_path, *arguments, PYTHONPATH=str(installed)))


def test_the_wheel_asks_for_keras_and_numpy_alone(bare: Path, tmp_path: Path) -> None:
    code = (
        "from importlib import metadata\n"
        "needs = metadata.requires('paper-optimizers')\n"
        "print(sorted(line for line in needs if 'extra ==' not in line))\n"
    )
    assert printed(run(bare, tmp_path, "-c", code)).strip() == "['keras>=3.15', 'numpy']"


def test_specs_work_where_only_keras_and_numpy_are_installed(bare: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.util import find_spec\n"
        "assert not [name for name in ('scipy', 'jax', 'tensorflow', 'torch', 'matplotlib') if find_spec(name)]\n"
        "import paper_optimizers as po\n"
        "spec = po.from_text(po.get('Opt9').to_text())\n"
        "assert po.OptimizerSpec.from_json(spec.to_json()).fingerprint() == po.get('Opt9').fingerprint()\n"
        "print(po.get('Opt4').to_latex(), po.describe('Opt4').equation)\n"
    )
    assert r"\arctan" in printed(run(bare, tmp_path, "-c", code))


@pytest.mark.parametrize(("backend", "extra"), [("tensorflow", "cpu"), ("jax", "optax"), ("torch", "torch")])
def test_the_door_to_keras_names_what_keras_lacks_there(bare: Path, tmp_path: Path, backend: str, extra: str) -> None:
    answer = run(bare, tmp_path, "-c", "from paper_optimizers import Opt9", KERAS_BACKEND=backend)
    last = answer.stderr.splitlines()[-1]
    assert last == (
        f"ModuleNotFoundError: Keras is to use '{backend}', and the package {backend} is not installed: "
        f"pip install 'paper-optimizers[{extra}]'"
    )


def test_the_door_to_keras_names_the_back_end_that_is_there(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "torch.py").touch()
    answer = run(bare, tmp_path, "-c", "import paper_optimizers.keras", KERAS_BACKEND="tensorflow")
    assert answer.stderr.splitlines()[-1].endswith("[cpu]', or set KERAS_BACKEND to one that is: torch")


STEPS = {
    "torch": """
import torch
from paper_optimizers.torch import Opt9
weight = torch.nn.Parameter(torch.ones(2))
weight.grad = torch.ones(2)
Opt9([weight], lr=0.1, total_steps=4, warmup_steps=0).step()
assert bool((weight < 1).all())
""",
    "optax": """
import jax, jax.numpy as jnp
from paper_optimizers.optax import opt9
weight, transformation = jnp.ones(2), opt9(0.1, total_steps=4, warmup_steps=0)
change, _ = jax.jit(transformation.update)(weight, transformation.init(weight), weight)
assert bool((change < 0).all())
""",
}
WITHOUT_KERAS = """
import importlib, sys
import paper_optimizers as po
po.NumpyOptimizer(po.from_text(po.get("Opt9").to_text()), total_steps=4)
assert not {"keras", "tensorflow"} & {*sys.modules}
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("framework", "other", "missing"),
    [("torch", "optax", "needs JAX and Optax, and optax is"), ("optax", "torch", "needs PyTorch, which is")],
)
def test_a_door_steps_where_keras_is_not_installed(
    wheel: Path, tmp_path: Path, framework: str, other: str, missing: str
) -> None:
    pytest.importorskip(framework)
    python = environment(tmp_path / "environment", wheel, framework, "numpy")
    absent = f"from importlib.util import find_spec\nassert find_spec('keras') is find_spec('{other}') is None\n"
    doors = ("paper_optimizers.keras", f"paper_optimizers.{other}")
    said = printed(run(python, tmp_path, "-c", absent + STEPS[framework] + WITHOUT_KERAS, *doors)).splitlines()
    assert said == [
        "paper_optimizers.keras needs Keras, which is not installed: pip install paper-optimizers",
        f"paper_optimizers.{other} {missing} not installed: pip install 'paper-optimizers[{other}]'",
    ]


@pytest.mark.parametrize("command", ["check-claims", "tables", "search", "estimate", "report"])
def test_a_command_there_names_the_extra_it_needs(bare: Path, tmp_path: Path, command: str) -> None:
    answer = run(bare, tmp_path, "-m", "reproduce", command)
    assert answer.returncode == 2
    assert "pip install 'paper-optimizers[" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_source_distribution_has_what_the_tests_read(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    kept = (ROOT / "artifact" / "results").rglob("ledger.jsonl")
    tests = [*(ROOT / "tests").rglob("*.py"), *kept, ROOT / ".ci" / "run", ROOT / "Makefile", ROOT / "README.md"]
    assert {str(each.relative_to(ROOT)) for each in tests} <= names
    assert not any(name.startswith(("output/", ".venv/")) for name in names)
