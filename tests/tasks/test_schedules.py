import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from paper_optimizers import EvolvedSchedule, WarmupHoldCosine
from reproduce.population.assembly import Member, rates
from reproduce.tasks.optimizers import Entrant, make_entrant, roster, spec_of
from reproduce.tasks.schedules import learning_rates, peak_rate, rate_phases, rate_shape, schedule_factor
from reproduce.training.settings import RunLength

LENGTH = RunLength(total_steps=50, warmup_steps=10, hold_steps=5)


def test_rates_are_those_of_the_package_s_schedules() -> None:
    plain = WarmupHoldCosine(0.3, 50, 10, 5).values(np.arange(50))
    for name in ("Adam", "Opt4", "A1+LR1"):  # A spec multiplies by its own factor.
        assert_allclose(learning_rates(make_entrant(name, "here"), 0.3, LENGTH), plain, rtol=1e-6)
    crossed = EvolvedSchedule("LR1", 0.3, 50, 10, 5).values(np.arange(50))
    assert_allclose(learning_rates(make_entrant("Adam+LR1", "here"), 0.3, LENGTH)[1:], crossed[1:], rtol=1e-6)


def test_schedule_free_rates_stay_at_the_peak_after_the_warm_up() -> None:
    (other,) = roster((), (), ("ScheduleFreeAdamW",))
    assert rate_phases(other, LENGTH) == RunLength(50, 10, 39)
    rates = learning_rates(make_entrant("ScheduleFreeAdamW", "here"), 0.3, LENGTH)
    assert_allclose(rates[10:], 0.3)
    assert_allclose(rates[:10], 0.03 * np.arange(10), rtol=1e-6)


def test_a_linear_schedule_falls_on_a_line_to_0_after_the_last_step() -> None:
    (adam,) = roster((), ("Adam+linear",))
    found = learning_rates(adam, 0.35, LENGTH)
    assert_allclose(found[:16], learning_rates(make_entrant("Adam", "here"), 0.35, LENGTH)[:16])
    assert_allclose(found[15:], 0.35 * np.arange(35, 0, -1) / 35, rtol=1e-6)
    assert schedule_factor(adam) is None


def applied(entrant: Entrant) -> NDArray[np.float64]:
    """The rate of each step in the engine, factors and all."""
    member = Member(spec_of(entrant), peak_rate(entrant, 0.3, LENGTH), 50, 10, 5, shape=rate_shape(entrant))
    return rates(member, range(50))


@pytest.mark.parametrize("name", ["Adam+linear", "SGD+LR2", "Opt9-nodecay+LR1", "AdamW+LR9"])
def test_scaled_schedules_have_the_mean_of_the_plain_one(name: str) -> None:
    catalog, keras = ((name,), ()) if name.startswith("Opt") else ((), (name,))
    plain, (scaled,), (raw,) = (
        make_entrant("Adam", "here"),
        roster(catalog, keras, equal_mean=True),
        roster(catalog, keras),
    )
    assert applied(scaled).mean() == pytest.approx(applied(plain).mean(), rel=1e-6)
    if name != "Adam+linear":  # A line has the mean of half a cosine without being scaled.
        assert applied(raw).mean() != pytest.approx(applied(plain).mean(), rel=0.01)
    assert_allclose(applied(scaled) / applied(scaled).max(), applied(raw) / applied(raw).max(), rtol=1e-6)


@pytest.mark.parametrize("name", ["Adam", "Adam+linear", "SGD+LR2"])
@pytest.mark.parametrize("equal_mean", [False, True])
def test_keras_and_the_engine_apply_the_same_rates(name: str, equal_mean: bool) -> None:
    (entrant,) = roster((), (name,), equal_mean=equal_mean)
    assert_allclose(learning_rates(entrant, 0.3, LENGTH), applied(entrant), rtol=1e-6)
