"""Wrong calls are refused, and the message says what was received, what is expected and how to mend it."""

import re
import warnings
from typing import Any

import pytest

import paper_optimizers as po
from tests.paper_optimizers.torch.worlds import EVERYTHING, door, give_gradients, parameters, torch

KNOWN = (
    "expected one of capturable, decay, foreach, hold_steps, lr, maximize, momentum, seed, total_steps, warmup_steps, "
    "weight_decay"
)


def param() -> Any:
    return parameters(shapes=((2,),))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Opt9 needs lr"),
        ({"lr": 0.1}, "pass total_steps="),
        ({"lr": -1.0, "total_steps": 9}, "lr must be a finite number of at least 0; received -1.0"),
        ({"lr": lambda: 0.1, "total_steps": 9}, "A schedule is a torch LRScheduler"),
        ({"lr": torch.ones(2), "total_steps": 9}, "tensor of one element"),
        ({"lr": 0.1, "total_steps": 0}, "total_steps must be an integer of at least 1; received 0"),
        ({"lr": 0.1, "warmup_steps": 3}, "pass total_steps= with them"),
        ({"lr": 0.1, "total_steps": 9, "warmup_steps": 9}, "must be less than total_steps"),
        ({"lr": 0.1, "total_steps": 9, "momentum": 1.5}, "received 1.5"),
        (
            {"lr": 0.1, "total_steps": 9, "decay": 0.9},
            "decay says whether .*; received 0.9. For a learning rate that decays, use a scheduler",
        ),
        ({"lr": 0.1, "total_steps": 9, "weight_decay": -1}, "weight_decay must be a finite number of at least 0"),
        ({"lr": 0.1, "total_steps": 9, "maximize": 1}, "maximize must be True or False; received 1"),
        ({"lr": 0.1, "total_steps": 9, "foreach": "yes"}, "foreach must be True or False"),
        ({"lr": 0.1, "total_steps": 9, "seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        door.Opt9(param(), **arguments)


def test_arguments_of_one_group() -> None:
    with pytest.raises(ValueError, match="lr must be a finite number"):
        door.Opt1([{"params": param(), "lr": float("nan")}], lr=0.1)
    optimizer = door.Opt1(param(), lr=0.1)
    with pytest.raises(ValueError, match="pass total_steps="):
        optimizer.add_param_group({"params": param(), "spec": "Opt9"})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: door.GraphOptimizer(po.get("Opt4"), param(), lr=0.1), "received a spec as params; .* spec, lr="),
        (lambda: door.GraphOptimizer(po.get("Opt4").to_dict(), 0.1), r"come first: GraphOptimizer\(model.parameters"),
        (lambda: door.GraphOptimizer("Opt4", param(), lr=0.1), "received 'Opt4' as params"),
        (lambda: door.Opt6(0.1, total_steps=9), r"received 0.1 as params; .* Opt6\(model.parameters\(\), lr="),
    ],
)
def test_the_order_of_other_frameworks(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_keras_limits_of_gradients_are_answered_with_what_does_it_here() -> None:
    said = r"received clipnorm=1; to clip gradients in PyTorch, call torch.nn.utils.clip_grad_norm_\(model.param"
    for make in (lambda: door.Opt4(param(), lr=1, clipnorm=1), lambda: door.create("Opt4", param(), lr=1, clipnorm=1)):
        with pytest.raises(TypeError, match=said):
            make()


def test_momentum_where_there_is_none() -> None:
    with pytest.raises(ValueError, match=r"no momentum to set; received momentum=0\.9"):
        door.Opt1(param(), lr=0.1, momentum=0.9)


@pytest.mark.parametrize("name", ["Otp4", "opt4"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(KeyError, match="did you mean 'Opt4'"):
        door.create(name, param(), lr=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": 2}, "received learning_rate=2; PyTorch calls it lr: write lr=2"),
        ({"lr": 2, "total_step": 9}, "received total_step=9; did you mean 'total_steps'?"),
        (
            {"lr": 2, "spec": "Opt1"},
            "received spec='Opt1'; Opt6 has the catalog's spec: for another use GraphOptimizer",
        ),
        ({"lr": 2, "total": 9}, "received total=9; did you mean 'total_steps'?"),
        ({"lr": 2, "fused": True}, f"received fused=True; {KNOWN}"),
        ({"lr": 2, "max_norm": 1}, f"received max_norm=1; {KNOWN}"),
        ({"lr": 2, "steps": 9}, f"received steps=9; {KNOWN}"),
    ],
)
def test_an_argument_that_is_none(arguments: dict[str, Any], message: str) -> None:
    for make in (door.Opt6, lambda *args, **kwargs: door.create("Opt6", *args, **kwargs)):
        with pytest.raises(TypeError, match=f"^argument not recognized by Opt6: {re.escape(message)}$"):
            make(param(), **arguments)


@pytest.mark.parametrize("arguments", [{"spec": "Opt6"}, {"spec": "Opt1", "warmup_steps": 0}])
def test_a_step_past_the_end_warns_once(arguments: dict[str, Any]) -> None:
    params = param()
    give_gradients(params, 0)
    optimizer = door.GraphOptimizer(params, lr=0.1, total_steps=2, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            optimizer.step()
        with pytest.warns(UserWarning, match=r"update 3 of a run of total_steps=2: .* needs a larger") as caught:
            optimizer.step()
        optimizer.step()
    assert [each.filename for each in caught] == [__file__]


@pytest.mark.parametrize(
    ("spec", "arguments", "constant"),
    [
        ("Opt1", {"warmup_steps": 0}, "the rate keeps its last value"),
        ("Opt6", {}, "the schedule factor and decay functions keep their last values"),
        ("Opt9", {}, "decay functions and momentum keep their last values"),
        ("Opt9", {"momentum": 0.9}, "decay functions keep their last values"),
        ("Opt9", {"decay": False, "hold_steps": 0}, "the rate and momentum keep their last values"),
    ],
)
def test_a_step_past_the_end_names_what_stays(spec: str, arguments: dict[str, Any], constant: str) -> None:
    for given, title in ((spec, spec), (po.get(spec), "the optimizer")):
        params = param()
        give_gradients(params, 0)
        optimizer = door.GraphOptimizer(params, given, 0.1, total_steps=1, **arguments)
        optimizer.step()
        message = (
            f"{title} takes update 2 of a run of total_steps=1: from its end on {constant}. total_steps counts "
            "updates, which are epochs times batches per epoch; a longer run needs a larger number"
        )
        with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
            optimizer.step()


def test_a_warning_that_is_an_error_leaves_all_groups_at_one_step() -> None:
    groups: list[dict[str, Any]] = [{"params": param(), "total_steps": total} for total in (9, 2, 2)]
    optimizer = door.Opt9(groups, lr=0.1)
    for group in groups:
        give_gradients(group["params"], 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            optimizer.step()
        before = [each.detach().clone() for group in groups for each in group["params"]]
        with pytest.raises(UserWarning, match="takes update 3 of a run of total_steps=2"):
            optimizer.step()
        after = [each for group in groups for each in group["params"]]
        assert all(map(torch.equal, before, after))
        assert [group["updates"] for group in optimizer.param_groups] == [2, 2, 2]
        optimizer.step()
    assert not any(map(torch.equal, before, after))
    assert [group["updates"] for group in optimizer.param_groups] == [3, 3, 3]


def test_a_run_resumed_past_its_end_warns_again_and_saves_nothing_of_it() -> None:
    params = param()
    give_gradients(params, 0)
    optimizer = door.Opt9(params, lr=0.1, total_steps=1)
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(3):
                optimizer.step()
        saved = optimizer.state_dict()
        optimizer = door.Opt9(params, lr=0.1, total_steps=1)
        assert saved["param_groups"][0].keys() == optimizer.state_dict()["param_groups"][0].keys()
        optimizer.load_state_dict(saved)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.warns(UserWarning, match="takes update 7 of a run of total_steps=1:"):
            optimizer.step()
        optimizer.step()


def test_a_run_made_shorter_than_it_is_warns() -> None:
    params = param()
    give_gradients(params, 0)
    optimizer = door.Opt9(params, lr=0.1, total_steps=9)
    for _ in range(3):
        optimizer.step()
    optimizer.param_groups[0]["total_steps"] = 2
    with pytest.warns(UserWarning, match="takes update 4 of a run of total_steps=2:"):
        optimizer.step()


def test_a_step_past_the_end_that_is_counted_on_the_device() -> None:
    params = param()
    give_gradients(params, 0)
    optimizer = door.Opt9(params, lr=0.1, total_steps=1, capturable=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            optimizer.step()


def test_a_step_past_the_end_of_what_follows_no_run() -> None:
    params = param()
    give_gradients(params, 0)
    optimizer = door.Opt1(params, lr=0.1, total_steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            optimizer.step()


def test_a_schedule_is_no_optimizer() -> None:
    with pytest.raises(KeyError, match="schedule"):
        door.create("LR1", param(), lr=0.1)


def test_what_is_no_spec() -> None:
    with pytest.raises(ValueError, match=r"from_text\(...\)"):
        door.GraphOptimizer(param(), "None ~ g", 0.1)
    with pytest.raises(ValueError, match="spec must be an OptimizerSpec"):
        door.GraphOptimizer(param(), 3, 0.1)  # type: ignore[arg-type]


def test_parameters_that_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="view_as_real"):
        door.Opt1([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))], lr=0.1)


def test_masks_and_counts_on_the_device() -> None:
    with pytest.raises(ValueError, match="leave capturable=True out"):
        door.GraphOptimizer(param(), EVERYTHING, 0.1, total_steps=9, capturable=True)


def test_masks_follow_the_seed() -> None:
    def moved(seed: int | None) -> Any:
        params = parameters()
        optimizer = door.GraphOptimizer(params, po.from_text("None ~ drop(g, 0.5)"), 0.1, seed=seed)
        give_gradients(params, 0)
        optimizer.step()
        return torch.cat([each.detach().reshape(-1) for each in params])

    assert torch.equal(moved(3), moved(3))
    assert not torch.equal(moved(3), moved(4))
    assert not torch.equal(moved(None), moved(None))


def test_two_schedules() -> None:
    params = param()
    optimizer = door.Opt1(params, lr=0.1, total_steps=9, warmup_steps=2)
    with pytest.raises(ValueError, match="schedule of its own"):
        door.WarmupHoldCosine(optimizer, 9)
    torch.optim.lr_scheduler.StepLR(optimizer, 3)
    give_gradients(params, 0)
    with pytest.raises(ValueError, match="leave these out, or the scheduler"):
        optimizer.step()


def test_two_runs() -> None:
    with pytest.raises(ValueError, match="contradicts the optimizer's, which is 9"):
        door.WarmupHoldCosine(door.Opt9(param(), lr=0.1, total_steps=9), 10)


def test_a_constant_rate_for_one_that_needs_a_falling_one() -> None:
    params = param()
    give_gradients(params, 0)
    with pytest.warns(
        UserWarning, match=r"Opt4 received the constant rate 0\.1 and needs a learning rate that falls to 0"
    ) as caught:
        door.Opt4(params, lr=0.1, total_steps=9).step()
    assert [each.filename for each in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        door.Opt4(params, lr=0.1, total_steps=9, warmup_steps=0).step()
        optimizer = door.Opt4(params, lr=0.1, total_steps=9)
        scheduler = door.WarmupHoldCosine(optimizer, 9)
        optimizer.step()
        scheduler.step()
