"""The catalog: everything its files say of an optimizer is measured."""

import json
from importlib import resources

import numpy as np
import pytest

import paper_optimizers as po
from paper_optimizers.catalog import entry_from_dict
from paper_optimizers.fields import OneCycle
from paper_optimizers.spec import OptimizerSpec
from tests.paper_optimizers.cases import tensors
from tests.paper_optimizers.equations import evaluate, symbols
from tests.paper_optimizers.formulas import FORMULAS, SCHEDULES, History, curves, known_curves

NAMES = [
    *(f"Opt{n}" for n in (1, "1-released", 2, 3, "3-released", 4, 5, 6, 7, 8, 9, 10)),
    *(f"A{n}" for n in range(1, 6)),
    "Adagrad", "Adam", "AdamW", "AddSign", "AddSign-cd", "AddSign-ld", "Lion", "Momentum", "Nesterov",
    "PowerSign", "PowerSign-cd", "PowerSign-ld", "RMSprop", "SGD",
]  # fmt: skip
CLASSES = [f"Opt{n}" for n in range(1, 11)] + [f"A{n}" for n in range(1, 6)]
STEPS = 12
RATES = {"on": "digits", "updates": 276, "seeds": 1, "low": 1, "high": 2.0}


def document(folder: str, name: str) -> dict:
    text = resources.files("paper_optimizers").joinpath("specs", folder, f"{name}.json").read_text("utf-8")
    return json.loads(text)


def test_names() -> None:
    assert sorted(po.names()) == sorted(NAMES)
    assert po.names()[:3] == ("Opt1", "Opt1-released", "Opt2")
    assert po.schedule_names() == tuple(f"LR{n}" for n in range(1, 10))


@pytest.mark.parametrize("name", NAMES)
def test_entries(name: str) -> None:
    entry = po.describe(name)
    assert entry.name == name
    assert entry.spec == po.get(name)
    assert entry.origin
    assert entry.description
    assert all(0 < each.low <= each.high for each in entry.rates)
    if entry.rates:
        assert entry.rate_range == (min(each.low for each in entry.rates), max(each.high for each in entry.rates))
        assert entry.rate_range[0] * 0.9 <= entry.first_rate <= entry.rate_range[1] * 1.1
    else:
        assert entry.rate_range is None
        assert entry.first_rate is None
    family = "released" if name.endswith("released") else "evolved" if name.startswith("Opt") else None
    family = family or ("adam-variant" if name in CLASSES else "baseline")
    assert entry.family == family
    assert (family == "released") <= bool(entry.deviations)
    assert entry.equation in repr(entry)
    assert "Node(" not in repr(entry)  # Shown at a prompt, it is read: the graph is in spec.


def entry_document(**changes: object) -> dict[str, object]:
    changed = {**document("optimizers", "Opt4"), **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origin": None}, "missing key 'origin'; expected the keys name, family, equation,"),
        ({"invariance": {}}, "unknown key 'invariance'; expected the keys name, family"),
        ({"origin": 7}, "origin: received 7; expected a text"),
        ({"family": "mine"}, "family: received 'mine'; expected one of evolved, adam-variant, released, baseline"),
        ({"needs": ["luck"]}, r"needs\[0\]: received 'luck'; expected one of falling_rate, clipped_gradients"),
        (
            {"rates": [{"on": "digits"}]},
            r"rates\[0\]: missing key 'high'; expected the keys on, updates, seeds, low, high",
        ),
        (
            {"invariances": "all"},
            "invariances: received 'all'; expected an object with the keys gradient_scale, odd, weight",
        ),
        (
            {"invariances": {"gradient_scale": "exact", "odd": True, "weight": True}},
            "invariances.gradient_scale: received 'exact'; expected one of invariant, proportional, none",
        ),
        (
            {"invariances": {"gradient_scale": "none", "odd": "yes", "weight": True}},
            "invariances.odd: received 'yes'; expected true or false",
        ),
        ({"needs": "falling_rate"}, "needs: received 'falling_rate'; expected a list"),
        ({"rates": {}}, "rates: received a dict; expected a list"),
        ({"rates": [RATES | {"on": 1}]}, r"rates\[0\].on: received 1; expected a text"),
        ({"rates": [RATES | {"seeds": 0}]}, r"rates\[0\].seeds: received 0; expected an integer above 0"),
        (
            {"rates": [RATES | {"low": 3}]},
            r"rates\[0\].low, rates\[0\].high: received a tuple; expected numbers above 0",
        ),
        ({"rates": [RATES | {"high": "2"}]}, r"rates\[0\].low, rates\[0\].high: "),
        ({"spec": {"version": 1}}, "spec: "),
    ],
)
def test_an_entry_that_is_none_is_refused_by_key(changes: dict[str, object], message: str) -> None:
    assert entry_from_dict(entry_document()) == po.describe("Opt4")
    with pytest.raises(po.SpecError, match=f"^{message}"):
        entry_from_dict(entry_document(**changes))


@pytest.mark.parametrize(
    ("folder", "name"), [("optimizers", name) for name in NAMES] + [("schedules", f"LR{n}") for n in range(1, 10)]
)
def test_files_are_canonical(folder: str, name: str) -> None:
    """A file is what writing it again would give, so that a change shows as a change."""
    data = document(folder, name)
    text = resources.files("paper_optimizers").joinpath("specs", folder, f"{name}.json").read_text("utf-8")
    assert text == json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    if folder == "optimizers":
        assert po.get(name).to_dict() == data["spec"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "Lion"])
def test_equations_are_true(name: str) -> None:
    """The text of the equation, evaluated, is the update that the oracle computes."""
    (weight,), gradients = tensors(11, STEPS, ((30,),))
    optimizer = po.NumpyOptimizer(po.get(name), total_steps=STEPS)
    history = []
    for step, (gradient,) in enumerate(gradients):
        history.append(gradient)
        known = symbols(History(history, weight), known_curves(step, STEPS))
        told = evaluate(po.describe(name).equation, known)
        (update,) = optimizer.updates([weight], [gradient])
        np.testing.assert_allclose(update, told, rtol=1e-10, atol=1e-15)


def longest_update(name: str, gradient: float, step: int, total: int) -> float:
    """The longest update, rate factor included, that gradients of this size give from rest at one step of a run."""
    optimizer = po.NumpyOptimizer(po.get(name), total_steps=total)
    optimizer.iterations = step
    factor = optimizer.step_values().rate_factor
    (update,) = optimizer.updates([np.ones(2)], [gradient * np.array([1.0, -1.0])])
    return float(np.abs(update).max()) * (1.0 if factor is None else float(factor))


@pytest.mark.parametrize("name", NAMES)
def test_what_an_optimizer_needs_is_what_its_updates_show(name: str) -> None:
    needs = {need.name for need in po.describe(name).needs}
    ends = [longest_update(name, 1.0, total - 1, total) for total in (1_000, 10_000)]
    assert ("falling_rate" in needs) == (ends[1] > 5.0 * ends[0])
    assert ("clipped_gradients" in needs) == (longest_update(name, 50.0, 0, 1_000) > 1e9)
    assert (name == "Opt4") == ("falling_rate" in needs)
    assert (name in ("Opt4", "Opt5")) == ("clipped_gradients" in needs)


def test_lion_s_equation() -> None:
    told = "sign(0.9 m_(t-1) + 0.1 g)"
    assert po.describe("Lion").equation == f"{told}, m the average of g with beta 0.99"
    (weight,), gradients = tensors(11, STEPS, ((30,),))
    optimizer = po.NumpyOptimizer(po.get("Lion"))
    history = []
    for (gradient,) in gradients:
        history.append(gradient)
        past = History(history, weight)
        (update,) = optimizer.updates([weight], [gradient])
        np.testing.assert_array_equal(update, evaluate(told, {"m_(t-1)": past.before(0.99), "g": gradient}))


@pytest.mark.parametrize("name", [f"LR{n}" for n in range(1, 10)])
def test_schedule_equations_are_true(name: str) -> None:
    equation = po.describe_schedule(name).equation
    for step in range(20):
        now = curves(step, 20)
        assert evaluate(equation, symbols(None, now)) == pytest.approx(SCHEDULES[name](now), rel=1e-12)


def test_the_reader_of_equations_can_say_no() -> None:
    known = {"g": 2.0, "w": 3.0, "v^": 5.0}
    assert evaluate("1 + g w / v^ - g^2 w", known) == 1 + 2 * 3 / 5 - 4 * 3
    assert evaluate("max(g, w) / (2 g)", known) == 0.75
    for wrong in ("g +", "tanh g", "(g", "g)", "q9", "g ? w", "max(g w"):
        with pytest.raises((ValueError, IndexError, KeyError)):
            evaluate(wrong, known)


def test_momentum_and_schedules() -> None:
    for name in NAMES:
        formula, spec = FORMULAS[name], po.get(name)
        assert spec.momentum.type == formula.kind
        if formula.kind != "none":
            assert spec.momentum.coefficient == (OneCycle(0.95, 0.85) if formula.momentum == "cycle" else 0.9)
        assert spec.schedule == (po.describe_schedule(formula.schedule).factor if formula.schedule else None)
        assert spec.needs_total_steps == (formula.undecayed is not None)
        assert not spec.ascend
        assert not spec.is_random


def measured(spec: OptimizerSpec, weight: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    optimizer = po.NumpyOptimizer(spec, total_steps=STEPS)
    return np.array([optimizer.updates([weight], [gradient])[0] for gradient in gradients])


@pytest.mark.parametrize("name", NAMES)
def test_invariances(name: str) -> None:
    spec, told = po.get(name), po.describe(name).invariances
    random = np.random.default_rng(8)
    # Exact zeros, and else well above epsilon, up to which alone Adam is invariant.
    signs = random.choice([-1.0, 0.0, 1.0], size=(STEPS, 24), p=[0.45, 0.1, 0.45])
    values = signs * 10.0 ** random.uniform(-0.5, 0.5, signs.shape)
    invariant = proportional = odd = free = True
    for weight_scale in (0.1, 10.0, 1e4):
        weight = weight_scale * random.normal(size=24)
        for gradient_scale in (0.1, 1.0):
            gradients = list(gradient_scale * values)
            update = measured(spec, weight, gradients)
            for factor in (0.01, 10.0, 100.0):
                scaled = measured(spec, weight, [factor * gradient for gradient in gradients])
                invariant &= bool(np.allclose(scaled, update, rtol=1e-3, atol=0))
                proportional &= bool(np.allclose(scaled, factor * update, rtol=1e-3, atol=0))
            negated = measured(spec, -weight, [-gradient for gradient in gradients])
            odd &= bool(np.allclose(negated, -update, rtol=1e-9, atol=0))
            elsewhere = measured(spec, 0.5 * weight + 1.0, gradients)
            free &= bool(np.allclose(elsewhere, update, rtol=1e-12, atol=0))
    scale = "invariant" if invariant else "proportional" if proportional else "none"
    assert (told.gradient_scale, told.odd, told.weight) == (scale, odd, free)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("total", [1, 2, 3, 10, 100])
def test_finite_to_the_last_step_and_past_it(name: str, total: int) -> None:
    (weight,), gradients = tensors(total, total + 3, ((30,),))
    optimizer = po.NumpyOptimizer(po.get(name), total_steps=total)
    for (gradient,) in gradients:
        assert np.isfinite(optimizer.updates([weight], [gradient])[0]).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("opt4", "the catalog has no optimizer called 'opt4'; did you mean 'Opt4'?"),
        ("Opt11", "the catalog has no optimizer called 'Opt11'; there are Opt1 to Opt10"),
        ("a6", "the catalog has no optimizer called 'a6'; there are A1 to A5"),
        ("a5", "the catalog has no optimizer called 'a5'; did you mean 'A5'?"),
        ("Adam1", "the catalog has no optimizer called 'Adam1'; did you mean 'Adam'?"),
        ("adam", "did you mean 'Adam'?"),
        ("Prodigy", "; frameworks have it: optax.contrib.prodigy, with safeguard_warmup=True"),
        ("adan", "called 'adan'; frameworks have it: optax.adan. "),
        ("AdEMAMix", "; frameworks have it: optax.contrib.ademamix. "),
        (
            "ScheduleFreeAdamW",
            "called 'ScheduleFreeAdamW'; frameworks have it: keras.optimizers.ScheduleFreeAdamW or "
            "optax.contrib.schedule_f",
        ),
        (
            "nadam",
            "called 'nadam'; frameworks have it: keras.optimizers.Nadam, torch.optim.NAdam or optax.nadam. "
            "docs/choose.md",
        ),
        ("schedule-free-adamw", "; frameworks have it: keras.optimizers.ScheduleFreeAdamW"),
        ("Muon", "; frameworks have it: keras.optimizers.Muon, torch.optim.Muon or optax.contrib.muon"),
        ("Opt1_released", "did you mean 'Opt1-released'?"),
        ("../optimizers/Opt1", "the catalog has no optimizer called"),
        ("", "expected one of A1, A2, "),
        ("LR3", "'LR3' is a learning-rate schedule: use EvolvedSchedule('LR3', ...)"),
    ],
)
def test_unknown_names(wrong: str, message: str) -> None:
    for find in (po.get, po.describe):
        with pytest.raises(KeyError) as caught:
            find(wrong)
        assert message in str(caught.value)


def test_unknown_schedules() -> None:
    with pytest.raises(KeyError) as caught:
        po.describe_schedule("lr10")
    assert "the catalog has no schedule called 'lr10'; there are LR1 to LR9" in str(caught.value)
    with pytest.raises(KeyError) as caught:
        po.describe_schedule("nadam")
    assert "frameworks have it" not in str(caught.value)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_run_their_entry_and_need_what_it_needs(name: str) -> None:
    make = getattr(po, name)
    if po.get(name).needs_total_steps:
        with pytest.raises(ValueError, match="pass total_steps="):
            make(0.1)
    assert make(0.1, total_steps=10).spec == po.get(name)
    if po.get(name).momentum.type == "none":
        assert make(0.1, decay=False).spec == po.get(name)
    else:
        assert make(0.1, decay=False, momentum=0.9).spec == po.get(name)
