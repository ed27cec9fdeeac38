"""The schedules as schedulers of torch: with our optimizers, saved and loaded, and the run that they bring."""

from typing import Any

import pytest

from tests.paper_optimizers.torch.worlds import assert_close, door, give_gradients, parameters, torch

schedulers = torch.optim.lr_scheduler


def run(optimizer, scheduler, params, steps) -> None:
    for step in steps:
        give_gradients(params, step)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


@pytest.mark.parametrize("name", ["Opt1", "Opt9", "Opt10"])
def test_a_scheduler_is_what_warmup_steps_are(name: str) -> None:
    """Rate, decays and one-cycle momentum follow the scheduler's run."""
    ours, theirs = parameters(), parameters()
    one = door.create(name, ours, lr=0.05, total_steps=12, warmup_steps=3, hold_steps=2)
    other = door.create(name, theirs, lr=0.05, total_steps=12)
    run(one, None, ours, range(14))
    run(other, door.WarmupHoldCosine(other, 12, 3, 2), theirs, range(14))
    assert_close(ours, theirs, 1e-6)


def test_a_scheduler_brings_the_length_of_the_run() -> None:
    optimizer = door.Opt1(parameters(), lr=0.1)
    door.LR1(optimizer, 12, warmup_steps=3)
    assert [optimizer.param_groups[0][key] for key in ("total_steps", "warmup_steps")] == [12, 3]


def test_a_run_that_is_saved_goes_on() -> None:
    whole, halves = parameters(), parameters()
    optimizer = door.Opt9(whole, lr=0.05, total_steps=12)
    run(optimizer, door.LR7(optimizer, 12, 2), whole, range(8))
    first = door.Opt9(halves, lr=0.05, total_steps=12)
    scheduler = door.LR7(first, 12, 2)
    run(first, scheduler, halves, range(4))
    second = door.Opt9(halves, lr=0.05, total_steps=12)
    again = door.LR7(second, 12, 2)
    second.load_state_dict(first.state_dict())
    again.load_state_dict(scheduler.state_dict())
    run(second, again, halves, range(4, 8))
    assert_close(halves, whole)


def test_torchs_own_optimizers_and_rates_that_are_tensors() -> None:
    numbers = torch.optim.Adam(parameters(), lr=0.1)
    tensors = torch.optim.Adam(parameters(), lr=torch.tensor(0.1), foreach=False)
    schedules = [door.EvolvedSchedule(each, "LR3", 10, 2) for each in (numbers, tensors)]
    for _ in range(12):
        for each, schedule in zip((numbers, tensors), schedules, strict=True):
            each.step()
            schedule.step()
        rates = [float(each.param_groups[0]["lr"]) for each in (numbers, tensors)]
        assert rates[0] == pytest.approx(rates[1], rel=1e-6)
    assert schedules[0].get_last_lr() == [numbers.param_groups[0]["lr"]]


def test_an_unknown_schedule() -> None:
    with pytest.raises(KeyError, match="did you mean 'LR1'"):
        door.EvolvedSchedule(door.Opt1(parameters(), lr=0.1), "lr1", 10)


def test_what_is_applied() -> None:
    optimizer = door.Opt4(parameters(), lr=0.1, total_steps=10, warmup_steps=2)
    nesterov = door.Opt9(parameters(), lr=0.1, total_steps=10, warmup_steps=2)
    assert optimizer.applied_learning_rates() == [0.0]
    assert optimizer.applied_momenta() == [None]
    assert nesterov.applied_momenta() == [pytest.approx(0.95)]


def test_a_longer_run() -> None:
    """A run that is over is made longer by assigning to its groups."""
    params = parameters()
    optimizer = door.Opt7(params, lr=0.1, total_steps=4, warmup_steps=1)
    run(optimizer, None, params, range(4))
    over = optimizer.applied_learning_rates()
    for group in optimizer.param_groups:
        group["total_steps"] = 8
    assert optimizer.applied_learning_rates() > over


def one_cycle(optimizer: Any, **arguments: Any) -> Any:
    return schedulers.OneCycleLR(optimizer, max_lr=0.1, total_steps=10, **arguments)


def cyclic(optimizer: Any, **arguments: Any) -> Any:
    return schedulers.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=3, **arguments)


def sequential(optimizer: Any) -> Any:
    parts = [schedulers.LinearLR(optimizer, 0.1, total_iters=3), schedulers.CosineAnnealingLR(optimizer, 7)]
    return schedulers.SequentialLR(optimizer, parts, milestones=[3])


@pytest.mark.parametrize(
    ("name", "make", "arguments"),
    [
        ("Opt1", one_cycle, {"cycle_momentum": False}),
        ("Opt9", one_cycle, {}),
        ("Momentum", one_cycle, {}),
        ("Opt1", cyclic, {"cycle_momentum": False}),
        ("Opt10", cyclic, {}),
        ("Opt9", sequential, {}),
        ("Opt7", schedulers.CosineAnnealingLR, {"T_max": 9}),
        ("A5", schedulers.ReduceLROnPlateau, {"patience": 1}),
    ],
)
def test_torchs_schedulers_set_rate_and_momentum(name: str, make: Any, arguments: dict[str, Any]) -> None:
    """As an optimizer of torch is told, so by hand: the same rates, and momenta where these are set."""
    shapes = ((3, 2), (2,))
    ours, theirs = parameters(shapes=shapes), parameters(shapes=shapes)
    optimizer, by_hand = (door.create(name, each, lr=0.1, total_steps=12) for each in (ours, theirs))
    plain = torch.optim.SGD(parameters(shapes=shapes), lr=0.1, momentum=0.5)
    pair = make(plain, **arguments), make(optimizer, **arguments)
    said, told, given = (each.param_groups[0] for each in (plain, optimizer, by_hand))
    rates = []
    for step in range(10):
        given["lr"] = said["lr"]
        given["momentum"] = None if told["momentum"] is None else said["momentum"]
        rates.append(told["lr"])
        for each, params in ((optimizer, ours), (by_hand, theirs)):
            give_gradients(params, step)
            each.step()
        plain.step()
        for scheduler in pair:
            scheduler.step(*([1.0] if make is schedulers.ReduceLROnPlateau else []))
    assert len(set(rates)) > 2
    assert (told["momentum"] is not None) == (make in (one_cycle, cyclic) and not arguments)
    assert_close(ours, theirs)


@pytest.mark.parametrize("make", [one_cycle, cyclic])
def test_momentum_that_a_scheduler_sets_where_there_is_none(make: Any) -> None:
    params = parameters()
    optimizer = door.Opt1(params, lr=0.1)
    make(optimizer)
    give_gradients(params, 0)
    said = r"no momentum to set; received momentum=0\.9.*pass cycle_momentum=False to the scheduler$"
    with pytest.raises(ValueError, match=said):
        optimizer.step()
    assert optimizer.param_groups[0]["updates"] == 0
