"""Fingerprints: a hash of what a spec computes, so that equal optimizers are found however they are written.

A spec is run in float64 on a fixed probe (tensors of widely different scales with exact zeros among their gradients,
over a short run that reaches both halves of every decay curve); its updates are rounded to a few significant digits
and hashed. Argument order, identities, double negations, inactive nodes and shared nodes make no difference.

Values are rounded relative to the largest of their tensor and step, since what cancels below that is rounding error.
Two functions that differ by less than that, or only outside the probe, share a fingerprint; equal functions would get
two only where a value lies within rounding error of a rounding boundary: in 6,000 random specs, never.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paper_optimizers.fields import OneCycle, SpecFields
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.one_cycle import RunPhases
from paper_optimizers.program import Program, compile_spec
from paper_optimizers.step import PureOptimizer

_Array = NDArray[np.float64]

_STEPS = 12
_GRADIENT_SCALES = (1e-6, 1e-3, 1.0, 30.0)
_WEIGHT_SCALES = (1.0, 0.01, 30.0, 1.0)
_SIZE = 16
_DECIMALS = 9
_GOLDEN = (5**0.5 - 1) / 2


def fingerprint(spec: SpecFields) -> str:
    """32 hexadecimal digits; equal for specs that compute the same steps from the same gradients."""
    digest = hashlib.sha256(repr(_momentum_key(spec)).encode())
    optimizer = PureOptimizer(compile_spec(spec), NUMPY, RunPhases(_STEPS))
    draws = _HashedDraws(optimizer.program)
    states = optimizer.init(_probe(0)[0]).tensors
    for step in range(_STEPS):
        draws.seen.clear()
        with np.errstate(all="ignore"):
            values = optimizer.values(step)
            tensors = zip(*_probe(step)[::-1], states, strict=True)
            updates, states = zip(*(optimizer.update(values, *each, draw=draws) for each in tensors), strict=True)
            for update in updates:
                digest.update(_rounded(np.broadcast_to(values.applied(update), _SIZE)))
    return digest.hexdigest()[:32]


def _momentum_key(spec: SpecFields) -> tuple[Any, ...]:
    coefficient = spec.momentum.coefficient
    if isinstance(coefficient, OneCycle) and coefficient.high == coefficient.low:
        coefficient = coefficient.high
    return ("none",) if spec.momentum.type == "none" or coefficient == 0.0 else (spec.momentum.type, coefficient)


def _probe(step: int) -> tuple[list[_Array], list[_Array]]:
    """Weights and gradients of one step, in [-1, 1] times their scale: the same on every machine, for ever."""
    weights, gradients = [], []
    for tensor, (weight_scale, gradient_scale) in enumerate(zip(_WEIGHT_SCALES, _GRADIENT_SCALES, strict=True)):
        index = np.arange(_SIZE) + _SIZE * (tensor + len(_GRADIENT_SCALES) * step)
        weight = weight_scale * _spread(2 * index + 1)
        gradient = gradient_scale * _spread(2 * index)
        weight[0] = 0.0
        gradient[1] = 0.0
        gradient[2] *= step % 3 != 0
        weights.append(weight)
        gradients.append(gradient)
    return weights, gradients


def _spread(index: NDArray[np.int64]) -> _Array:
    """Points of a Weyl sequence, spread evenly over [-1, 1)."""
    return 2.0 * np.mod((index + 1) * _GOLDEN, 1.0) - 1.0


def _rounded(values: _Array) -> bytes:
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    scaled = np.round(values / (largest or 1.0), _DECIMALS) + 0.0  # adding 0 turns -0 into 0
    scaled[np.isnan(scaled)] = np.nan  # one bit pattern
    return f"{largest:.{_DECIMALS}g}".encode() + scaled.astype("<f8").tobytes()


class _HashedDraws:
    """Dropout masks that depend on what is dropped and at which rate, not on the order of the nodes.

    The second, third, ... mask asked for equal tensors and rates in one step differ from the first. (Only there the
    order of nodes matters: two such masks that are used differently may change places.)
    """

    def __init__(self, program: Program) -> None:
        self.seen: Counter[bytes] = Counter()
        self._rates = [values["rate"] for op, values, _, _ in program.instructions if op == "dropout"]

    def __call__(self, number: int, tensor: Any) -> _Array:
        key = f"{self._rates[number]!r}".encode() + _rounded(np.asarray(tensor, np.float64))
        self.seen[key] += 1
        bits = hashlib.shake_128(key + bytes([self.seen[key] % 256])).digest(4 * _SIZE)
        return np.frombuffer(bits, "<u4") / 2.0**32
