"""Groups of rows that one step moves alike, with the scalars that they share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from paper_optimizers.namespaces import NUMPY
from paper_optimizers.step import PureOptimizer, StepValues
from paper_optimizers.torch.blocks import Row
from paper_optimizers.torch.moving import Mover, is_plain
from paper_optimizers.torch.namespace import TORCH
from paper_optimizers.torch.settings import Group, RunSettings, peak_share, pure_optimizer


class GroupStep(NamedTuple):
    """How a group is moved, as long as its options stay."""

    group: Group
    course: RunSettings
    pure: PureOptimizer

    def values(self, skipped: Any) -> StepValues:
        """The scalars of the coming update of a parameter that had no gradient in ``skipped`` others."""
        if self.group["capturable"]:
            return self.pure.values(self.group["updates"], skipped)
        with np.errstate(all="ignore"):
            values = pure_optimizer(self.course, NUMPY).values(self.group["updates"], skipped)
        return values.map(lambda value: None if value is None else float(value))

    def rate(self) -> Any:
        """The rate of the coming update, before the spec's factor."""
        rate = self.group["lr"]
        if isinstance(rate, torch.Tensor):
            rate = rate.reshape(())
        if not self.group["lr_is_peak"]:
            return rate
        if self.group["capturable"]:
            return rate * peak_share(self.group, TORCH, self.group["updates"])
        return rate * float(peak_share(self.group, NUMPY, self.group["updates"]))


class StepGroup(NamedTuple):
    """Rows that are moved alike: of one group, device and dtypes, with one number of updates before.

    Attributes:
        step: How their group is moved.
        rows: A parameter, its gradient and its arrays each.
        values: The scalars of the step.
        rate: The rate before the spec's factor.
        place: Numbers of group and parameter, where the spec draws masks.
        compiled: Whether this is being compiled, which makes better use of whole tensors.
    """

    step: GroupStep
    rows: list[Row]
    values: StepValues
    rate: Any
    place: tuple[int, int] | None
    compiled: bool

    def with_tensors(self) -> StepGroup:
        """The same with scalars that are tensors, so that what is compiled holds for every step."""
        return self._replace(values=self.values.map(_tensor), rate=_tensor(self.rate), compiled=True)

    def run(self) -> None:
        """Move the tensors of the group by one step."""
        weight, gradient = self.rows[0][:2]
        group, mover = self.step.group, self._mover()
        if gradient.is_sparse:
            for row in self.rows:
                mover.move_sparse(row)
        elif self.compiled or self.place or not is_plain(weight) or group["foreach"] is False:
            mover.move_each(self.rows)
        else:
            mover.move_together(self.rows, in_pieces=not group["capturable"])

    def _mover(self) -> Mover:
        group = self.step.group
        draw = None if self.place is None else self._draw
        return Mover(self.step.pure, self.values, self.rate, group["weight_decay"], group["maximize"], draw)

    def _draw(self, number: int, tensor: Any) -> Any:
        """Uniform numbers that seed, update and the parameter's place decide, wherever the run was resumed."""
        words = [self.step.group["seed"], self.step.group["updates"], *(self.place or ()), number]
        low, high = np.random.SeedSequence(words).generate_state(2).tolist()
        generator = torch.Generator(tensor.device).manual_seed(low + (high << 31))
        return torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype, device=tensor.device)


def _tensor(value: Any) -> Any:
    return value if value is None or isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)
