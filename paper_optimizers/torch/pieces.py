"""A step of large tensors on a processor: written down once, then run over pieces that its cache holds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import torch

from paper_optimizers.torch.blocks import Row
from paper_optimizers.torch.plans import PiecePlan, make_plan
from paper_optimizers.torch.recording import Recording, RecordingNamespace, Term

#: Numbers in a piece: small enough for the cache, large enough that the calls cost little. Measured with 2^12 to 2^17.
PIECE = 2**16
#: From this size on a tensor is worth it.
LEAST = PIECE

#: ``(namespace, terms of weight, gradient and arrays) -> the new weight and arrays``.
Record = Callable[[RecordingNamespace, Sequence[Term]], Sequence[Any]]


def is_large(row: Row) -> bool:
    """Whether the tensors of a row are run in pieces."""
    weight = row[0]
    plain = weight.device.type == "cpu" and all(tensor.dtype == weight.dtype for tensor in row)
    return plain and weight.numel() >= LEAST and all(tensor.is_contiguous() for tensor in row)


def move_pieces(rows: Sequence[Row], record: Record, *, each: bool) -> None:
    """Move large tensors alike; ``each`` is written down anew where the step looks at whole tensors."""
    plan: PiecePlan | None = None
    for row in rows:
        arrays = [tensor.view(-1) for tensor in row]
        if plan is None or each:
            plan = _recorded(arrays, record)
        _exhaust(plan, arrays)


def _exhaust(plan: PiecePlan, arrays: Sequence[torch.Tensor]) -> None:
    deque(plan.run(arrays, PIECE), maxlen=0)


def _recorded(arrays: list[torch.Tensor], record: Record) -> PiecePlan:
    """The plan that moves these arrays. Arrays that the step needs whole are added to them."""
    tape = Recording(len(arrays))

    def norm(value: Any) -> float:
        if not isinstance(value, Term):
            return abs(float(value)) * math.sqrt(arrays[0].numel())
        place = len(arrays)
        arrays.append(torch.empty_like(arrays[0]))
        plan = make_plan(tape, {place: value.index}, arrays[0].dtype)
        norms = [torch.linalg.vector_norm(registers[place]) for registers in plan.run(arrays, PIECE)]
        tape.store(value.index, place)
        return abs(value.factor) * float(torch.linalg.vector_norm(torch.stack(norms).double()))

    terms = [tape.array(index) for index in range(len(arrays))]
    moved = record(RecordingNamespace(norm), terms)
    values = [term.plain() if isinstance(term, Term) else tape.add("fill", 0, number=term) for term in moved]
    places = [place for place in range(len(terms)) if place != 1]
    outputs = {place: value.index for place, value in zip(places, values, strict=True)}
    return make_plan(tape, outputs, arrays[0].dtype)
