"""The checks that all doors share: the same fault is refused at each, in its framework's words."""

import importlib
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

import paper_optimizers as po
from tests.paper_optimizers.cases import EVOLVED

STEPS = "total_steps must be an integer of at least 1; received"


def at_keras(rate: Any, **arguments: Any) -> object:
    return po.GraphOptimizer(arguments.pop("spec", "Opt9"), rate, **arguments)


def at_torch(rate: Any, **arguments: Any) -> object:
    torch = pytest.importorskip("torch")
    from paper_optimizers.torch import GraphOptimizer

    return GraphOptimizer([torch.nn.Parameter(torch.ones(2))], arguments.pop("spec", "Opt9"), rate, **arguments)


def at_optax(rate: Any, **arguments: Any) -> object:
    pytest.importorskip("optax")
    from paper_optimizers.optax import graph_optimizer

    return graph_optimizer(arguments.pop("spec", "Opt9"), rate, **arguments)


DOORS = [at_keras, at_torch, at_optax]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("rate", "arguments", "message"),
    [
        (None, {"total_steps": 9}, r"needs (lr|a learning_rate): there is none that serves all optimizers"),
        (-0.1, {"total_steps": 9}, r"(lr|learning_rate) must be a finite number of at least 0; received -0\.1"),
        (0.1, {}, r"reads training progress .* does not tell it how long training is: pass total_steps=, the number"),
        (0.1, {"total_steps": 0}, f"{STEPS} 0"),
        (0.1, {"total_steps": 2.5}, rf"{STEPS} 2\.5"),
        (0.1, {"total_steps": True}, f"{STEPS} True"),
        (0.1, {"warmup_steps": 3}, "warmup_steps and hold_steps are parts of a run: pass total_steps= with them"),
        (0.1, {"hold_steps": 0}, "warmup_steps and hold_steps are parts of a run"),
        (0.1, {"total_steps": 9, "warmup_steps": -1}, "warmup_steps must be an integer of at least 0; received -1"),
        (
            0.1,
            {"total_steps": 9, "warmup_steps": 5, "hold_steps": 4},
            r"must be less than total_steps; received 5 \+ 4",
        ),
        (0.1, {"total_steps": 9, "decay": 0.9}, r"decay says whether .*; received 0\.9\. For a learning rate that dec"),
        (
            0.1,
            {"spec": "Opt1", "momentum": 0.9},
            r"this spec has no momentum to set; received momentum=0\.9: leave momentum out",
        ),
        (0.1, {"spec": 3}, "spec must be an OptimizerSpec, a catalog name or a spec's plain data; received 3"),
        (0.1, {"spec": "None ~ g"}, r"received the text 'None ~ g'; pass the spec that it says: from_text\("),
    ],
)
def test_the_same_fault_is_refused_at_every_door(
    door: Callable[..., object], rate: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        door(rate, **arguments)


@pytest.mark.parametrize(
    ("framework", "more"),
    [("torch", {"create", *(f"lr{number}" for number in range(1, 10))}), ("optax", {"graphstate"})],
)
def test_every_door_offers_what_keras_has(framework: str, more: set[str]) -> None:
    """Under the same names, which are functions at Optax: ``evolved_schedule`` for ``EvolvedSchedule``."""
    pytest.importorskip(framework)
    ours, theirs = (importlib.import_module(f"paper_optimizers.{each}") for each in ("keras", framework))
    names, others = ({name.replace("_", "").lower() for name in door.__all__} for door in (ours, theirs))
    assert others == names | more
    assert names > {name.lower() for name in EVOLVED}
    assert {*theirs.__all__} <= vars(theirs).keys()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["Opt9", "Lion"])
def test_a_missing_rate_is_answered_with_the_one_to_begin_with(door: Callable[..., object], name: str) -> None:
    rate = f"(lr|learning_rate)={po.describe(name).first_rate:g}"
    told = f"For {name} begin with the peak {rate}, or with a third of it or less"
    for spec in (name, po.get(name), po.get(name).to_dict()):
        with pytest.raises(ValueError, match=rf"{told} .*docs/choose\.md"):
            door(None, spec=spec, total_steps=9)


@pytest.mark.parametrize("door", DOORS)
def test_a_rate_out_of_range_is_answered_with_the_one_to_begin_with(door: Callable[..., object]) -> None:
    told = r"For Opt6 begin with the peak (lr|learning_rate)=6"
    with pytest.raises(
        ValueError, match=rf"{told}.*To climb instead of to descend, (negate the loss|pass maximize=True)$"
    ):
        door(-2, spec="Opt6", total_steps=9)
    with pytest.raises(ValueError, match=rf"received nan\. {told}.* without batch normalisation$"):
        door(float("nan"), spec="Opt6", total_steps=9)


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        ("paper_optimizers", "Otp9", "Opt9"),
        ("paper_optimizers", "Op6", "Opt6"),
        ("paper_optimizers.keras", "opt9", "Opt9"),
        ("paper_optimizers.torch", "Op6", "Opt6"),
        ("paper_optimizers.optax", "Opt9", "opt9"),
    ],
)
def test_a_name_that_a_module_lacks_is_answered_with_the_nearest(
    module: str, name: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if module.endswith(("torch", "optax")):
        pytest.importorskip(module.rpartition(".")[2])
    found = importlib.import_module(module)
    with pytest.raises(
        AttributeError, match=f"module '{module}' has no attribute '{name}'; did you mean '{near}'"
    ) as caught:
        getattr(found, name)
    sys.__excepthook__(caught.type, caught.value, None)  # Python may add a hint of its own.
    assert capsys.readouterr().err.lower().count("did you mean") == 1
    with pytest.raises(AttributeError, match=r"no attribute 'zzzzzz'$"):
        _ = found.zzzzzz


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        ("paper_optimizers", "Adam", "the catalog has it: GraphOptimizer('Adam', ...)"),
        ("paper_optimizers.keras", "lion", "the catalog has it: GraphOptimizer('Lion', ...)"),
        ("paper_optimizers.torch", "Adam", "the catalog has it: create('Adam', model.parameters(), lr=...)"),
        ("paper_optimizers.optax", "lion", "the catalog has it: graph_optimizer('Lion', ...)"),
        ("paper_optimizers.torch", "Prodigy", "frameworks have it: optax.contrib.prodigy, with safeguard_warmup=True"),
    ],
)
def test_an_optimizer_without_a_class_is_answered_with_what_makes_it(module: str, name: str, said: str) -> None:
    if module.endswith(("torch", "optax")):
        pytest.importorskip(module.rpartition(".")[2])
    with pytest.raises(AttributeError, match=re.escape(f"has no attribute '{name}'; {said}")):
        getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("door", DOORS)
def test_a_rate_that_was_measured_with_decays_is_not_told_without_them(door: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="No rate was measured for this spec"):
        door(None, spec="Opt6", total_steps=9, decay=False)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("spec", ["Opt1-released", po.from_text("None ~ tanh(g)")])
def test_a_missing_rate_that_was_never_measured_is_answered_with_a_grid(door: Callable[..., object], spec: Any) -> None:
    with pytest.raises(
        ValueError, match=r"No rate was measured for this spec: try a grid, such as (lr|learning_rate)="
    ):
        door(None, spec=spec)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("spec", ["Opt9", po.get("Opt9"), po.get("Opt9").to_dict()])
def test_a_spec_may_be_given_in_three_forms(door: Callable[..., object], spec: Any) -> None:
    assert door(0.1, spec=spec, total_steps=9, warmup_steps=2) is not None
    with pytest.raises(KeyError, match="did you mean 'Opt9'"):
        door(0.1, spec="Opt_9", total_steps=9)
