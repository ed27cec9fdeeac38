#!/usr/bin/env bash
# Guess: batch normalization subtracts the batch mean, so the loss does not depend on a bias before it. Its gradient is
# exactly zero, and no optimizer moves it.
# Seen with keras 3.15.1 on tensorflow-cpu 2.21.0: the gradient is rounding, about 1e-9, and not zero. After 40 steps
# at rate 0.01 the largest bias has moved 8e-10 under SGD, 9e-4 under Adam and 0.38 under Lion, of the 0.40 Lion can
# move. A sign makes rounding as large as a real gradient, and rounding has a bias of its own: it does not average out.
# Why it matters: distances between weights, norms and weight decay count these dead weights. Two runs whose rounding
# differs (another device, another number of threads) part there first. Give such layers use_bias=False.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0

KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np

RATE, STEPS = 0.01, 40
images = np.random.default_rng(0).normal(size=(256, 16)).astype("float32")
targets = np.random.default_rng(1).normal(size=(256, 3)).astype("float32")


def largest_bias(optimizer):
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense(32)  # its bias starts at zero
    rest = [keras.layers.BatchNormalization(), keras.layers.ReLU(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.layers.Input((16,)), dense, *rest])
    model.compile(optimizer, "mse")
    model.fit(images, targets, batch_size=32, epochs=STEPS // 8, verbose=0)
    return float(np.abs(keras.ops.convert_to_numpy(dense.bias)).max())


sgd, adam, lion = (largest_bias(getattr(keras.optimizers, name)(RATE)) for name in ("SGD", "Adam", "Lion"))
print(f"largest bias after {STEPS} steps at rate {RATE}: SGD {sgd:.1e}, Adam {adam:.1e}, Lion {lion:.2f}")
assert 0 < sgd < 1e-6, sgd
assert 1e-5 < adam < 0.1 * RATE * STEPS, adam
assert 0.3 * RATE * STEPS < lion <= 1.01 * RATE * STEPS, lion
PYTHON
