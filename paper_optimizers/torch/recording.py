"""An array namespace that computes nothing: it writes down what a step would do, for a plan that runs it in pieces.

A step over whole tensors is some twenty operations, each of which reads and writes all of memory. Written down first, a
factor costs nothing (it is carried along until an operation of torch takes it as its own), and what is left can be run
piece by piece in the processor's cache (`paper_optimizers.torch.plans`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from paper_optimizers.namespaces import NUMPY, Namespace

#: Factors between these are moved out of sums and products; others might bring an overflow or a loss with them.
_SMALLEST, _LARGEST = 1e-9, 1e9


class RecordedOp(NamedTuple):
    """One operation on arrays: its function's name (see `plans`), the nodes it reads, and one number."""

    name: str
    inputs: tuple[int, ...] = ()
    number: float | None = None


class Recording:
    """The operations of one step in order; equal ones are written once.

    Attributes:
        nodes: The first ones are the arrays that the step is given.
    """

    def __init__(self, num_arrays: int) -> None:
        self.nodes = [RecordedOp("array", number=index) for index in range(num_arrays)]
        self._index = {node: index for index, node in enumerate(self.nodes)}

    def array(self, index: int) -> Term:
        """The array of this number."""
        return Term(self, index)

    def store(self, index: int, array: int) -> None:
        """Let a node read the array of this number, which holds its value by then."""
        self.nodes[index] = RecordedOp("array", number=array)

    def add(self, name: str, *inputs: int, number: float | None = None, factor: float = 1.0) -> Term:
        """The value of an operation, times ``factor``."""
        node = RecordedOp(name, inputs, number)
        if node not in self._index:
            self._index[node] = len(self.nodes)
            self.nodes.append(node)
        return Term(self, self._index[node], factor)


class Term:
    """An array of the step: a node's value times a factor that no operation has taken yet."""

    __slots__ = ("factor", "index", "tape")

    def __init__(self, tape: Recording, index: int, factor: float = 1.0) -> None:
        self.tape, self.index, self.factor = tape, index, factor

    def plain(self) -> Term:
        """The same with factor 1."""
        return self if self.factor == 1.0 else self.tape.add("scale", self.index, number=self.factor)

    def movable(self) -> Term:
        """The same, its factor such that it can be moved out of a sum, a product or a quotient."""
        return self if _SMALLEST < abs(self.factor) < _LARGEST else self.plain()

    def positive(self) -> Term:
        """The same, its factor positive."""
        return self if self.movable().factor > 0.0 else self.plain()

    def __neg__(self) -> Term:
        return Term(self.tape, self.index, -self.factor)

    def __mul__(self, other: Any) -> Term:
        if isinstance(other, Term):
            a, b = self.movable(), other.movable()
            return self.tape.add("multiply", a.index, b.index, factor=a.factor * b.factor)
        scaled = Term(self.tape, self.index, self.factor * float(other))
        # A power of two stands where the step keeps an intermediate result from overflowing.
        return scaled.plain() if abs(other) != 1.0 and math.frexp(other)[0] in (0.5, -0.5) else scaled

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Term:
        if isinstance(other, Term):
            a, b = self.movable(), other.movable()
            return self.tape.add("divide", a.index, b.index, factor=a.factor / b.factor)
        if other == 0.0:
            return self.tape.add("over_number", self.plain().index, number=float(other))
        return self * (1.0 / other)

    def __rtruediv__(self, other: float) -> Term:
        value = self.movable()
        return self.tape.add("reciprocal", value.index, factor=other / value.factor)

    def __add__(self, other: Any) -> Term:
        if not isinstance(other, Term):
            value = self.movable()
            return self.tape.add("shift", value.index, number=float(other) / value.factor, factor=value.factor)
        # A factor of 1 costs nothing. Of others the larger one is moved out: what is left overflows last.
        swapped = self.factor != 1.0 and (other.factor == 1.0 or abs(other.factor) > abs(self.factor))
        first, second = (other, self) if swapped else (self, other)
        value = first.movable()
        number = second.factor / value.factor
        return self.tape.add("add", value.index, second.index, number=number, factor=value.factor)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Term:
        return self + -other

    def __rsub__(self, other: Any) -> Term:
        return -self + other

    def __lt__(self, other: float) -> Term:
        return self.tape.add("less", self.plain().index, number=other)

    def __gt__(self, other: float) -> Term:
        return self.tape.add("greater", self.plain().index, number=other)


class RecordingNamespace(Namespace):
    """Functions over terms and numbers.

    Args:
        norm: The Euclidean norm of a term over its whole tensor; it has what is written down so far run.
    """

    library = None

    def __init__(self, norm: Callable[[Term], float]) -> None:
        self._norm = norm

    def __getattr__(self, name: str) -> Any:
        """An elementwise function of one argument."""
        return lambda x: self._unary(name, x)

    def _unary(self, name: str, x: Any) -> Any:
        return x.tape.add(name, x.plain().index) if isinstance(x, Term) else float(getattr(NUMPY, name)(x))

    def abs(self, x: Any) -> Any:
        """The magnitude; that of a factor is moved out."""
        if not isinstance(x, Term):
            return abs(x)
        return x.tape.add("abs", x.index, factor=abs(x.factor))

    def sqrt(self, x: Any) -> Any:
        """The square root; that of a positive factor is moved out."""
        if not isinstance(x, Term):
            return self._unary("sqrt", x)
        value = x.positive()
        return value.tape.add("sqrt", value.index, factor=math.sqrt(value.factor))

    def square(self, x: Any) -> Any:
        """Compute ``x x``."""
        return x * x

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger one, and NaN where either is NaN."""
        return self._bounded("maximum", "at_least", NUMPY.maximum, a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller one, and NaN where either is NaN."""
        return self._bounded("minimum", "at_most", NUMPY.minimum, a, b)

    def _bounded(self, name: str, with_number: str, numbers: Callable[..., Any], a: Any, b: Any) -> Any:
        if not isinstance(a, Term):
            a, b = b, a
        if not isinstance(a, Term):
            return float(numbers(a, b))
        if not isinstance(b, Term):
            value = a.positive()
            return a.tape.add(with_number, value.index, number=b / value.factor, factor=value.factor)
        value = a.positive()
        other = Term(b.tape, b.index, b.factor / value.factor).plain()
        return a.tape.add(name, value.index, other.index, factor=value.factor)

    def power(self, a: Any, b: Any) -> Any:
        """``a`` to the power ``b``."""
        terms = [x for x in (a, b) if isinstance(x, Term)]
        if not terms:
            return float(NUMPY.power(a, b))
        tape = terms[0].tape
        if not isinstance(a, Term):
            return tape.add("power_of_number", b.plain().index, number=a)
        if not isinstance(b, Term):
            return tape.add("power_by_number", a.plain().index, number=b)
        return tape.add("power", a.plain().index, b.plain().index)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """``a`` where the condition holds, else ``b``."""
        if not isinstance(condition, Term):
            return a if condition else b
        tape = condition.tape
        chosen = [x.plain() if isinstance(x, Term) else tape.add("fill", 0, number=x) for x in (a, b)]
        name, inputs, number = tape.nodes[condition.index]
        if name in ("less", "greater"):
            return tape.add(f"where_{name}", *inputs, *(x.index for x in chosen), number=number)
        return tape.add("where", condition.index, *(x.index for x in chosen))

    def full_like(self, x: Any, value: float) -> float:
        """A number: all that takes arrays takes numbers here."""
        del x
        return value

    def l2_norm(self, x: Any) -> float:
        """The Euclidean norm of the whole tensor."""
        return self._norm(x)
