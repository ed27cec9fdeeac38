"""The engine's interpreter and the integrity check's tape mean what the oracle means at the ends of float32."""

import jax
import numpy as np

from reproduce.population.assembly import Capacity, Member, assemble, step_tables
from reproduce.population.interpreter import OptimizerState, empty_registers, encode, make_optimizer_step
from reproduce.population.tape import Tape
from tests.paper_optimizers import extreme_rows as extremes

CAPACITY = Capacity()


def members(specs) -> list[Member]:
    return [Member(spec, 1.0, total_steps=2) for spec in specs]


def engine_updates(specs, weight, gradients, sizes):
    """[S][M, P] the update of each step."""
    listed = members(specs)
    code, counts = encode(assemble(listed, CAPACITY), CAPACITY.states)
    tables = step_tables(listed, range(len(gradients)), CAPACITY)
    step = make_optimizer_step(sizes)

    @jax.jit
    def all_members(gradient, table, optimizer):
        def one(member):
            code, counts, table, optimizer = member
            registers = empty_registers(CAPACITY.instructions, len(weight))
            result = step(code, counts, table, gradient, weight, optimizer, registers, jax.random.key(0))
            return result.workspace[code.result], result.optimizer

        return jax.lax.map(one, (code, counts, table, optimizer))

    shape = (len(listed), CAPACITY.moments, len(weight)), (len(listed), CAPACITY.states, len(weight))
    optimizer = OptimizerState(*(np.zeros(size, np.float32) for size in (*shape, (len(listed), len(weight)))))
    updates = []
    for number, gradient in enumerate(gradients):
        table = jax.tree.map(lambda field, at=number: field[:, at], tables)
        update, optimizer = all_members(gradient, table, optimizer)
        updates.append(np.asarray(update))
    return updates


def tape_updates(specs, start, gradients):
    """[S][C, R, N] the update of each step: a rate of -1 adds it to a weight of 0."""
    listed = members(specs)
    tables = step_tables(listed, range(len(gradients)), CAPACITY)
    rates = np.zeros(len(gradients[0]), np.float32)
    tape = Tape(assemble(listed, CAPACITY), tables, start, rates, seed=0)
    updates = []
    with np.errstate(all="ignore"):
        for number, gradient in enumerate(gradients):
            tape.weight = np.broadcast_to(start, tape.weight.shape).copy()
            tape.step(number, np.broadcast_to(gradient, tape.weight.shape))
            updates.append(np.take(tape._registers, tape._result, axis=0))
    return updates


def failures(updates) -> list:
    by_spec = {spec: [update[place] for update in updates] for place, spec in enumerate(extremes.ROWS.values())}
    return extremes.failures(lambda spec: by_spec[spec])


def test_every_row_of_the_engine_means_what_the_oracle_means() -> None:
    weight = extremes.pairs()[1]
    assert failures(engine_updates(extremes.ROWS.values(), weight, extremes.steps(), (len(weight),))) == []


def test_every_row_of_the_tape_means_what_the_oracle_means() -> None:
    weight = extremes.pairs()[1]
    updates = tape_updates(extremes.ROWS.values(), weight, [gradient[None] for gradient in extremes.steps()])
    assert failures([update[:, 0] for update in updates]) == []


def test_a_norm_in_the_engine_and_on_the_tape_is_right_at_the_ends_of_float32() -> None:
    tensors = extremes.triples()
    flat = tensors.ravel()
    (engine,) = engine_updates([extremes.NORM], flat, [flat], (3,) * len(tensors))
    (tape,) = tape_updates([extremes.NORM], np.zeros(3, np.float32), [tensors])
    for updates in (engine[0].reshape(-1, 3), tape[0]):
        assert extremes.wrong("clip_norm", updates, extremes.norm_oracle()) == []
