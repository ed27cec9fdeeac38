#!/usr/bin/env bash
# Guess: after `fit`, `optimizer.iterations` is the number of batches, whether Keras knew how many would come or not.
# Seen with keras 3.15.1 on TensorFlow 2.21.0 (CPU): where the length of the data is unknown (a Python generator,
# tf.data from a generator or after a filter), each epoch counts one step too many. `fit` finds the end by asking for a
# batch that is not there; in the graph, counting a step does not wait for the batch. Three epochs of seven batches:
#   data                 TensorFlow   TensorFlow, jit_compile=True   JAX
#   arrays               21           21                             21
#   a generator          24           21                             21
# Whatever needs no gradient happens in that step too: a schedule and Adam's bias correction run ahead, `weight_decay`
# takes its share of the weights once more, and accumulated gradients are applied a batch too early. So the weights
# differ from those on the same batches as arrays, by up to 5e-2 here. Plain SGD's do not, which hides it.
# Why it matters: a run whose rate should be 0 in its last step is there one step an epoch too early, and an optimizer
# whose step depends on its number trains otherwise on a generator than on arrays. Give tf.data its length with
# `assert_cardinality`, or compile with jit_compile=True.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 numpy==2.4.6

cat > "$folder/count.py" <<'PYTHON'
import keras
import numpy as np

BATCHES, EPOCHS = 7, 3
random = np.random.default_rng(0)
x, y = random.normal(size=(16 * BATCHES, 4)), random.normal(size=(16 * BATCHES, 1))

OPTIMIZERS = {
    "SGD": lambda: keras.optimizers.SGD(0.05),
    "Adam": lambda: keras.optimizers.Adam(0.05),
    "SGD with weight decay": lambda: keras.optimizers.SGD(0.05, weight_decay=0.5),
    "SGD, accumulating 2": lambda: keras.optimizers.SGD(0.05, gradient_accumulation_steps=2),
}


def fitted(optimizer, from_generator, jit):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer(), "mse", jit_compile=jit)
    for _ in range(EPOCHS):
        if from_generator:
            model.fit(((x[at : at + 16], y[at : at + 16]) for at in range(0, len(x), 16)), verbose=0)
        else:
            model.fit(x, y, batch_size=16, shuffle=False, verbose=0)
    return int(model.optimizer.iterations), model.get_weights()[0]


backend = keras.backend.backend()
for jit in (False, True):
    for name, optimizer in OPTIMIZERS.items():
        known, weights = fitted(optimizer, False, jit)
        counted, others = fitted(optimizer, True, jit)
        apart = float(np.abs(weights - others).max())
        print(f"{backend}, jit {jit}, {name}: arrays {known}, generator {counted}, weights apart {apart:.1e}")
        extra = backend == "tensorflow" and not jit
        if "accumulating" not in name:  # Its `iterations` are updates, and which batches they hold is what differs.
            assert (known, counted) == (BATCHES * EPOCHS, (BATCHES + extra) * EPOCHS)
        assert (apart > 1e-4) == (extra and name != "SGD")
PYTHON
for backend in tensorflow jax; do
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=2 "$folder/venv/bin/python" "$folder/count.py" 2>&1 | grep -v -i "warn\|interrupt"
done
