"""The door refuses wrong arguments, and says why; schedules; masks of dropout; what is imported."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optax", reason="Optax is not installed: pip install 'paper-optimizers[optax]'")
import jax
import jax.numpy as jnp
import optax

import paper_optimizers as po
import paper_optimizers.optax as door
from paper_optimizers.optax import evolved_schedule, graph_optimizer, warmup_hold_cosine
from tests.paper_optimizers.cases import EVOLVED, RELEASED, released_schedules
from tests.paper_optimizers.formulas import base_rates
from tests.paper_optimizers.optax.cases import close, made, tree, walk

ROOT = Path(__file__).resolve().parents[3]


def test_an_argument_that_is_none() -> None:
    with pytest.raises(TypeError, match="by opt9: received lr=2; Optax calls it learning_rate: write learning_rate=2"):
        door.opt9(lr=2)
    message = (
        "^argument not recognized by opt9: received spec='Opt1'; opt9 has the catalog's spec: for another use graph_"
    )
    with pytest.raises(TypeError, match=message):
        door.opt9(spec="Opt1")
    with pytest.raises(TypeError, match=r"received clipnorm=1; to clip gradients in Optax, put optax.clip_by_global_"):
        door.opt4(1, clipnorm=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"spec": "Opt1"}, "Opt1 needs a learning_rate"),
        ({"spec": "Opt1", "learning_rate": -1.0}, "learning_rate must be a finite number of at least 0; received -1.0"),
        ({"spec": "Opt1", "learning_rate": "high"}, "a schedule of Optax; received 'high'"),
        ({"spec": "Opt9", "learning_rate": 0.1}, "Opt9 reads training progress.*pass total_steps="),
        ({"spec": "Opt1", "learning_rate": 0.1, "warmup_steps": 3}, "pass total_steps= with them"),
        ({"spec": "Opt1", "learning_rate": 0.1, "total_steps": 2.5}, "total_steps must be an integer of at least 1"),
        ({"spec": "Opt1", "learning_rate": 0.1, "total_steps": 5, "warmup_steps": 5}, "must be less than total_steps"),
        ({"spec": "Opt1", "learning_rate": 0.1, "momentum": 0.9}, "no momentum to set; received momentum=0.9"),
        ({"spec": "Opt1", "learning_rate": 0.1, "decay": 0.9}, "decay says whether decay functions are applied"),
        ({"spec": "Opt1", "learning_rate": 0.1, "seed": -1}, "seed must be an integer of at least 0"),
        ({"spec": "Opt1", "learning_rate": 0.1, "weight_decay": -1.0}, "weight_decay must be a finite number"),
        ({"spec": "Opt1", "learning_rate": 0.1, "mask": True}, "pass weight_decay= with it"),
        ({"spec": "None ~ g", "learning_rate": 0.1}, "pass the spec that it says: from_text"),
        ({"spec": 3, "learning_rate": 0.1}, "spec must be an OptimizerSpec"),
        ({"spec": "Opt1", "learning_rate": optax.constant_schedule(1.0), "warmup_steps": 3}, "has its own course"),
        (
            {"spec": "Opt1", "learning_rate": warmup_hold_cosine(0.1, 9), "total_steps": 8},
            "total_steps=8 contradicts the schedule given as learning_rate, whose total_steps is 9",
        ),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        graph_optimizer(**arguments)


def test_unknown_names() -> None:
    with pytest.raises(KeyError, match="there are Opt1 to Opt10"):
        graph_optimizer("Opt44", 0.1)
    with pytest.raises(KeyError, match="there are LR1 to LR9"):
        evolved_schedule("LR10", 0.1, 10)


def test_parameters_are_needed_where_they_are_read() -> None:
    params = {"a": jnp.ones(2)}
    for name in EVOLVED:
        for decay in (None, 0.1):
            transformation = made(name, weight_decay=decay)
            state = transformation.init(params)
            if decay is None and po.describe(name).invariances.weight:
                close(transformation.update(params, state)[0], transformation.update(params, state, params)[0])
            else:
                with pytest.raises(ValueError, match=f"{name} reads the parameters and received none: call update"):
                    transformation.update(params, state)


def test_only_floating_parameters() -> None:
    with pytest.raises(TypeError, match=r"received int32 at \['a'\].*optax.masked"):
        made("Opt1").init({"a": jnp.ones(2, jnp.int32)})


def test_a_run_as_an_array_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"total_steps must be an integer of Python.*static_args="):
        optax.inject_hyperparams(door.opt9)(0.1, total_steps=10).init(jnp.ones(2))


def test_a_constant_rate_for_what_needs_a_falling_one() -> None:
    with pytest.warns(UserWarning, match="Opt4 received the constant rate 0.1") as caught:
        door.opt4(0.1, 10)
    assert [each.filename for each in caught] == [__file__]


@pytest.mark.parametrize("name", EVOLVED)
def test_each_function_is_its_catalog_entry(name: str) -> None:
    function = getattr(door, name.lower())
    assert function.__name__ == name.lower()
    assert po.describe(name).equation in function.__doc__
    run = {"total_steps": 9, "warmup_steps": 2}
    gradients = [tree(1), tree(2)]
    close(
        walk(function(0.1, **run), tree(), gradients)[-1],
        walk(graph_optimizer(po.get(name), 0.1, **run), tree(), gradients)[-1],
        0.0,
    )


def test_dropout_masks_follow_the_seed() -> None:
    spec = po.from_text("None ~ drop(g, 0.5)")
    params = {"a": jnp.zeros(64), "b": jnp.zeros(64)}
    gradients = [jax.tree.map(jnp.ones_like, params)] * 3
    first, again, other = (walk(graph_optimizer(spec, 0.1, seed=seed), params, gradients) for seed in (1, 1, 2))
    close(first, again, 0.0)
    moved = [np.asarray(each) for each in (first[0]["a"], first[0]["b"], first[1]["a"] - first[0]["a"], other[0]["a"])]
    assert all(0.2 < np.mean(each != 0) < 0.8 for each in moved)
    assert len({tuple(each != 0) for each in moved}) == 4
    unseeded = [walk(graph_optimizer(spec, 0.1), params, gradients)[-1]["a"] for _ in range(2)]
    assert not np.array_equal(*unseeded)


@pytest.mark.parametrize("name", RELEASED)
def test_schedules_are_the_published_ones(reference: Path, name: str) -> None:
    run, published = released_schedules(reference, name)
    for label, rates in published.items():
        schedule = warmup_hold_cosine(*run) if label == "base" else evolved_schedule(label, *run)
        ours = [float(schedule(step)) for step in range(run[1])]
        skipped = 0 if label == "base" else 1
        np.testing.assert_allclose(ours[skipped:], rates[skipped:], rtol=2e-6, atol=1e-6, err_msg=label)


def test_schedules_hold_their_ends() -> None:
    schedule = warmup_hold_cosine(0.1, 20, 4, 3)
    rates = base_rates(0.1, 20, 4, 3)
    np.testing.assert_allclose([float(schedule(step)) for step in range(20)], rates, rtol=1e-6, atol=1e-8)
    for far in (20, 2**40, np.int64(2**50), jnp.int32(2**31 - 1), jnp.float32(1e30), np.inf):
        assert float(schedule(far)) == float(schedule(19))
    assert float(schedule(-3)) == float(schedule(0))
    with pytest.raises(ValueError, match="count must be a number"):
        schedule(np.nan)
    with pytest.raises(ValueError, match="peak must be a positive, finite number"):
        warmup_hold_cosine(0.0, 20)
    assert float(evolved_schedule("LR8", 0.1, 20)(0)) == np.float32(1e-7)
    adam = optax.adam(evolved_schedule("LR1", 0.1, 20))
    assert walk(adam, tree(), [tree(1)])


def test_a_schedule_brings_its_run() -> None:
    gradients = [tree(1), tree(2)]
    schedule = walk(door.opt9(warmup_hold_cosine(0.1, 9, 2)), tree(), gradients)
    close(schedule, walk(door.opt9(0.1, 9, warmup_steps=2), tree(), gradients), 0.0)


HIDING = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def _run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.strip()


def test_the_door_needs_no_other_framework() -> None:
    hide = HIDING.format(hidden="{'keras', 'tensorflow', 'torch', 'scipy_absent'}")
    use = "import jax.numpy as jnp\nfrom paper_optimizers.optax import opt1\nprint(opt1(0.1).init(jnp.ones(2)).count)"
    assert _run(hide + use) == "0"


def test_a_missing_library_names_the_extra() -> None:
    for name in ("optax", "jax"):
        code = HIDING.format(hidden={name}) + (
            "try:\n    import paper_optimizers.optax\nexcept ModuleNotFoundError as error:\n    print(error)"
        )
        expected = f"needs JAX and Optax, and {name} is not installed: pip install 'paper-optimizers[optax]'"
        assert expected in _run(code)
