"""Every optimizer and schedule of the catalog, written out by hand in NumPy and SciPy: an oracle for the specs.

Nothing here reads the package. Moment estimates are explicit weighted sums over all gradients so far, special functions
are SciPy's, and momentum is summed over all earlier steps, so that no recursion is shared with the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
EPS = 1e-7


def curves(t: int, T: int) -> dict[str, float]:
    """The decay curves a1 to a14 at step t of T, and b14, the released form of a14."""
    tau, rho = t / T, ((2 * t) % T) / T
    B = 0.95 * (1 - (t + 1) / T)
    a13 = B / (0.05 + B)
    return {
        "a1": 1 - tau,
        "a2": tau,
        "a3": (1 + np.cos(np.pi * tau)) / 2,
        "a4": (1 - np.cos(np.pi * tau)) / 2,
        "a5": (1 + np.cos(2 * np.pi * tau)) / 2,
        "a6": (1 - np.cos(2 * np.pi * tau)) / 2,
        "a7": (1 + np.cos(np.pi * rho)) / 2,
        "a8": (1 - np.cos(np.pi * rho)) / 2,
        "a9": 1 - rho,
        "a10": rho,
        "a11": 0.01**tau,
        "a12": 1 - 0.01**tau,
        "a13": a13,
        "a14": 0.95 - a13,
        "b14": (0.95 - B) / (0.05 + B),
    }


def known_curves(t: int, T: int) -> dict[str, float]:
    """The same with held_a13: a13, but in the last step its value of the step before."""
    values = curves(t, T)
    return {**values, "held_a13": 0.95 / (0.05 * T + 0.95) if t == T - 1 else values["a13"]}


def sig(x: Any) -> Any:
    return special.expit(x)


def softsign(x: Any) -> Any:
    return x / (1 + np.abs(x))


def deriv_soft(x: Any) -> Any:
    return 1 / (1 + np.abs(x))


def deriv_tanh(x: Any) -> Any:
    return 1 / np.cosh(x) ** 2


def clip(a: Any, b: Any) -> Any:
    return np.clip(a, -np.abs(b), np.abs(b))


def norm(x: Array) -> Array:
    length = np.linalg.norm(x.ravel())
    return x if length <= 1 else x / length


SCHEDULES: dict[str, Callable[[dict[str, float]], float]] = {
    "LR1": lambda a: special.erfc(special.erfc(a["a4"])) / deriv_tanh(a["a8"]),
    "LR2": lambda a: special.erfc(special.erfc(a["a4"])) / (deriv_tanh(a["a8"]) * deriv_tanh(a["a4"])),
    "LR3": lambda a: np.arctan(a["a2"]) / (deriv_tanh(a["a10"]) * np.sqrt(deriv_soft(a["b14"]))),
    "LR4": lambda a: sig(a["a2"]) ** 2 / sig(2 * softsign(a["a1"])),
    "LR5": lambda a: 1 / np.sqrt(special.erf(a["a11"])),
    "LR6": lambda a: np.arctan(a["a2"]) * special.erfc(a["a6"]) / np.sqrt(deriv_soft(a["a6"])),
    "LR7": lambda a: 1 / np.sqrt(deriv_soft(a["a10"])),
    "LR8": lambda a: 1 / (np.sqrt(softsign(np.arctan(a["a12"]))) + EPS),
    "LR9": lambda a: np.tanh(max(a["a10"], a["a6"])),
}


class History:
    """The values of one tensor that an update may read at step ``len(gradients) - 1``."""

    def __init__(self, gradients: list[Array], weight: Array) -> None:
        self.gradients = gradients
        self.g = gradients[-1]
        self.w = weight
        self.v = self.average(1, 0.9)
        self.s = self.average(2, 0.99)
        self.q1 = 0.3 * self.g + 0.7 * self.v
        self.q2 = 0.05 * self.g**2 + 0.95 * self.s
        self.q3 = 0.01 * self.g**3 + 0.99 * self.average(3, 0.999)

    def average(self, power: int, beta: float, *, corrected: bool = True) -> Array:
        """The exponential moving average of g^power, as the weighted sum that it is."""
        last = len(self.gradients) - 1
        total = sum((1 - beta) * beta ** (last - k) * g**power for k, g in enumerate(self.gradients))
        return total / (1 - beta ** (last + 1)) if corrected else total

    def before(self, beta: float) -> Array:
        """The uncorrected average of g without the newest gradient."""
        earlier = self.gradients[:-1]
        return sum(((1 - beta) * beta ** (len(earlier) - 1 - k) * g for k, g in enumerate(earlier)), 0 * self.g)


@dataclass(frozen=True)
class Formula:
    """The update of one optimizer, from a history and the curves; and what turns it into a step.

    ``momentum`` is a coefficient or "cycle"; ``undecayed`` is the update with every decay function replaced by 1.
    """

    update: Callable[[Any, dict[str, float]], Array]
    undecayed: Callable[[Any], Array] | None = None
    schedule: str | None = None
    kind: str = "none"
    momentum: float | str = 0.0


def _opt2(h: History, bound: Array) -> Array:
    return h.q1 + softsign(1e-5 * h.w / np.sqrt(1 + bound**2))


FORMULAS = {
    "Opt1": Formula(lambda h, a: h.q1 + softsign(clip(1e-5 * h.w, 1e-5 * h.w - h.q2))),
    "Opt2": Formula(lambda h, a: _opt2(h, 1e-5 * h.w - h.q2)),
    "Opt3": Formula(lambda h, a: _opt2(h, 1e-5 * h.w - h.q3)),
    "Opt4": Formula(
        lambda h, a: h.q1 / clip(2, np.arctan(a["held_a13"]) * np.exp(h.v)),
        lambda h: h.q1 / clip(2, np.exp(h.v)),
        "LR1",
    ),
    "Opt5": Formula(lambda h, a: h.q1 / clip(2, np.exp(h.v)), lambda h: h.q1 / clip(2, np.exp(h.v)), "LR1"),
    "Opt6": Formula(
        lambda h, a: h.q1 / np.abs(deriv_tanh(a["a4"]) * np.exp(1e-4 * h.w)),
        lambda h: h.q1 / np.exp(1e-4 * h.w),
        "LR1",
    ),
    "Opt7": Formula(
        lambda h, a: np.tanh(max(a["a6"], a["a10"]) * np.arcsinh(h.q1)), lambda h: np.tanh(np.arcsinh(h.q1))
    ),
    "Opt8": Formula(
        lambda h, a: np.arcsinh(max(a["a6"], a["a10"]) * np.arcsinh(h.q1)), lambda h: np.arcsinh(np.arcsinh(h.q1))
    ),
    "Opt9": Formula(
        lambda h, a: special.erfc(a["a11"]) * h.g * np.exp(np.arctan(h.q2)),
        lambda h: h.g * np.exp(np.arctan(h.q2)),
        kind="nesterov",
        momentum="cycle",
    ),
    "Opt10": Formula(
        lambda h, a: special.i1e(special.i1e(a["a13"] * a["a2"] * h.g)),
        lambda h: special.i1e(special.i1e(h.g)),
        kind="nesterov",
        momentum="cycle",
    ),
    "A1": Formula(lambda h, a: clip(h.v, np.sqrt(h.s) + EPS)),
    "A2": Formula(lambda h, a: clip(h.v, np.log(h.s + EPS))),
    "A3": Formula(lambda h, a: clip(h.v, np.sqrt(np.abs(np.log(h.s + EPS))))),
    "A4": Formula(lambda h, a: clip(h.v, sig(h.s + EPS))),
    "A5": Formula(lambda h, a: norm(clip(h.v, np.sqrt(h.s) + EPS))),
    "Opt1-released": Formula(lambda h, a: h.q1 + softsign(clip(1e-5 * h.w, 1e-5 * h.w - 0.05 * h.g**2 + 0.95 * h.s))),
    "Opt3-released": Formula(lambda h, a: _opt2(h, 1e-5 * h.w - (0.01 * h.g**3 + 0.99 * h.average(2, 0.999)))),
    "SGD": Formula(lambda h, a: h.g),
    "Momentum": Formula(lambda h, a: h.g, kind="classical", momentum=0.9),
    "Nesterov": Formula(lambda h, a: h.g, kind="nesterov", momentum=0.9),
    "Adam": Formula(lambda h, a: h.v / (np.sqrt(h.average(2, 0.999)) + EPS)),
    "AdamW": Formula(lambda h, a: h.v / (np.sqrt(h.average(2, 0.999)) + EPS) + 0.004 * h.w),
    "RMSprop": Formula(lambda h, a: h.g / np.sqrt(h.average(2, 0.9, corrected=False) + EPS)),
    "Adagrad": Formula(lambda h, a: h.g / np.sqrt(0.1 + sum(g**2 for g in h.gradients) + EPS)),
    "Lion": Formula(lambda h, a: np.sign(0.9 * h.before(0.99) + 0.1 * h.g)),
    "PowerSign": Formula(lambda h, a: np.exp(np.sign(h.g) * np.sign(h.v)) * h.g),
    "PowerSign-ld": Formula(
        lambda h, a: np.exp(a["a1"] * np.sign(h.g) * np.sign(h.v)) * h.g,
        lambda h: np.exp(np.sign(h.g) * np.sign(h.v)) * h.g,
    ),
    "PowerSign-cd": Formula(
        lambda h, a: np.exp(a["a3"] * np.sign(h.g) * np.sign(h.v)) * h.g,
        lambda h: np.exp(np.sign(h.g) * np.sign(h.v)) * h.g,
    ),
    "AddSign": Formula(lambda h, a: (1 + np.sign(h.g) * np.sign(h.v)) * h.g),
    "AddSign-ld": Formula(
        lambda h, a: (1 + a["a1"] * np.sign(h.g) * np.sign(h.v)) * h.g,
        lambda h: (1 + np.sign(h.g) * np.sign(h.v)) * h.g,
    ),
    "AddSign-cd": Formula(
        lambda h, a: (1 + a["a3"] * np.sign(h.g) * np.sign(h.v)) * h.g,
        lambda h: (1 + np.sign(h.g) * np.sign(h.v)) * h.g,
    ),
}


def base_rates(peak: float, total: int, warmup: int, hold: int) -> Array:
    """Linear warm-up from 0, hold, half a cosine to 0 at step ``total``."""
    rising = peak * np.arange(warmup) / max(warmup, 1)
    rest = total - warmup - hold
    return np.concatenate([rising, np.full(hold, peak), peak * (1 + np.cos(np.pi * np.arange(rest) / rest)) / 2])


def one_cycle(total: int, warmup: int, hold: int) -> Array:
    """0.95 down to 0.85 over the warm-up, 0.85 during the hold, up to 0.95 at the end."""
    falling = np.linspace(0.95, 0.85, warmup)
    return np.concatenate([falling, np.full(hold, 0.85), np.linspace(0.85, 0.95, total - warmup - hold)])


def trajectory(
    name: str,
    start: Array,
    gradients: list[Array],
    rates: Array,
    phases: tuple[int, int, int],
    *,
    decay: bool = True,
    momentum: float | None = None,
) -> list[Array]:
    """The weights after each step.

    ``rates`` are base rates, one a step; ``phases`` are total, warm-up and hold steps. Past the total, curves, momentum
    and rate keep their last values. ``momentum`` is a constant in the place of the formula's.
    """
    formula, (total, warmup, hold) = FORMULAS[name], phases
    cycle = one_cycle(total, warmup, hold)
    kept = formula.momentum if momentum is None else momentum
    mu = [cycle[min(t, total - 1)] if kept == "cycle" else kept for t in range(len(gradients))]
    weight, changes, weights = start, [], []
    for t in range(len(gradients)):
        now = known_curves(min(t, total - 1), total)
        history = History(gradients[: t + 1], weight)
        bare = formula.undecayed is not None and not decay
        u = formula.undecayed(history) if bare else formula.update(history, now)
        factor = SCHEDULES[formula.schedule](now) if formula.schedule and decay else 1.0
        changes.append(-rates[min(t, len(rates) - 1)] * factor * u)
        velocity = sum(change * np.prod(mu[k + 1 : t + 1]) for k, change in enumerate(changes))
        step = {"none": changes[-1], "classical": velocity, "nesterov": mu[t] * velocity + changes[-1]}[formula.kind]
        weight = weight + step
        weights.append(weight)
    return weights
