#!/usr/bin/env bash
# Guess: EvoOptimizer(params, lr, warmup_steps=10, total_steps=20) warms up and decays in the usual loop, where step()
# takes no argument. It is an optimizer of PyTorch and could count its own steps.
# Seen with evo-optimizer 0.1.0 on torch 2.13.0: step() without step=number uses neither. The first step is 2.81 times
# the rate and the last 4.79 times; with the number they are 0.28 and 0.12 times. Nothing warns, and state_dict() holds
# no counter: a resumed run must bring the number as well.
# Why it matters: the published results have warmup and decay. A trainer that calls step() for every optimizer alike
# measures another optimizer: constant rate, full first step.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile evo-optimizer==0.1.0

"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import torch
from evo_optimizer import EvoOptimizer

warnings.simplefilter("error")  # from here on, a warning of the optimizer would end the script


def steps(numbered):
    """Length of each of 20 steps at rate 1, from gradients that are all 1."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = EvoOptimizer([weight], lr=1.0, weight_decay=0.0, warmup_steps=10, total_steps=20)
    path = [0.0]
    for number in range(20):
        weight.grad = torch.ones(1)
        optimizer.step(step=number) if numbered else optimizer.step()
        path.append(-weight.item())
    assert set(optimizer.state_dict()["state"][0]) == {"exp_avg", "exp_avg_sq"}
    return [later - sooner for sooner, later in zip(path, path[1:])]


common, numbered = steps(numbered=False), steps(numbered=True)
print("step():       first {:.2f}, last {:.2f}".format(common[0], common[-1]))
print("step(number): first {:.2f}, last {:.2f}".format(numbered[0], numbered[-1]))
assert abs(common[0] / numbered[0] - 10) < 0.01, "no warmup without the number"
assert common[-1] > 4 and numbered[-1] < 0.15, "no decay without the number"
PYTHON
