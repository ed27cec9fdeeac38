"""Search spaces: which primitives a genome may use.

Source: Morgan & Hougen (arXiv 2404.06679), the tables of operands, functions and decays; Bello, Zoph, Vasudevan & Le,
Neural Optimizer Search with Reinforcement Learning (2017, arXiv 1709.07417), section 4, for the older space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from paper_optimizers.fields import MomentumType
from reproduce.search import published_space as published
from reproduce.search.published_space import Primitive

IDENTITY = Primitive("identity")


@dataclass(frozen=True)
class Space:
    """The primitives that genomes are drawn from.

    Attributes:
        name: What protocols call it.
        operands: Quantities of one weight tensor.
        unary: Functions of one argument; the identity is among them.
        binary: Functions of two.
        momentum: Momentum types.
        curves: Curves of training progress that decays read; without any, edges carry no decay.
        decay_unary: Functions of one argument in decays.
        decay_binary: Functions of two.
    """

    name: str
    operands: tuple[Primitive, ...]
    unary: tuple[Primitive, ...]
    binary: tuple[Primitive, ...]
    momentum: tuple[MomentumType, ...]
    curves: tuple[Primitive, ...] = ()
    decay_unary: tuple[Primitive, ...] = ()
    decay_binary: tuple[Primitive, ...] = ()

    @property
    def has_decays(self) -> bool:
        """Whether edges may carry decays."""
        return bool(self.curves)


#: The paper's space.
FULL = Space(
    "full",
    operands=published.OPERANDS,
    unary=published.UNARY,
    binary=published.BINARY,
    momentum=("none", "classical", "nesterov"),
    curves=published.DECAY_CURVES,
    decay_unary=published.DECAY_UNARY,
    decay_binary=published.DECAY_BINARY,
)

#: The paper's space without decay functions.
NO_DECAY = replace(FULL, name="no-decay", curves=(), decay_unary=(), decay_binary=())


def _primitive(op: str, **params: float) -> Primitive:
    return Primitive(op, tuple(sorted(params.items())))


#: Bello et al.'s operands and functions, all that a spec can say of them, in this project's genome and without a
#: momentum outside the expression. Their averages have the decay rates 0.9, 0.999 and 0.999; Adam and RMSProp are, as
#: they draw them, the average and the gradient over the root of the average square. Left out: the operand that is
#: Gaussian noise, which no spec can say; "keep left", which is the identity of one argument; and the decays of
#: training progress that they tried later. Of the op table, and not theirs: the guards against 0 of a quotient and a
#: logarithm, a power of |x| for one of x, and dropout that scales what it keeps.
BELLO2017 = Space(
    "bello2017",
    operands=(
        *(_primitive("gradient", power=power) if power > 1 else _primitive("gradient") for power in (1, 2, 3)),
        _primitive("moment"),
        _primitive("moment", power=2, beta=0.999),
        _primitive("moment", power=3, beta=0.999),
        _primitive("gradient_sign"),
        _primitive("moment_sign"),
        _primitive("constant"),
        _primitive("constant", value=2.0),
        *(_primitive("weight", scale=scale) for scale in (1e-4, 1e-3, 1e-2, 1e-1)),
        _primitive("adam", beta=0.9, square_beta=0.999),
        _primitive("rmsprop", square_beta=0.999),
    ),
    unary=(
        IDENTITY,
        *(_primitive(op) for op in ("negate", "exp", "log_abs", "sqrt_abs")),
        *(_primitive("clip_to", bound=bound) for bound in (1e-5, 1e-4, 1e-3)),
        *(_primitive("dropout", rate=rate) for rate in (0.1, 0.3)),
        _primitive("dropout"),
        _primitive("sign"),
    ),
    binary=tuple(_primitive(op) for op in ("add", "subtract", "multiply", "divide", "power")),
    momentum=("none",),
)

SPACES: Mapping[str, Space] = {space.name: space for space in (FULL, NO_DECAY, BELLO2017)}
