#!/usr/bin/env bash
# Guess: a model that is saved and loaded has the same variable paths, so MultiOptimizer gives each variable the same
# optimizer as before.
# Seen with keras 3.15.1 on JAX 0.10.2: a Sequential that knows its input has the path 'net/head/kernel'. After saving
# and loading it is 'head/kernel'. A pattern 'net/head/.*' then matches nothing, and without a word the default
# optimizer trains the layer. Here SGD at rate 0 was to freeze the head; after loading the head moves.
# Why it matters: layers that were frozen or had their own rate train otherwise after a resume or in the next script.
# Write the pattern so that it matches both: '(.*/)?head/.*'.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 jax==0.10.2

KERAS_BACKEND=jax "$folder/venv/bin/python" - "$folder/model.keras" <<'PYTHON'
import sys

import keras
import numpy as np
from keras.optimizers import SGD, MultiOptimizer
from keras.src.optimizers.multi_optimizer import OptimizerMap

inputs = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
targets = inputs.sum(axis=1, keepdims=True)


def head_moves(model, pattern):
    """Train every layer but those that the pattern matches; return whether the head moved."""
    before = model.get_layer("head").get_weights()[0]
    frozen = OptimizerMap(SGD(0.1), {pattern: SGD(0.0)})
    model.compile(MultiOptimizer(frozen), "mse")
    model.fit(inputs, targets, epochs=1, verbose=0)
    return bool(np.abs(model.get_layer("head").get_weights()[0] - before).max() > 0)


keras.utils.set_random_seed(0)
layers = [keras.layers.Input((4,)), keras.layers.Dense(8, name="body"), keras.layers.Dense(1, name="head")]
model = keras.Sequential(layers, name="net")
model.save(sys.argv[1])
loaded = keras.models.load_model(sys.argv[1])
paths = [each.get_layer("head").kernel.path for each in (model, loaded)]
moved = [head_moves(each, "net/head/.*") for each in (model, loaded)]
robust = [head_moves(each, "(.*/)?head/.*") for each in (model, loaded)]
print(f"paths {paths}; head moved: {moved}; with the robust pattern: {robust}")
assert loaded.name == "net"
assert paths == ["net/head/kernel", "head/kernel"], paths
assert moved == [False, True], moved
assert robust == [False, False], robust
PYTHON
