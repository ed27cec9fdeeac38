#!/usr/bin/env bash
# Guess: whoever builds an optimizer, `model.fit` or the caller before it, it starts from the same state.
# Seen with keras 3.15.1 on TensorFlow 2.21.0: ScheduleFreeAdamW, whose z must start at the weights, copies them into
# z while it is built. Under `fit` it is built inside a scope that keeps no assignment, so z starts at 0. With rate 0,
# which should move nothing, one epoch takes all weights to 0; built before `fit`, it leaves them. Three epochs on
# digits reach a clearly lower accuracy from z = 0. On JAX both ways are equal.
# Why it matters: a comparison that includes schedule-free AdamW through `fit` on TensorFlow measures a method that
# first throws its initial or pretrained weights away. Call `optimizer.build(model.trainable_variables)` before `fit`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 scikit-learn==1.9.1

cat > "$folder/compare.py" <<'PYTHON'
import keras
import numpy as np
from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype("float32")


def fitted(rate, built_before, epochs):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    kernel = model.get_weights()[0]
    optimizer = keras.optimizers.ScheduleFreeAdamW(rate)
    if built_before:
        optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    history = model.fit(images, labels, batch_size=32, epochs=epochs, verbose=0).history
    return float(np.abs(model.get_weights()[0]).mean() / np.abs(kernel).mean()), history["accuracy"][0]


backend = keras.backend.backend()
still, first = {}, {}
for built_before in (False, True):
    still[built_before], _ = fitted(0.0, built_before, 1)
    _, first[built_before] = fitted(0.01, built_before, 1)
    by = "the caller" if built_before else "fit"
    print(f"{backend}, built by {by}: weights at rate 0 times {still[built_before]:.3f}, accuracy {first[built_before]:.3f}")
assert abs(still[True] - 1) < 1e-3
if backend == "tensorflow":
    assert still[False] < 0.5
    assert first[False] < first[True] - 0.1
else:
    assert abs(still[False] - 1) < 1e-3
    assert first[False] == first[True]
PYTHON
for backend in tensorflow jax; do
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=2 "$folder/venv/bin/python" "$folder/compare.py"
done
