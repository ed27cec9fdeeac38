#!/usr/bin/env bash
# Guess: at rate 0 an optimizer stands still. So a schedule that decays to zero ends a run, and a parameter group with
# rate 0 is frozen.
# Seen with pytorch_optimizer 4.1.0 on torch 2.13.0: after five steps at rate 0.01 the rate of every group is set to 0
# and three more steps follow. Adam, AdamW, Lion, SGD and Lamb stand still. These move on, by 0.003 to 0.09:
#   A2Grad, AccSGD, AdaFactor, ApolloDQN, LaProp, MADGRAD, ScheduleFreeAdamW, ScheduleFreeSGD
# They keep past rates inside their state (LaProp's momentum, MADGRAD's sums, ScheduleFree's average), take the rate
# from the step number (AdaFactor's relative step) or use it for one part only.
# Why it matters: a comparison under one shared schedule gives these another schedule without a word. Decay to zero, or
# freezing by rate, is to be checked on the weights.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile pytorch_optimizer==4.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import pytorch_optimizer
import torch

STANDING = ["AdamW", "Lion", "Lamb", "AdaBelief", "Yogi", "StableAdamW"]
WALKING = ["A2Grad", "AccSGD", "AdaFactor", "ApolloDQN", "LaProp", "MADGRAD"]
WALKING += ["ScheduleFreeAdamW", "ScheduleFreeSGD"]
inputs = torch.randn(64, 6, generator=torch.Generator().manual_seed(1))
targets = torch.randn(64, 3, generator=torch.Generator().manual_seed(2))


def moved_at_rate_zero(make):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    optimizer = make(model.parameters(), lr=0.01)

    def weights_after(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(inputs), targets).backward()
            optimizer.step()
        return torch.cat([weights.detach().flatten() for weights in model.parameters()])

    before = weights_after(5)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    return float((weights_after(3) - before).abs().max())


makers = {"torch.optim.Adam": torch.optim.Adam, "torch.optim.SGD": torch.optim.SGD}
makers |= {name: getattr(pytorch_optimizer, name) for name in STANDING + WALKING}
moved = {name: moved_at_rate_zero(make) for name, make in makers.items()}
for name, distance in moved.items():
    print(f"{name:18} {distance:.1e}")
for name, distance in moved.items():
    assert distance > 1e-5 if name in WALKING else distance == 0, (name, distance)
PYTHON
