"""Programs: a spec compiled to a short list of instructions that any array namespace can run.

Compiling keeps the active nodes only, gives each distinct computation one instruction (equal nodes are merged, save
random ones), and lists the EMAs and per-node states to be kept. `paper_optimizers.step` runs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from paper_optimizers.curves import CURVES, Progress
from paper_optimizers.fields import SpecFields
from paper_optimizers.graph import Edge, Graph, Node
from paper_optimizers.namespaces import Namespace
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS, Values


class Argument(NamedTuple):
    """Reads the value of instruction ``register``, multiplied by decay number ``decay`` where that is not None."""

    register: int
    decay: int | None


class Instruction(NamedTuple):
    """Computes one value; ``slot`` numbers the node's state or random draw where its op needs one."""

    op: str
    values: Values
    arguments: tuple[Argument, ...]
    slot: int | None


@dataclass(frozen=True)
class Program:
    """A compiled spec.

    Attributes:
        instructions: The ops in order of evaluation; the last one's value is the update.
        moments: The EMAs to keep, each the size of the weight.
        states: The decay rate of each per-node state (0 where the state is no average); a state has the size of the
            weight and starts at zero.
        num_draws: Uniform random tensors, each the size of the weight, needed at every step.
        decays: The distinct decay functions on the edges.
        spec: The spec that was compiled.
    """

    instructions: tuple[Instruction, ...]
    moments: tuple[MomentKey, ...]
    states: tuple[float, ...]
    num_draws: int
    decays: tuple[Graph, ...]
    spec: SpecFields


def compile_spec(spec: SpecFields) -> Program:
    """Compile ``spec``; a pure function, cheap enough to call at every use."""
    return _Compiler(spec).program()


class _Compiler:
    def __init__(self, spec: SpecFields) -> None:
        self._spec = spec
        self._decays = spec.decays
        self._instructions: list[Instruction] = []
        self._registers: dict[Instruction, int] = {}
        self._moments: dict[MomentKey, None] = {}
        self._states: list[float] = []
        self._num_draws = 0

    def program(self) -> Program:
        registers: dict[str, int] = {}
        for node in self._spec.update.active():
            registers[node.id] = self._add(node, registers)
        return Program(
            instructions=tuple(self._instructions[: registers[self._spec.update.root] + 1]),
            moments=tuple(self._moments),
            states=tuple(self._states),
            num_draws=self._num_draws,
            decays=self._decays,
            spec=self._spec,
        )

    def _add(self, node: Node, registers: Mapping[str, int]) -> int:
        values = _HashableValues(node.values)
        arguments = tuple(self._argument(edge, registers) for edge in node.inputs)
        needs = FUNCTIONS[node.op].needs if node.op in FUNCTIONS else "pure"
        instruction = Instruction(node.op, values, arguments, None)
        if needs != "random" and instruction in self._registers:
            return self._registers[instruction]
        if node.op in OPERANDS:
            self._moments.update(dict.fromkeys(OPERANDS[node.op].moments(values)))
        slot = None
        if needs == "state":
            slot = len(self._states)
            self._states.append(values.get("beta", 0.0))
        elif needs == "random":
            slot, self._num_draws = self._num_draws, self._num_draws + 1
        self._instructions.append(instruction._replace(slot=slot))
        self._registers[instruction] = len(self._instructions) - 1
        return self._registers[instruction]

    def _argument(self, edge: Edge, registers: Mapping[str, int]) -> Argument:
        decay = None if edge.decay is None else self._decays.index(edge.decay)
        return Argument(registers[edge.node], decay)


class _HashableValues(dict[str, Any]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))


def evaluate_graph(graph: Graph, xp: Namespace, progress: Progress) -> Any:
    """The value of a decay function or schedule factor at ``progress``, scalar or elementwise."""
    values: dict[str, Any] = {}
    for node in graph.active():
        if node.op in CURVES:
            values[node.id] = CURVES[node.op].compute(xp, progress, **node.values)
        else:
            arguments = (values[edge.node] for edge in node.inputs)
            values[node.id] = FUNCTIONS[node.op].compute(xp, *arguments, **node.values)
    return values[graph.root]
