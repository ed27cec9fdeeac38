"""The cost of importing the package, and what it drags in, each measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = """
spec = po.from_text("Nest ~ tanh([a1][g])")
po.OptimizerSpec.from_json(spec.to_json())
spec.to_latex(), spec.fingerprint(), po.get("Opt4"), po.describe_schedule("LR1"), dir(po)
po.NumpyOptimizer(po.get("Opt9"), total_steps=3)
"""
HEAVY = "{'keras', 'tensorflow', 'jax', 'torch', 'scipy', 'matplotlib', 'pandas', 'sklearn', 'reproduce'}"


def run(code: str) -> str:
    """The output of ``code``, run by a fresh interpreter from the repository's root."""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def test_nothing_heavy_is_imported() -> None:
    assert run(f"import sys, paper_optimizers as po\n{PURE}\nprint(sorted({HEAVY} & sys.modules.keys()))") == "[]\n"


def test_specs_need_no_keras() -> None:
    """Where Keras cannot be imported everything but its classes works, and asking for these says what is missing."""
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import paper_optimizers as po
{PURE}
try:
    po.Opt1
except ModuleNotFoundError as error:
    print(error)
"""
    message = "paper_optimizers.keras needs Keras, which is not installed: pip install paper-optimizers\n"
    assert run(code) == message


def test_after_keras_the_classes_are_registered_at_once_and_the_time_it_adds() -> None:
    """Keras staying, the package is dropped and imported five times more.

    The time is the processor's: the clock's depends on what else runs.
    """
    code = """
import json, sys, time
import keras
import paper_optimizers as po

def check():
    document = {"class_name": "paper_optimizers>Opt1", "config": {"learning_rate": 0.1}}
    assert isinstance(keras.optimizers.get(document), po.Opt1)
    assert not [name for name in po.__all__ if not hasattr(po, name)]
    assert set(po.__all__) <= set(dir(po))
    assert not hasattr(po, "nonsense")

check()
sys.dont_write_bytecode = False  # as where it is installed: compiled once
times = []
for _ in range(6):
    for name in [name for name in sys.modules if name.partition(".")[0] == "paper_optimizers"]:
        del sys.modules[name]
    start = time.process_time()
    import paper_optimizers as po
    times.append(time.process_time() - start)
    check()
print(json.dumps(times[1:]))  # the first may have had to compile the package
"""
    times = json.loads(run(code))
    assert median(times) < 0.1, times


@pytest.mark.parametrize(
    "line",
    [
        "import keras",
        "import paper_optimizers.keras",
        "from paper_optimizers.keras.namespace import KERAS",
        "from paper_optimizers import EvolvedSchedule",
        "from paper_optimizers import GraphOptimizer",
        "from paper_optimizers import Opt1",
    ],
)
def test_whichever_name_opens_the_door(line: str) -> None:
    document = {"class_name": "paper_optimizers>Opt2", "config": {"learning_rate": 0.1}}
    check = f"keras.optimizers.get({document})"
    assert run(f"{line}\nimport keras, paper_optimizers\nprint(type({check}) is paper_optimizers.Opt2)") == "True\n"


def test_before_keras_the_package_waits_to_be_asked() -> None:
    code = """
import paper_optimizers as po
import keras

print(keras.saving.get_registered_object("paper_optimizers>Opt1"))
print(po.Opt1 is po.keras.Opt1 is keras.saving.get_registered_object("paper_optimizers>Opt1"))
"""
    assert run(code) == "None\nTrue\n"
