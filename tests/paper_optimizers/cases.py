"""The runs that several tests share: gradients and weights to feed an optimizer, and the reference cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import paper_optimizers as po
from paper_optimizers.expressions import Expression

Array = NDArray[np.float64]
RELEASED = ("released_a", "released_b")
#: The fifteen published optimizers, which have a class or a function of their own at every door.
EVOLVED = tuple(name for name in po.names() if po.describe(name).family in ("evolved", "adam-variant"))


def decayed(expression: Expression, decay: Expression) -> Expression:
    """An argument multiplied by a decay function."""
    return expression._replace(decay=decay)


def tensors(seed: int, steps: int, shapes: tuple[tuple[int, ...], ...] = ((4, 3), (7,))) -> tuple[list, list]:
    """Start weights and gradients [step][tensor] of mixed scales, each gradient with exact zeros."""
    random = np.random.default_rng(seed)
    weights = [random.normal(size=shape) * 10.0 ** random.uniform(-1, 1, shape) for shape in shapes]
    gradients = []
    for _ in range(steps):
        step = [random.normal(size=shape) * 10.0 ** random.uniform(-3, 0.5, shape) for shape in shapes]
        for gradient in step:
            gradient.flat[0] = 0.0
            gradient[random.random(gradient.shape) < 0.1] = 0.0
        gradients.append([gradient.astype(np.float32).astype(np.float64) for gradient in step])
    return [weight.astype(np.float32).astype(np.float64) for weight in weights], gradients


@dataclass(frozen=True)
class ReleasedCase:
    """One weight trajectory of the published code, and the spec that must reproduce it."""

    key: str
    spec: po.OptimizerSpec
    decay: bool
    phases: tuple[int, int, int]
    peak: float
    start: list[Array]
    gradients: list[list[Array]]
    expected: list[list[Array]]

    def error(self, step: int, weights: list[Array]) -> float:
        """The largest error of any tensor after ``step``, in units of that tensor's largest magnitude."""
        pairs = zip(weights, self.expected[step], strict=True)
        return max(float(np.abs(ours - theirs).max() / np.abs(theirs).max()) for ours, theirs in pairs)


def released_cases(reference: Path, name: str) -> Iterator[ReleasedCase]:
    """All cases of one reference file."""
    arrays = dict(np.load(reference / "released" / f"{name}.npz"))
    document = json.loads((reference / "released" / f"{name}.json").read_text("utf-8"))
    config, count = document["config"], len(document["shapes"])
    phases = (config["total_steps"], config["warmup_steps"], config["hold"])
    gradients = [[arrays[f"grad/{j}"][t] for j in range(count)] for t in range(phases[0] - 1)]
    for case in document["cases"]:
        spec, decay = _spec_of(case["cls"], **case["kwargs"])
        yield ReleasedCase(
            key=f"{name}:{case['key']}",
            spec=spec,
            decay=decay,
            phases=phases,
            peak=config["learning_rate"],
            start=[arrays[f"w0/{j}"] for j in range(count)],
            gradients=gradients,
            expected=[[arrays[f"{case['key']}/w/{j}"][t] for j in range(count)] for t in range(phases[0] - 1)],
        )


def released_schedules(reference: Path, name: str) -> tuple[tuple[float, int, int, int], dict[str, Array]]:
    """Peak, total, warm-up and hold; and the rates of LR1 to LR9 and of the base schedule, by name."""
    arrays = np.load(reference / "released" / f"{name}.npz")
    config = json.loads((reference / "released" / f"{name}.json").read_text("utf-8"))["config"]
    rates = {f"LR{k + 1}": arrays[f"schedule/{k}"] for k in range(9)} | {"base": arrays["schedule/base"]}
    return (config["learning_rate"], config["total_steps"], config["warmup_steps"], config["hold"]), rates


def _spec_of(cls: str, use_decay: bool = True, variant: int | None = None) -> tuple[po.OptimizerSpec, bool]:
    if cls == "AdamClip":
        assert variant is not None
        return po.get(f"A{variant + 1}"), True
    if variant is not None:
        return po.get("Opt5"), use_decay
    if cls in ("Opt1", "Opt3"):
        return po.get(f"{cls}-released"), use_decay
    if cls == "Opt4" and not use_decay:  # the published code leaves out the schedule factor, not arctan(a13)
        return replace(po.get(cls), schedule=None), True
    return po.get(cls), use_decay
