#!/usr/bin/env bash
# Guess: with FTRL, as with any optimizer, the first small step leaves pretrained weights nearly as they were, and a
# weight whose gradient is zero exactly as it was.
# Seen with keras 3.15.1 on JAX 0.10.2, pytorch_optimizer 4.1.0 on torch 2.13.0: the first step replaces the weights.
# Weights 1, -2, 3 with gradient 0 become 0, 0, 0. With gradient 0.01 at rate 0.001 less than 0.001 of them is left in
# Keras. FTRL computes weights from its sums alone, and these sums start at zero: nothing in them knows the first
# weights. pytorch_optimizer keeps the weights where the gradient is not zero, and wipes out those where it is.
# Why it matters: fine-tuning with FTRL starts from nothing, rows of an Embedding that the first batch does not use are
# gone, and a scan that trains pretrained networks with every optimizer blames the rate for it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-compile jax==0.10.2 keras==3.15.1 pytorch_optimizer==4.1.0

KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
import pytorch_optimizer
import torch

PRETRAINED = np.array([1.0, -2.0, 3.0], "float32")


def keras_step(optimizer, gradient):
    weights = keras.Variable(PRETRAINED)
    optimizer.build([weights])
    optimizer.apply([keras.ops.full((3,), gradient)], [weights])
    return np.asarray(weights.value)


def torch_step(gradient):
    weights = torch.nn.Parameter(torch.tensor(PRETRAINED))
    weights.grad = torch.full((3,), gradient)
    pytorch_optimizer.FTRL([weights], lr=0.001).step()
    return weights.detach().numpy()


for gradient in (0.0, 0.01):
    steps = [keras_step(getattr(keras.optimizers, name)(0.001), gradient) for name in ("Ftrl", "Adagrad")]
    steps.append(torch_step(gradient))
    print(f"gradient {gradient}:", *zip(("Keras Ftrl", "Keras Adagrad", "pytorch_optimizer FTRL"), steps, strict=True))
    assert np.abs(steps[1] - PRETRAINED).max() <= 0.0011, "Adagrad moves by its rate at most"
    assert np.abs(steps[0] / PRETRAINED).max() < 0.001, steps[0]
    if gradient == 0:
        assert not steps[2].any(), steps[2]
    else:
        np.testing.assert_allclose(steps[2], PRETRAINED, atol=0.0011)
PYTHON
