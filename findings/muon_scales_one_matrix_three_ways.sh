#!/usr/bin/env bash
# Guess: Muon with the same rate and momentum takes a step of the same size from the same gradient matrix in every
# library.
# Seen with torch 2.13.0, optax 0.2.8, keras 3.15.1: the directions agree, the sizes do not. At rate 1, root mean
# square:
#   shape of the array   torch.optim.Muon   optax.contrib.muon   keras.optimizers.Muon
#   4 x 4                0.52               0.52                 0.21
#   64 x 4               0.46               0.12                 0.19
#   4 x 64               0.11               0.43                 0.17
# PyTorch scales by sqrt(rows / columns) where that is above 1. Optax takes the other axis as the outputs, so it scales
# the transposed shape. Keras scales by 0.2 times the square root of the longer side, whichever way it lies.
# Why it matters: a rate tuned for one is off by up to sqrt(rows / columns) for each layer in another, and no single
# factor mends it. Weights that keep the layout of one library (outputs first, or last) get the wrong scale in the
# other.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 optax==0.2.8 keras==3.15.1

KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import keras
import numpy as np
import optax.contrib
import torch


def torch_step(gradient):
    weights = torch.nn.Parameter(torch.zeros(gradient.shape))
    weights.grad = torch.tensor(gradient)
    torch.optim.Muon([weights], lr=1.0, momentum=0.95, weight_decay=0.0).step()
    return weights.detach().numpy()


def optax_step(gradient):
    weights = {"kernel": jnp.zeros(gradient.shape)}
    muon = optax.contrib.muon(1.0, beta=0.95, weight_decay=0.0)
    updates, _ = muon.update({"kernel": jnp.asarray(gradient)}, muon.init(weights), weights)
    return np.asarray(updates["kernel"])


def keras_step(gradient):
    weights = keras.Variable(np.zeros(gradient.shape, "float32"), name="kernel")
    muon = keras.optimizers.Muon(1.0, momentum=0.95, weight_decay=0.0)
    muon.build([weights])
    muon.apply([jnp.asarray(gradient)], [weights])
    return np.asarray(weights.value)


sizes = {}
for shape in ((4, 4), (64, 4), (4, 64)):
    gradient = np.random.default_rng(0).normal(size=shape).astype("float32")
    steps = [step(gradient) for step in (torch_step, optax_step, keras_step)]
    for other in steps[1:]:
        cosine = (steps[0] * other).sum() / np.linalg.norm(steps[0]) / np.linalg.norm(other)
        assert cosine > 0.95, (shape, cosine)
    sizes[shape] = [float(np.sqrt((step**2).mean())) for step in steps]
    print(shape, "torch {:.2f}, optax {:.2f}, keras {:.2f}".format(*sizes[shape]))

assert 0.8 < sizes[4, 4][0] / sizes[4, 4][1] < 1.25, "square matrices: torch and optax agree"
assert 3 < sizes[64, 4][0] / sizes[64, 4][1] < 5, "tall: torch is sqrt(16) times optax"
assert 3 < sizes[4, 64][1] / sizes[4, 64][0] < 5, "wide: the other way round"
assert all(0.15 < keras_size < 0.25 for _, _, keras_size in sizes.values()), "keras: 0.2 for each shape"
PYTHON
