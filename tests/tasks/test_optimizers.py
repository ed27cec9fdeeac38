import pytest

from paper_optimizers import describe_schedule, get
from reproduce.errors import ProtocolError
from reproduce.study.protocol import OptimizerSettings
from reproduce.tasks.optimizers import (
    KERAS,
    OPTAX,
    _entrant,
    make_entrant,
    make_optimizer,
    roster,
    spec_of,
)
from reproduce.tasks.schedules import schedule_factor
from reproduce.training.settings import RunLength

LENGTH = RunLength(total_steps=50, warmup_steps=10, hold_steps=5)


def test_an_entrant_says_what_its_name_says() -> None:
    settings = OptimizerSettings(
        catalog=("Opt7", "Opt7-nodecay", "A1+LR3", "Opt4-nodecay+LR2"),
        keras=("Adam", "Adam+LR1", "Nadam"),
        reference="Adam",
    )
    found = [(each.base, each.kind, each.decay, each.schedule) for each in settings.entrants]
    assert found == [
        ("Opt7", "catalog", True, None),
        ("Opt7", "catalog", False, None),
        ("A1", "catalog", True, "LR3"),
        ("Opt4", "catalog", False, "LR2"),
        ("Adam", "keras", True, None),
        ("Adam", "keras", True, "LR1"),
        ("Nadam", "keras", True, None),
    ]
    prints = [entrant.fingerprint for entrant in settings.entrants]
    assert prints[0] == get("Opt7").fingerprint()
    assert prints[-1] is None
    assert len(set(prints)) == len(prints)


def test_transformations_are_a_kind_of_their_own() -> None:
    found = roster((), ("Nadam",), (*OPTAX, "Adan+LR2"))
    assert [each.kind for each in found] == ["keras", *["optax"] * (len(OPTAX) + 1)]
    assert [spec_of(each) for each in found] == [None] * len(found)
    assert len({each.fingerprint for each in found}) == len(found)
    factor = describe_schedule("LR2").factor
    assert [schedule_factor(each) for each in found[-2:]] == [None, factor]


def test_a_schedule_that_no_spec_holds_is_in_the_fingerprint() -> None:
    names = ("Adam", "Adam+linear", "Adam+LR2")
    plain, scaled = (roster((), names, ("Adan", "Adan+linear", "Adan+LR2"), equal_mean=each) for each in (False, True))
    assert [each.equal_mean for each in scaled] == [False, True, True] * 2
    prints = {each.fingerprint for each in (*plain, *scaled)}
    assert len(prints) == 10  # Without a schedule nothing is scaled.
    assert plain[0].fingerprint == scaled[0].fingerprint == get("Adam").fingerprint()
    assert plain[3].fingerprint == scaled[3].fingerprint
    assert spec_of(plain[1]) == get("Adam")


def test_a_transformation_s_fingerprint_changes_with_its_hyperparameters(monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = roster((), (), ("Adan",))
    monkeypatch.setitem(OPTAX, "Adan", {**OPTAX["Adan"], "b1": 0.97})
    _entrant.cache_clear()
    (after,) = roster((), (), ("Adan",))
    _entrant.cache_clear()
    assert before.fingerprint != after.fingerprint
    assert len(before.fingerprint) == len(after.fingerprint) == len(get("Adam").fingerprint())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Adam", "optimizers.optax: no optimizer 'Adam'; there are: Nadam, Muon, ScheduleFreeAdamW, AdEMAMix, Adan"),
        ("Nadam-nodecay", "Nadam has no decay functions"),
        ("ScheduleFreeAdamW+LR2", "ScheduleFreeAdamW comes with a schedule of its own"),
    ],
)
def test_names_that_no_transformation_has_are_named(name: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        roster((), (), (name,))


def test_specs_run_without_decays_and_with_crossed_schedules() -> None:
    bare = spec_of(make_entrant("Opt4-nodecay", "here"))
    assert bare is not None
    assert (bare.decays, bare.schedule) == ((), None)
    crossed = spec_of(make_entrant("Adam+LR6", "here"))
    assert crossed is not None
    assert crossed.schedule == describe_schedule("LR6").factor
    assert crossed.update == get("Adam").update
    assert spec_of(make_entrant("Muon", "here")) is None


@pytest.mark.parametrize(
    ("catalog", "keras", "message"),
    [
        (("Opt11",), (), "optimizers.catalog: the catalog has no optimizer called 'Opt11'; there are Opt1 to Opt10"),
        ((), ("Opt1",), "optimizers.keras: no optimizer 'Opt1'; there are: SGD"),
        (("A1-nodecay",), (), "A1 has no decay functions and no schedule factor to leave out"),
        ((), ("Adam-nodecay",), "Adam has no decay functions"),
        (("A1+LR10",), (), r"'A1\+LR10' ends in no schedule; there are: LR1"),
        (("A1+",), (), "ends in no schedule"),
        (("Opt4+LR2",), (), "Opt4 comes with a schedule of its own"),
        ((), ("ScheduleFreeAdamW+LR2",), "ScheduleFreeAdamW comes with a schedule of its own"),
    ],
)
def test_names_that_fit_nothing_are_named(catalog: tuple[str, ...], keras: tuple[str, ...], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        roster(catalog, keras)


@pytest.mark.parametrize("name", [*KERAS, "Opt7-nodecay", "A1+LR1", "SGD+LR2"])
def test_every_optimizer_can_be_made_with_a_rate_that_can_be_set(name: str) -> None:
    optimizer = make_optimizer(make_entrant(name, "here"), LENGTH)
    optimizer.learning_rate.assign(0.25)
    assert float(optimizer.learning_rate) == 0.25
