"""The optimizer of PyTorch: one class of `torch.optim` that runs any spec over parameter groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import torch

from paper_optimizers.docstrings import with_mathematics
from paper_optimizers.spec import OptimizerSpec
from paper_optimizers.step import PureOptimizer
from paper_optimizers.torch.blocks import Row
from paper_optimizers.torch.moving import needs_tensor, state_dtype
from paper_optimizers.torch.namespace import TORCH
from paper_optimizers.torch.settings import (
    Group,
    RunSettings,
    check_group,
    follows_run,
    pure_optimizer,
    require_parameters,
    warn_of_constant_rate,
    warn_past_end,
)
from paper_optimizers.torch.works import GroupStep, StepGroup


@with_mathematics(
    rate="lr",
    counted="calls of `step`: gradients accumulated over several batches, and steps that a\n  `GradScaler` skips, "
    "count as a loop would count them",
)
class GraphOptimizer(torch.optim.Optimizer):
    """A `torch.optim.Optimizer` that runs any `OptimizerSpec`.

    Use it for an optimizer that is data: a spec of your own, or one that a search found. `create` makes those of the
    catalog by name, and the published ones have classes, `Opt1` to `Opt10` and `A1` to `A5`, with these arguments but
    ``spec``. Every argument but ``params`` can be given for a parameter group, too.

    Averages of a parameter are corrected for the updates in which it had a gradient.

    Args:
        params (Iterable): Parameters, named parameters, or groups of them, as in every optimizer of torch.
        spec (OptimizerSpec, str or Mapping): A spec, a name of the catalog such as ``"Opt4"``, or a spec's JSON form as
            plain data.
        lr (float or Tensor): The rate, a number or a tensor of one element: constant, or as torch's schedulers set it.
            Given together with ``warmup_steps`` or ``hold_steps`` it is the peak of a linear warm-up from 0, a hold,
            and half a cosine back to 0. There is no default.
        total_steps (int): T, the number of updates of the run. Needed by specs with decay functions, a schedule factor
            or one-cycle momentum. Past T every decay holds its last value, and the first step there warns, except with
            ``capturable``.
        warmup_steps (int): Updates of the warm-up, for the rate and for one-cycle momentum.
        hold_steps (int): Updates at the peak after the warm-up.
        decay (bool): Whether edge decays and the schedule factor are applied.
        momentum (float): A constant momentum coefficient in [0, 1) instead of the spec's; only for specs with momentum.
        seed (int): Seed of the dropout masks of specs that have them.
        weight_decay (float): Decoupled: before each step it takes so much of the weight, times ``eta``.
        maximize (bool): Whether to climb instead of to descend.
        foreach (bool): Whether small tensors are moved together and large ones in pieces, which is faster. None is True
            wherever the spec can be run so.
        capturable (bool): Whether the number of updates is kept on the parameters' device, as CUDA graphs need it.

    Raises:
        ValueError: If ``lr`` is missing, the spec needs ``total_steps`` and there is none, an argument is out of its
            range, or two contradict each other.
        TypeError: If something else is in the place of the parameters, which come first.
        KeyError: For a name that is not in the catalog.

    Examples:
        >>> import torch
        >>> from paper_optimizers import from_text
        >>> from paper_optimizers.torch import GraphOptimizer
        >>> model, spec = torch.nn.Linear(3, 1), from_text("Nest ~ tanh([a1][arcsinh(g)])")
        >>> optimizer = GraphOptimizer(model.parameters(), spec, lr=0.1, total_steps=5_000, warmup_steps=500)
    """

    def __init__(
        self,
        params: Iterable[Any],
        spec: OptimizerSpec | str | Mapping[str, Any],
        lr: Any = None,
        *,
        total_steps: int | None = None,
        warmup_steps: int | None = None,
        hold_steps: int | None = None,
        decay: bool = True,
        momentum: float | None = None,
        seed: int | None = None,
        weight_decay: float = 0.0,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "spec": spec,
            "lr": lr,
            "total_steps": total_steps,
            "warmup_steps": warmup_steps,
            "hold_steps": hold_steps,
            "decay": decay,
            "momentum": momentum,
            "seed": seed,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
        }
        self._steps: list[GroupStep] = []
        self._runs_warned_of: set[int] = set()
        require_parameters(params, type(self).__name__)
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters whose options are the optimizer's where the group has none; its run goes on where others are.

        Raises:
            ValueError: As the constructor, and for parameters that cannot be moved.
            KeyError: As the constructor.
        """
        group = {**self.defaults, **param_group}
        check_group(group, type(self).__name__)
        group.setdefault("updates", max((int(other["updates"]) for other in self.param_groups), default=0))
        super().add_param_group(group)
        added = self.param_groups[-1]
        try:
            for param in added["params"]:
                _check_parameter(param, added)
        except ValueError:
            self.param_groups.pop()
            raise
        _place_updates(added)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient, and return what ``closure``, called first, gives."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for work in self._works(torch.compiler.is_compiling()):
            work.run()
        return loss

    @torch._disable_dynamo
    def _works(self, compiled: bool) -> list[StepGroup]:
        """Prepare a step: its groups of rows with their scalars. This part of a step is never compiled."""
        # Whatever warns or raises does so before anything is counted: a step that fails can be repeated.
        steps = [self._prepared(*each) for each in enumerate(self.param_groups)]
        self._warn_past_end()
        works: list[StepGroup] = []
        for number, (group, step) in enumerate(zip(self.param_groups, steps, strict=True)):
            for (*_, skipped, place), rows in self._alike(number, group, step.pure).items():
                work = StepGroup(step, rows, step.values(skipped), step.rate(), place, compiled)
                works.append(work.with_tensors() if compiled else work)
            group["updates"] += 1
        return works

    def _warn_past_end(self) -> None:
        """Warn of one run that goes on past its end and was not warned of; groups of one length are one run.

        Where updates are counted on the device, no step waits to look.
        """
        for group in self.param_groups:
            total = group["total_steps"]
            if group["capturable"] or total is None or total in self._runs_warned_of or group["updates"] < total:
                continue
            if follows_run(group):
                self._runs_warned_of.add(total)
                warn_past_end(group)
                return

    def _alike(self, number: int, group: Group, pure: PureOptimizer) -> dict[Any, list[Row]]:
        """The rows to be moved, those together that are moved alike."""
        first = group["updates"].clone() if group["capturable"] else group["updates"]
        alike: dict[Any, list[Row]] = {}
        for place, param in enumerate(group["params"]):
            gradient = param.grad
            if gradient is None:
                if self.state.get(param):
                    self.state[param]["skipped"] = self.state[param]["skipped"] + 1
                continue
            if not param.numel():
                continue
            row, skipped = self._row(pure, param, gradient, first)
            drawn = (number, place) if pure.program.num_draws else None
            kind = (param.device, param.dtype, gradient.dtype, type(param.data), gradient.is_sparse)
            alike.setdefault((*kind, skipped, drawn), []).append(row)
        return alike

    def _prepared(self, number: int, group: Group) -> GroupStep:
        course = RunSettings.of(group)
        known = self._steps[number] if number < len(self._steps) else None
        if known is None or known.course != course or known.group is not group:
            if group["lr_is_peak"] and "initial_lr" in group:
                raise ValueError(
                    "a scheduler of torch sets this optimizer's lr, which is the peak of the schedule of warmup_steps "
                    "and hold_steps here: leave these out, or the scheduler"
                )
            warn_of_constant_rate(group)
            self._steps[number : number + 1] = [GroupStep(group, course, pure_optimizer(course, TORCH))]
        return self._steps[number]

    def _row(self, pure: PureOptimizer, param: Any, gradient: Any, first: Any) -> tuple[Row, Any]:
        """A parameter, its gradient and its arrays, and in how many updates it had no gradient.

        ``first`` is how many there were before this one, which may be the parameter's first.
        """
        state = self.state[param]
        if not state:
            state["skipped"] = first
            # Of the weight's layout where that is dense, as its gradient is.
            pure.init_tensor(lambda name: state.setdefault(name, torch.zeros_like(param, dtype=state_dtype(param))))
        names: list[str] = []
        pure.init_tensor(lambda name: names.append(name))
        return (param.detach(), gradient.detach(), *(state[name] for name in names)), state["skipped"]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the optimizer stood that gave ``state_dict``: options, number of updates, and all that is kept.

        Raises:
            ValueError: If the groups do not match.
        """
        super().load_state_dict(state_dict)
        saved = chain.from_iterable(group["params"] for group in state_dict["param_groups"])
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        for name, param in zip(saved, params, strict=True):
            for key, value in state_dict["state"].get(name, {}).items():
                # torch turned it into the weight's type, which may hold less.
                if isinstance(value, torch.Tensor):
                    dtype = value.dtype if key == "skipped" else state_dtype(param)
                    self.state[param][key] = value.detach().to(device=param.device, dtype=dtype, copy=True)
        for group in self.param_groups:
            _place_updates(group)
            self._place_skipped(group)

    def _place_skipped(self, group: Group) -> None:
        """One number for all parameters that have the same, where the group's updates are counted."""
        states = [self.state[param] for param in group["params"] if self.state.get(param)]
        known: dict[int, Any] = {}
        for state in states:
            value = int(state["skipped"])
            state["skipped"] = known.setdefault(
                value, torch.full_like(group["updates"], value) if group["capturable"] else value
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state as torch does, for copies, pickles and `load_state_dict`."""
        super().__setstate__(state)
        self._steps = []
        self._runs_warned_of = set()

    def applied_learning_rates(self) -> list[Any]:
        """The rate of the coming update in each group: what multiplies ``u``, all schedules and factors included."""
        steps = [self._prepared(*each) for each in enumerate(self.param_groups)]
        return [step.values(0).applied(step.rate()) for step in steps]

    def applied_momenta(self) -> list[Any]:
        """The momentum coefficient of the coming update in each group, or None without momentum."""
        return [self._prepared(*each).values(0).momentum for each in enumerate(self.param_groups)]


def _check_parameter(param: Any, group: Group) -> None:
    if not param.is_floating_point():
        raise ValueError(
            f"received a parameter of {param.dtype}; expected floating-point numbers. Train the real and the imaginary "
            "part of a complex one as two parameters (torch.view_as_real)"
        )
    # FullyShardedDataParallel of FSDP1 cuts and joins tensors, so that none is whole on any process.
    flattened = getattr(param, "_fsdp_flattened", False) or type(param).__name__ == "FlatParameter"
    if flattened and needs_tensor(pure_optimizer(RunSettings.of(group), TORCH)):
        raise ValueError(
            "this spec takes the norm of each whole tensor, and FullyShardedDataParallel leaves parts of tensors: "
            "shard with torch.distributed.fsdp.fully_shard, whose parameters are DTensors"
        )


def _place_updates(group: Group) -> None:
    """The number of updates as an integer of Python, or where the parameters are, so that no step waits for it."""
    if not group["capturable"]:
        group["updates"] = int(group["updates"])
    elif group["params"]:
        group["updates"] = torch.as_tensor(group["updates"], dtype=torch.int64).to(group["params"][0].device, copy=True)
