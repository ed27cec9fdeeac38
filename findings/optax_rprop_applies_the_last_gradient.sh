#!/usr/bin/env bash
# Guess: optax.rprop(0.1) moves each weight by 0.1 against the sign of its gradient in the first step, as
# torch.optim.Rprop does, and follows the same rule afterwards.
# Seen with optax 0.2.8, jax 0.10.2, torch 2.13.0: optax's first step moves nothing, and each later step goes in the
# direction of the gradient before. On gradients +1, +1, +1 PyTorch goes to -0.10, -0.22, -0.364; optax to 0, -0.10,
# -0.22: the same path, one step late.
# Why it matters: in training, each gradient is applied to weights it was not taken at, and the last one of a run is
# never used. A comparison with another library's Rprop compares two optimizers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8

"$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import numpy as np
import optax
import torch


def torch_path(gradients):
    weight = torch.nn.Parameter(torch.zeros(1))
    rprop, path = torch.optim.Rprop([weight], lr=0.1, etas=(0.5, 1.2), step_sizes=(1e-6, 50)), []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        rprop.step()
        path.append(weight.item())
    return np.array(path)


def optax_path(gradients):
    weight, path = jnp.zeros(1), []
    rprop = optax.rprop(0.1, eta_minus=0.5, eta_plus=1.2, min_step_size=1e-6, max_step_size=50)
    state = rprop.init(weight)
    for gradient in gradients:
        update, state = rprop.update(jnp.array([gradient]), state)
        weight = optax.apply_updates(weight, update)
        path.append(float(weight[0]))
    return np.array(path)


for gradients in ([1.0] * 5, [-1.0, -1.0, -2.0, -3.0, -1.0]):
    prompt, late = torch_path(gradients), optax_path(gradients)
    print(gradients, "torch", prompt.round(3), "optax", late.round(3))
    assert abs(prompt[0]) > 0.09 and late[0] == 0
    np.testing.assert_allclose(late[1:], prompt[:-1], rtol=1e-5)
PYTHON
