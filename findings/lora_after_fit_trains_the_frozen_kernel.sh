#!/usr/bin/env bash
# Guess: enable_lora freezes the kernel and trains two small matrices. A compiled model that goes on with fit() does
# so, or says that it must be compiled again.
# Seen with keras 3.15.1 on tensorflow-cpu 2.21.0: fit() after enable_lora runs the function that was traced before.
# The kernel, no longer among trainable_variables, still moves (by 0.05); both LoRA matrices stay where they started,
# the second at zero. No warning. After compile() the kernel stands and the matrices train.
# Why it matters: a comparison of optimizers for LoRA measures full fine-tuning, and the saved adapter is empty.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0

KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - <<'PYTHON'
import warnings

import keras
import numpy as np

warnings.simplefilter("error", UserWarning)  # from here on, a warning would end the script

inputs = np.random.default_rng(0).normal(size=(256, 16)).astype("float32")
targets = np.random.default_rng(1).normal(size=(256, 3)).astype("float32")


def moved_by_fit(compile_again):
    """Largest movement of the kernel and of the second LoRA matrix in one epoch after enable_lora."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(32), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(inputs, targets, epochs=1, verbose=0)
    layer = model.layers[0]
    layer.enable_lora(rank=2)
    assert not any("dense/kernel" in variable.path for variable in layer.trainable_variables)
    if compile_again:
        model.compile(keras.optimizers.Adam(0.01), "mse")
    frozen = layer.non_trainable_variables[0]
    assert frozen.shape == (16, 32)
    before = frozen.numpy().copy()
    model.fit(inputs, targets, epochs=1, verbose=0)
    return float(np.abs(frozen.numpy() - before).max()), float(np.abs(layer.lora_kernel_b.numpy()).max())


again, later = moved_by_fit(compile_again=True), moved_by_fit(compile_again=False)
print("kernel and LoRA matrix moved by {:.3f} and {:.3f} after compile(), ".format(*again), end="")
print("{:.3f} and {:.3f} without".format(*later))
assert again[0] == 0 and again[1] > 0.01, again
assert later[0] > 0.01 and later[1] == 0, later
PYTHON
