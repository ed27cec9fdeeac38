"""Two processes of gloo train alike: replicas (DDP), tensors cut in two (DTensor), and parts of tensors (FSDP1)."""

import sys

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

import paper_optimizers.torch as door
from paper_optimizers import from_text

NAMES = ("Opt1", "Opt4", "Opt9", "Opt10", "A5")
COURSE = {"lr": 0.02, "total_steps": 9, "warmup_steps": 2}


def replicas() -> None:
    """Each process sees half of a batch; both end where one process with the whole batch does."""
    rank = dist.get_rank()
    random = torch.Generator().manual_seed(0)
    inputs, targets = torch.randn(8, 3, generator=random), torch.randn(8, 2, generator=random)
    for name in NAMES:
        torch.manual_seed(1)
        model = torch.nn.Linear(3, 2)
        alone = torch.nn.Linear(3, 2)
        alone.load_state_dict(model.state_dict())
        parallel = torch.nn.parallel.DistributedDataParallel(model)
        both = [door.create(name, each.parameters(), **COURSE) for each in (parallel, alone)]
        half = slice(4 * rank, 4 * rank + 4)
        for _ in range(5):
            for optimizer, module, rows in zip(both, (parallel, alone), (half, slice(None)), strict=True):
                optimizer.zero_grad()
                ((module(inputs[rows]) - targets[rows]) ** 2).mean().backward()
                optimizer.step()
        for a, b in zip(model.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
        others = [torch.empty_like(model.weight) for _ in range(2)]
        dist.all_gather(others, model.weight.detach())
        assert torch.equal(*others)


def sharded() -> None:
    """A tensor that is cut in two moves as the whole one does; A5 takes the norm of the whole."""
    mesh = init_device_mesh("cpu", (2,))
    for name in NAMES:
        random = torch.Generator().manual_seed(0)
        whole = torch.nn.Parameter(torch.randn(6, 4, generator=random))
        cut = torch.nn.Parameter(distribute_tensor(whole.detach().clone(), mesh, [Shard(0)]))
        both = [door.create(name, [param], **COURSE) for param in (whole, cut)]
        for _ in range(4):
            gradient = torch.randn(6, 4, generator=random)
            whole.grad, cut.grad = gradient, distribute_tensor(gradient, mesh, [Shard(0)])
            for optimizer in both:
                optimizer.step()
        torch.testing.assert_close(cut.detach().full_tensor(), whole.detach(), rtol=1e-5, atol=1e-6)


def fully_sharded() -> None:
    """A module under `fully_shard`: its parameters are DTensors."""
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", (2,))
    inputs = torch.linspace(-1, 1, 12).view(4, 3)
    for name in NAMES:
        torch.manual_seed(1)
        model = torch.nn.Linear(3, 2)
        alone = torch.nn.Linear(3, 2)
        alone.load_state_dict(model.state_dict())
        fully_shard(model, mesh=mesh)
        both = [door.create(name, each.parameters(), **COURSE) for each in (model, alone)]
        for _ in range(4):
            for optimizer, module in zip(both, (model, alone), strict=True):
                optimizer.zero_grad()
                (module(inputs) ** 2).mean().backward()
                optimizer.step()
        for a, b in zip(model.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(a.detach().full_tensor(), b.detach(), rtol=1e-5, atol=1e-6)


def parts() -> None:
    """FSDP1 leaves parts of tensors: what takes a norm is refused, in words."""
    flat = torch.nn.Parameter(torch.ones(4))
    flat._fsdp_flattened = True
    door.Opt1([flat], lr=0.1)
    with pytest.raises(ValueError, match="fully_shard"):
        door.A5([flat], lr=0.1)


def masks() -> None:
    """Masks must be the same in both processes, so that their seed must be given."""
    spec = from_text("None ~ drop(g, 0.5)")
    weight = torch.nn.Parameter(torch.ones(64))
    with pytest.raises(ValueError, match="pass seed="):
        door.GraphOptimizer([weight], spec, 0.1)
    weight.grad = torch.ones(64)
    torch.manual_seed(dist.get_rank())
    door.GraphOptimizer([weight], spec, 0.1, seed=3).step()
    both = [torch.empty(64) for _ in range(2)]
    dist.all_gather(both, weight.detach())
    assert torch.equal(*both)


def run(rank: int, scene: str, address: str) -> None:
    """One process."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    try:
        globals()[scene]()
        dist.barrier()  # One that ends while the other still reads would cut it off.
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    processes.spawn(run, (sys.argv[1], sys.argv[2]), nprocs=2)
