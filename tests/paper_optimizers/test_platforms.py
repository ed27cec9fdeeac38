"""The package on what Windows and macOS differ in, as far as another system can show it.

There a process cannot be forked, has no `fcntl` and no set of processors, reads text in another encoding than UTF-8,
and cannot keep two files apart by the case of their letters.
"""

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path, PureWindowsPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "paper_optimizers"
#: What a user does with the package, in a file, as a spawned process has to find its functions again.
PROGRAM = '''
import importlib.util, locale, multiprocessing, os, sys, warnings

POSIX = ("fcntl", "grp", "posix", "pwd", "resource", "termios")


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in POSIX:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def make_another_system():
    """Libraries keep what they have; from here on nothing more of POSIX is imported or called."""
    sys.meta_path.insert(0, Absent())
    for name in POSIX[:1]:
        sys.modules.pop(name, None)
    for name in ("fork", "forkpty", "sched_getaffinity", "getuid", "uname"):
        delattr(os, name)
    if sys.version_info >= (3, 13):  # It asks for the affinity, where the system has one.
        os.process_cpu_count = os.cpu_count
    multiprocessing.set_start_method("spawn", force=True)
    assert locale.getencoding().lower() not in ("utf-8", "utf8"), locale.getencoding()
    warnings.filterwarnings("error", category=EncodingWarning, module="paper_optimizers")


def fingerprint(name):
    import paper_optimizers as po

    return po.get(name).fingerprint()


def step_in_torch():
    import torch
    from paper_optimizers.torch import Opt9

    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    Opt9([weight], lr=0.1, total_steps=4, warmup_steps=0).step()
    assert bool((weight < 1).all())


def step_in_optax():
    import jax.numpy as jnp
    from paper_optimizers.optax import opt9

    weight, transformation = jnp.ones(2), opt9(0.1, total_steps=4, warmup_steps=0)
    change, _ = transformation.update(weight, transformation.init(weight), weight)
    assert bool((change < 0).all())


if __name__ == "__main__":
    import keras
    import matplotlib
    import numpy as np

    steps = {"torch": step_in_torch, "optax": step_in_optax}
    there = [name for name in steps if importlib.util.find_spec(name)]
    for name in there:
        importlib.import_module(name)

    make_another_system()
    import paper_optimizers as po

    for name in po.names():
        spec = po.get(name)
        assert po.OptimizerSpec.from_json(spec.to_json()).fingerprint() == spec.fingerprint()
        assert po.from_text(spec.to_text()).fingerprint() == spec.fingerprint()
        assert spec.to_latex() and po.describe(name).equation
    assert [po.describe_schedule(name).equation for name in po.schedule_names()]
    for name in ("opt4", "OPT4", "lr1"):  # names of files, where case does not count
        try:
            po.get(name)
        except KeyError as error:
            assert repr(name) in str(error)
        else:
            raise AssertionError(name)
    assert po.get("Opt4").draw("optimizer.svg").stat().st_size > 1000

    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(po.Opt9(0.01, total_steps=4, warmup_steps=1), "mse")
    images, labels = np.ones((8, 2), "float32"), np.zeros((8, 1), "float32")
    model.fit(images, labels, batch_size=4, epochs=1, verbose=0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(model.optimizer))
    assert type(again) is po.Opt9

    for name in there:
        steps[name]()

    with multiprocessing.Pool(1) as pool:
        assert pool.map(fingerprint, ["Opt9"]) == [po.get("Opt9").fingerprint()]
    print("done", *there)
'''
#: Names that Windows keeps for devices.
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


@pytest.mark.skipif(sys.platform == "win32", reason="takes away what is not there")
def test_what_users_do_needs_neither_fork_nor_posix_nor_utf_8_as_default(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    pytest.importorskip("matplotlib")
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "USERNAME": "user"}  # As Windows has it.
    outcome = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", str(script)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, **plain, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    there = [name for name in ("torch", "optax") if importlib.util.find_spec(name)]
    assert outcome.stdout.split() == ["done", *there]


@pytest.mark.parametrize(
    "folder", ["paper_optimizers", "reproduce", "artifact", "docs", "tests", "requirements", "docker"]
)
def test_file_names_differ_by_more_than_case_and_are_allowed_everywhere(folder: str) -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    assert paths
    assert [name for name, count in Counter(str(path).casefold() for path in paths).items() if count > 1] == []
    for path in paths:
        for part in path.parts:
            assert part.partition(".")[0].casefold() not in DEVICES
            assert not set('<>:"|?*\\') & set(part)
            assert part == part.rstrip(" .")
    assert max(len(PureWindowsPath(path).as_posix()) for path in paths) < 160  # of 260, with the folder it lies in


def test_no_source_asks_for_a_system_by_name() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in ("import fcntl", "os.fork", "os.name", "sys.platform", "/tmp") if word in text], (
            path
        )
