"""The paper's search space: which rows of the op tables, with which parameters, its genomes may use.

The spec language allows more. Every entry is an op's name and the parameters that differ from its defaults.

Source: Morgan & Hougen (arXiv 2404.06679), the tables of operands, functions and decays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paper_optimizers.curves import CURVES, numpy_progress
from paper_optimizers.graph import Graph
from paper_optimizers.namespaces import NUMPY
from paper_optimizers.program import evaluate_graph


class Primitive(NamedTuple):
    """An op with the values of its parameters that differ from the defaults."""

    op: str
    params: tuple[tuple[str, float], ...] = ()


def _primitive(op: str, **params: float) -> Primitive:
    return Primitive(op, tuple(sorted(params.items())))


#: The 20 operands, in the published order.
OPERANDS = (
    _primitive("gradient"),
    _primitive("gradient", power=2),
    _primitive("gradient", power=3),
    _primitive("moment"),
    _primitive("moment", power=2, beta=0.99),
    _primitive("moment", power=3, beta=0.999),
    _primitive("constant"),
    _primitive("constant", value=2.0),
    _primitive("weight", scale=1e-6),
    _primitive("weight", scale=1e-5),
    _primitive("weight", scale=1e-4),
    _primitive("weight", scale=1e-3),
    _primitive("gradient_sign"),
    _primitive("moment_sign"),
    _primitive("gradient_blend"),
    _primitive("gradient_blend", power=2, beta=0.99, weight=0.95),
    _primitive("gradient_blend", power=3, beta=0.999, weight=0.99),
    _primitive("aggregate"),
    _primitive("aggregate", power=2, beta=0.99, first=0.99),
    _primitive("aggregate", power=3, beta=0.999, first=0.999, second=0.9999),
)

#: The 26 unary functions; the three dropouts differ in their rate.
UNARY = (
    *(
        _primitive(op)
        for op in (
            "identity", "negate", "log_abs", "sqrt_abs", "exp", "abs", "sigmoid", "softsign_derivative", "softplus",
            "erf", "erfc", "arcsinh", "tanh", "arctan", "reciprocal", "bessel_i1e", "relu", "min_zero",
        )
    ),
    _primitive("dropout"),
    _primitive("dropout", rate=0.3),
    _primitive("dropout", rate=0.1),
    *(
        _primitive(op)
        for op in ("clip_norm", "softsign", "exp_moving_average", "delta_change", "running_maximum")
    ),
)  # fmt: skip

#: The 10 binary functions.
BINARY = tuple(
    _primitive(op)
    for op in (
        "add", "subtract", "multiply", "maximum", "minimum", "divide", "divide_hypot", "clip", "blend", "power",
    )
)  # fmt: skip

#: The 14 decay curves a1 to a14.
DECAY_CURVES = tuple(_primitive(op) for op in CURVES if op not in ("demon_released", "constant"))

#: The 13 unary decay functions.
DECAY_UNARY = tuple(
    _primitive(op)
    for op in (
        "sigmoid", "softsign_derivative", "erf", "erfc", "tanh", "arctan", "bessel_i1e", "square", "sqrt_abs",
        "softsign", "tanh_derivative", "sigmoid_derivative", "identity",
    )
)  # fmt: skip

#: The 7 binary decay functions.
DECAY_BINARY = tuple(
    _primitive(op) for op in ("add", "subtract", "multiply", "maximum", "minimum", "divide", "divide_hypot")
)

#: A decay function is valid if it stays in [0, 1] over a run of this many steps.
DECAY_CHECK_STEPS = 100


def is_valid_decay(decay: Graph) -> bool:
    """Whether all values of ``decay`` at t = 0..99 of T = 100 lie in [0, 1]; NaN does not."""
    with np.errstate(all="ignore"):
        now = numpy_progress(np.arange(DECAY_CHECK_STEPS), DECAY_CHECK_STEPS)
        values = np.asarray(evaluate_graph(decay, NUMPY, now))
    return bool(np.all((values >= 0.0) & (values <= 1.0)))
