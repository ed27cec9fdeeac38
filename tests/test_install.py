"""How .venv is made: requirements/install.sh, with Python and pip replaced; and what it leaves, in the real one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Stands for Python, and for pip: notes what it installs. $BREAK names the lock at which $HOW happens in the middle.
PYTHON = """#!/usr/bin/env bash
case "$*" in
  -c*) ;;
  --version) echo 'Python 3.11.9' ;;
  '-m venv .venv') mkdir -p .venv/bin .venv/lib/python3.11/site-packages && cp "$0" .venv/bin/python ;;
  *)
    lock=$(basename "${!#}" .txt)
    echo "$lock" >> "$CALLS"
    if [[ $lock == "$BREAK" ]]; then eval "$HOW"; fi
    echo 'Installing collected packages: all'
    ;;
esac
"""
BREAKS = {
    "killed": "echo 'Installing collected packages'; kill -KILL $PPID; exit 1",
    "interrupted": "echo 'Installing collected packages'; kill -INT $PPID; sleep 0.1; exit 1",
    "failed halfway": "echo 'Installing collected packages'; echo 'No space left on device' >&2; exit 1",
}


class Checkout:
    """A folder with the scripts and small locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "requirements", folder / "requirements", ignore=shutil.ignore_patterns("*.txt"))
        for lock in ("cpu", "gpu", "dev", "torch-cpu"):
            (folder / "requirements" / f"{lock}.txt").write_text(f"{lock}==1\n")
        self.python = folder / "fake-python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def install(self, *locks: str, stop: str = "", how: str = "") -> subprocess.CompletedProcess[str]:
        calls = {"PYTHON": str(self.python), "CALLS": str(self.folder / "calls"), "BREAK": stop, "HOW": how}
        return subprocess.run(
            ["bash", str(self.folder / "requirements" / "install.sh"), *locks],
            env={"PATH": os.environ["PATH"], "NVIDIA_DRIVER": "unchecked", **calls},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def installed(self, *locks: str) -> list[str]:
        """Install; the locks that pip was called for."""
        (self.folder / "calls").write_text("")
        outcome = self.install(*locks)
        assert outcome.returncode == 0, outcome.stderr
        return (self.folder / "calls").read_text().split()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_what_is_there_is_not_installed_again_however_old_it_is(checkout: Checkout) -> None:
    assert checkout.installed("cpu") == ["cpu"]
    assert checkout.installed("cpu", "dev") == ["dev"]
    for path in (checkout.folder / "requirements").iterdir():
        os.utime(path)  # as in a new clone
    outcome = checkout.install("cpu", "dev")
    assert (outcome.stdout, outcome.stderr) == ("", "")
    assert checkout.installed("cpu", "dev") == checkout.installed("cpu") == []


@pytest.mark.parametrize("changed", ["cpu", "dev", "torch-cpu"])
def test_another_lock_means_another_environment(changed: str, checkout: Checkout) -> None:
    everything = ["cpu", "dev", "torch-cpu"]
    assert checkout.installed(*everything) == everything
    lock = checkout.folder / "requirements" / f"{changed}.txt"
    times = lock.stat()
    lock.write_text("other==2\n")
    os.utime(lock, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert checkout.installed(*everything) == everything


def test_gpu_and_cpu_take_the_place_of_each_other(checkout: Checkout) -> None:
    assert checkout.installed("cpu", "dev") == ["cpu", "dev"]
    assert checkout.installed("gpu") == ["gpu"]
    assert checkout.installed("gpu") == []
    assert checkout.installed("cpu") == ["cpu"]


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("lock", ["cpu", "dev", "torch-cpu"])
def test_what_was_cut_off_begins_again_from_nothing(lock: str, how: str, checkout: Checkout) -> None:
    everything = ["cpu", "dev", "torch-cpu"]
    broken = checkout.install(*everything, stop=lock, how=BREAKS[how])
    assert broken.returncode != 0
    leftover = checkout.folder / ".venv" / "leftover"
    leftover.touch()
    assert checkout.installed(*everything) == everything
    assert not leftover.exists()


def test_an_addition_that_cannot_be_fetched_leaves_what_is_there(checkout: Checkout) -> None:
    checkout.installed("cpu")
    outcome = checkout.install("cpu", "dev", stop="dev", how="echo 'no route to host' >&2; exit 1")
    assert (outcome.returncode, outcome.stderr) == (1, "no route to host\n")
    assert checkout.installed("cpu") == []
    assert checkout.installed("cpu", "dev") == ["dev"]


def test_without_a_build_of_pytorch_the_rest_stays(checkout: Checkout) -> None:
    how = "echo 'ERROR: No matching distribution found for torch' >&2; exit 1"
    outcome = checkout.install("cpu", "dev", "torch-cpu", stop="torch-cpu", how=how)
    assert outcome.returncode == 0
    assert "the tests on the torch backend will be skipped" in outcome.stdout
    assert checkout.installed("cpu", "dev") == []


def test_a_lock_that_is_not_there_is_named_and_costs_nothing(checkout: Checkout) -> None:
    checkout.installed("cpu")
    outcome = checkout.install("tpu")
    assert (outcome.returncode, outcome.stderr) == (1, "error: no lock requirements/tpu.txt: LOCK is cpu or gpu\n")
    assert checkout.installed("cpu") == []


def test_the_packages_are_found_by_a_way_that_moves_with_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    checkout.installed("cpu")
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    (checkout.folder / ".venv").rename(tmp_path / "venv")
    moved.mkdir()
    (tmp_path / "venv").rename(moved / ".venv")
    code = "import site, sys; site.addsitedir(sys.argv[1]); print(sys.path[-1])"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code, str(moved / ".venv" / "lib" / "python3.11" / "site-packages")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == str(moved)


@pytest.mark.skipif(not (ROOT / ".venv" / "contents").exists(), reason=".venv was not made by requirements/install.sh")
def test_a_script_anywhere_finds_the_packages_of_this_checkout(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import paper_optimizers, reproduce\nprint(paper_optimizers.__file__, reproduce.__file__)\n")
    found = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "python"), str(script)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [str(ROOT / name / "__init__.py") for name in ("paper_optimizers", "reproduce")]


@pytest.mark.parametrize(
    ("driver", "arguments", "status", "said"),
    [
        ("525.60.13", ["--required"], 0, ""),
        ("580.95.05", ["--required"], 0, ""),
        ("1000.1", [], 0, ""),
        ("525.60.11", [], 1, "NVIDIA's driver is 525.60.11 here, and the packages for GPUs need 525.60.13 or newer"),
        ("470.256.02", ["--required"], 1, "update the driver first"),
        (None, [], 0, "note: no NVIDIA driver answers here (nvidia-smi): a GPU needs driver 525.60.13 or newer"),
        (None, ["--required"], 1, "error: no NVIDIA driver answers here"),
    ],
)
def test_the_driver_is_compared_with_the_least_one(
    driver: str | None, arguments: list[str], status: int, said: str, tmp_path: Path
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/usr/bin/env bash\n" + (f"echo {driver}; echo {driver}" if driver else "exit 9") + "\n")
    program.chmod(0o755)
    search = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["bash", str(ROOT / "requirements" / "nvidia_driver.sh"), *arguments]
    outcome = subprocess.run(command, env=search, capture_output=True, text=True, check=False)
    assert outcome.returncode == status
    assert said in outcome.stdout + outcome.stderr
    assert bool(said) == bool(outcome.stdout + outcome.stderr)
    unchecked = {**search, "NVIDIA_DRIVER": "unchecked"}
    assert subprocess.run(command, env=unchecked, capture_output=True, check=True).stderr == b""
