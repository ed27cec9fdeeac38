"""Programs: a spec compiled to a short list of instructions that any array namespace can run.

Compiling keeps the active nodes only, gives each distinct computation one instruction (equal nodes are merged, save
random ones), lists the EMAs and per-node states to be kept, and separates what depends on the step alone (decays,
bias corrections, momentum) from what is computed per weight tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from paper_optimizers.curves import CURVES, Progress
from paper_optimizers.graph import Edge, Graph, Node
from paper_optimizers.namespaces import Namespace
from paper_optimizers.operands import OPERANDS, MomentKey
from paper_optimizers.ops import FUNCTIONS, Values, bias_correction
from paper_optimizers.spec import OneCycle, OptimizerSpec


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
        instructions: In order of evaluation; the last one's value is the update.
        moments: The EMAs to keep, each the size of the weight.
        states: The decay rate of each per-node state (0 where the state is no average); a state has the size of the
            weight and starts at zero.
        num_draws: Uniform random tensors, each the size of the weight, needed at every step.
        decays: The distinct decay functions on the edges.
        spec: What was compiled.
    """

    instructions: tuple[Instruction, ...]
    moments: tuple[MomentKey, ...]
    states: tuple[float, ...]
    num_draws: int
    decays: tuple[Graph, ...]
    spec: OptimizerSpec


class StepValues(NamedTuple):
    """What one step needs beside the tensors, all scalars.

    Attributes:
        decays: The value of each of the program's decays.
        corrections: The bias correction ``1 - beta^count`` of each of its moments.
        state_corrections: The same for each of its states.
        rate_factor: What the learning rate is multiplied by, or None for 1.
        momentum: The momentum coefficient, or None without momentum.
    """

    decays: tuple[Any, ...]
    corrections: tuple[Any, ...]
    state_corrections: tuple[Any, ...]
    rate_factor: Any
    momentum: Any


def compile_spec(spec: OptimizerSpec) -> Program:
    """Compile ``spec``; a pure function, cheap enough to call at every use."""
    return _Compiler(spec).program()


class _Compiler:
    def __init__(self, spec: OptimizerSpec) -> None:
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


def step_values(
    program: Program, xp: Namespace, *, count: Any, progress: Progress | None, one_cycle_phase: Any | None
) -> StepValues:
    """The scalars of one step.

    Args:
        program: The compiled spec.
        xp: The array namespace.
        count: The step's number from 1, as a floating-point scalar.
        progress: Training progress; may be None only if the spec does not need the total number of steps.
        one_cycle_phase: 1 where one-cycle momentum stands at its high value, 0 at its low one; see
            `paper_optimizers.one_cycle.one_cycle_phase`. May be None without one-cycle momentum.
    """
    spec = program.spec
    factor = None if spec.schedule is None else evaluate_graph(spec.schedule, xp, _given(progress))
    momentum: Any = None
    if spec.momentum.type != "none":
        one_cycle = isinstance(spec.momentum.coefficient, OneCycle)
        momentum = one_cycle_coefficient(spec.momentum.coefficient, _given(one_cycle_phase) if one_cycle else None)
    return StepValues(
        decays=tuple(evaluate_graph(decay, xp, _given(progress)) for decay in program.decays),
        corrections=tuple(bias_correction(xp, key.beta, count) for key in program.moments),
        state_corrections=tuple(bias_correction(xp, beta, count) for beta in program.states),
        rate_factor=factor,
        momentum=momentum,
    )


def one_cycle_coefficient(coefficient: float | OneCycle, phase: Any) -> Any:
    """The momentum coefficient at a one-cycle phase (1 high, 0 low); a constant one is what it is."""
    if isinstance(coefficient, OneCycle):
        return coefficient.low + (coefficient.high - coefficient.low) * phase
    return coefficient


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("this spec reads training progress; pass the total number of steps")
    return value


#: ``(number of the draw, tensor it is for) -> uniform random numbers in [0, 1), one per weight``.
Draw = Callable[[int, Any], Any]


class UpdateResult(NamedTuple):
    """The update ``u`` of one weight tensor (sign applied) and what is kept for the next step."""

    update: Any
    moments: tuple[Any, ...]
    states: tuple[Any, ...]


def run_update(
    program: Program,
    xp: Namespace,
    step: StepValues,
    *,
    gradient: Any,
    weight: Any,
    moments: Sequence[Any],
    states: Sequence[Any] = (),
    draw: Draw | None = None,
) -> UpdateResult:
    """Compute the update of one weight tensor.

    Args:
        program: The compiled spec.
        xp: The array namespace that the tensors belong to.
        step: This step's scalars.
        gradient: The gradient, any shape.
        weight: The weight before the step, same shape.
        moments: One tensor for each of ``program.moments``, zeros before the first step.
        states: One for each of ``program.states``, zeros before the first step.
        draw: Source of randomness; needed where ``program.num_draws`` is not 0.

    Returns:
        `UpdateResult`. The step to take is ``-eta * update``, through the momentum of the spec.
    """
    quantities = _TensorQuantities(program, step, gradient, weight, moments)
    new_states = list(states)
    registers: list[Any] = []
    for op, values, arguments, slot in program.instructions:
        if op in OPERANDS:
            registers.append(OPERANDS[op].compute(xp, quantities, **values))
            continue
        inputs = [
            registers[register] if decay is None else registers[register] * step.decays[decay]
            for register, decay in arguments
        ]
        function = FUNCTIONS[op]
        if slot is None:
            value = function.compute(xp, *inputs, **values)
        elif function.needs == "random":
            if draw is None:
                raise ValueError("this spec has dropout nodes; pass draw=, a source of uniform random numbers")
            value = function.compute(xp, *inputs, uniform=draw(slot, inputs[0]), **values)
        else:
            correction = step.state_corrections[slot]
            value, new_states[slot] = function.compute(
                xp, *inputs, previous=states[slot], correction=correction, **values
            )
        registers.append(value)
    update = -registers[-1] if program.spec.ascend else registers[-1]
    return UpdateResult(update, quantities.moments, tuple(new_states))


class _TensorQuantities:
    """The operands' view of one weight tensor: EMAs are advanced once, powers of the gradient computed once."""

    def __init__(self, program: Program, step: StepValues, gradient: Any, weight: Any, moments: Sequence[Any]) -> None:
        self.weight = weight
        self._powers = {1: gradient}
        self._index = {key: index for index, key in enumerate(program.moments)}
        self._corrections = step.corrections
        self._before = tuple(moments)
        self.moments = tuple(
            key.beta * before + (1.0 - key.beta) * self.gradient_power(key.power)
            for key, before in zip(program.moments, moments, strict=True)
        )

    def gradient_power(self, power: int) -> Any:
        if power not in self._powers:
            self._powers[power] = self.gradient_power(power - 1) * self._powers[1]
        return self._powers[power]

    def moment(self, key: MomentKey, *, corrected: bool, delayed: bool) -> Any:
        index = self._index[key]
        average = (self._before if delayed else self.moments)[index]
        return average / self._corrections[index] if corrected else average
