"""Running what was written down of a step: piece by piece, in few temporaries that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from paper_optimizers.torch.functions import FUNCTIONS
from paper_optimizers.torch.namespace import TORCH
from paper_optimizers.torch.recording import RecordedOp, Recording

Registers = list[Any]
Run = Callable[[Registers], Any]

#: Functions of torch that write to ``out``, by a node's name: of two arrays, of one, of an array and a number.
_TWO: Mapping[str, Any] = {
    "multiply": torch.mul,
    "divide": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "power": torch.pow,
}
_ONE: Mapping[str, Any] = {
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "reciprocal": torch.reciprocal,
    "exp": torch.exp,
    "log": torch.log,
    "sigmoid": torch.sigmoid,
    "erf": torch.special.erf,
    "erfc": torch.special.erfc,
}
_WITH_NUMBER: Mapping[str, Any] = {
    "scale": torch.mul,
    "shift": torch.add,
    "over_number": torch.div,
    "less": torch.lt,
    "greater": torch.gt,
    "power_by_number": torch.pow,
}


def _instruction(node: RecordedOp, inputs: Sequence[int], out: int) -> Run:
    """The function that computes one node over registers."""
    name, number = node.name, node.number
    if name in _ONE:
        function, (a,) = _ONE[name], inputs
        return lambda r: function(r[a], out=r[out])
    if name in _WITH_NUMBER:
        function, (a,) = _WITH_NUMBER[name], inputs
        return lambda r: function(r[a], number, out=r[out])
    if name in _TWO:
        function, (a, b) = _TWO[name], inputs
        return lambda r: function(r[a], r[b], out=r[out])
    return _others(name, number, inputs, out)


def _others(name: str, number: Any, inputs: Sequence[int], out: int) -> Run:
    a, b, c = (*inputs, 0, 0)[:3]
    if name == "add":
        return lambda r: torch.add(r[a], r[b], alpha=number, out=r[out])
    if name == "where":
        return lambda r: torch.where(r[a], r[b], r[c], out=r[out])
    if name == "where_less":
        return lambda r: _where_less(r[a], number, r[b], r[c], r[out])
    if name == "where_greater":
        return lambda r: _where_greater(r[a], number, r[b], r[c], r[out])
    if name == "at_least":
        return lambda r: torch.clamp(r[a], min=number, out=r[out])
    if name == "at_most":
        return lambda r: torch.clamp(r[a], max=number, out=r[out])
    if name == "power_of_number":
        return lambda r: torch.pow(number, r[a], out=r[out])
    if name == "fill":
        return lambda r: r[out].fill_(number)
    if name == "copy":
        return lambda r: r[out].copy_(r[a])
    if name in FUNCTIONS:
        write = FUNCTIONS[name]
        return lambda r: write(r[a], r[out])
    function = getattr(TORCH, name)
    return lambda r: r[out].copy_(function(r[a]))


def _where_less(x: Any, bound: float, a: Any, b: Any, out: Any) -> None:
    """``a`` where ``x`` is below a bound, else ``b``. Where all of it is, as is the rule, nothing need be chosen."""
    if float(x.amax()) < bound:
        _take(a, out)
    else:
        torch.where(x < bound, a, b, out=out)


def _where_greater(x: Any, bound: float, a: Any, b: Any, out: Any) -> None:
    """``a`` where ``x`` is above a bound, else ``b``, likewise."""
    if float(x.amax()) <= bound:
        _take(b, out)
    else:
        torch.where(x > bound, a, b, out=out)


def _take(value: Any, out: Any) -> None:
    if value is not out:
        out.copy_(value)


class PiecePlan(NamedTuple):
    """The work to run for every piece.

    Attributes:
        num_arrays: How many arrays there are; the first registers are their pieces, then come temporaries.
        dtypes: The types of the temporaries.
        instructions: The work, in order.
    """

    num_arrays: int
    dtypes: tuple[torch.dtype, ...]
    instructions: tuple[Run, ...]

    def run(self, arrays: Sequence[torch.Tensor], size: int) -> Iterator[Registers]:
        """Run it over pieces of ``size`` numbers of flat arrays; yields the registers after each."""
        full = [torch.empty(min(size, arrays[0].numel()), dtype=dtype) for dtype in self.dtypes]
        for piece in zip(*(array.split(size) for array in arrays), strict=True):
            length = piece[0].numel()
            temporaries = full if length == size else [each[:length] for each in full]
            registers = [*piece, *temporaries]
            for instruction in self.instructions:
                instruction(registers)
            yield registers


def make_plan(tape: Recording, outputs: Mapping[int, int], dtype: torch.dtype) -> PiecePlan:
    """The plan that computes ``outputs``, which says for the number of an array which node's value it gets.

    An array is written in the place of its old value once nothing reads that any more.
    """
    return _Planner(tape, outputs, dtype).plan()


class _Planner:
    def __init__(self, tape: Recording, outputs: Mapping[int, int], dtype: torch.dtype) -> None:
        self._nodes, self._dtype, self._outputs = tape.nodes, dtype, outputs
        # An array's place is its number, every other node's one of those behind.
        self._place = {index: int(node.number or 0) for index, node in enumerate(tape.nodes) if node.name == "array"}
        self._num_arrays = 1 + max(self._place.values())
        self._needed = self._reached(outputs.values())
        last = {each: index for index in self._needed for each in self._nodes[index].inputs}
        self._last = last | dict.fromkeys(outputs.values(), len(self._nodes))
        self._dtypes: list[torch.dtype] = []
        self._free: list[int] = []

    def _reached(self, outputs: Iterable[int]) -> list[int]:
        waiting, reached = list(outputs), set[int]()
        while waiting:
            index = waiting.pop()
            if index not in reached:
                reached.add(index)
                waiting.extend(self._nodes[index].inputs)
        return sorted(reached - self._place.keys())

    def plan(self) -> PiecePlan:
        direct = self._written_in_place()
        instructions = []
        for index in self._needed:
            node = self._nodes[index]
            inputs = [self._place[each] for each in node.inputs]
            dead = {self._place[each] for each in node.inputs if self._last[each] == index}
            self._free.extend(sorted(place for place in dead if place >= self._num_arrays))
            self._place[index] = direct[index] if index in direct else self._temporary(node, inputs)
            instructions.append(_instruction(node, inputs, self._place[index]))
        copies = [(self._place[index], array) for array, index in self._outputs.items() if self._place[index] != array]
        # An old value that another array takes is read before it is replaced.
        for source, array in sorted(copies, key=lambda copy: copy[0] >= self._num_arrays):
            instructions.append(_instruction(RecordedOp("copy"), (source,), array))
        return PiecePlan(self._num_arrays, tuple(self._dtypes), tuple(instructions))

    def _written_in_place(self) -> dict[int, int]:
        """The nodes whose value can be written to its array at once: nothing reads the old one any more."""
        last = {self._place[index]: self._last.get(index, -1) for index in self._place}
        return {
            node: array
            for array, node in self._outputs.items()
            if node not in self._place and last.get(array, -1) <= node
        }

    def _temporary(self, node: RecordedOp, inputs: Sequence[int]) -> int:
        dtype = torch.bool if node.name in ("less", "greater") else self._dtype
        # A choice is written where what is mostly chosen stands.
        usual = {"where_less": 1, "where_greater": 2}.get(node.name)
        preferred = [] if usual is None or inputs[usual] not in self._free else [inputs[usual]]
        for register in (*preferred, *reversed(self._free)):
            if self._dtypes[register - self._num_arrays] == dtype:
                self._free.remove(register)
                return register
        self._dtypes.append(dtype)
        return self._num_arrays + len(self._dtypes) - 1
