#!/usr/bin/env bash
# Guess: pip install tensorflow keras-tuner is all that a random search over a learning rate needs.
# Seen with keras-tuner 1.4.8, keras 3.15.1, tensorflow-cpu 2.21.0: every trial ends FAILED without a score, from
# "ModuleNotFoundError: No module named 'tensorboard'". TensorFlow 2.21 no longer installs TensorBoard, and keras-tuner
# imports its hparams plugin before each trial, though no TensorBoard callback is there. With two trials search() even
# returns as if all were well: it raises only after three failures in a row. After pip install tensorboard the same
# search scores both trials.
# Why it matters: a search for rates whose failed trials are dropped looks like one in which every rate diverged.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile keras==3.15.1 tensorflow-cpu==2.21.0 keras-tuner==1.4.8

cat > "$folder/search.py" <<'PYTHON'
import sys

import keras
import keras_tuner
import numpy as np


def build(space):
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(space.Float("rate", 1e-3, 1e-1, sampling="log")), "mse")
    return model


inputs = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
targets = inputs.sum(axis=1, keepdims=True)
tuner = keras_tuner.RandomSearch(build, objective="val_loss", max_trials=2, seed=0, directory=sys.argv[1])
tuner.search(inputs, targets, validation_data=(inputs, targets), epochs=1, verbose=0)
trials = list(tuner.oracle.trials.values())
print([(trial.status, trial.score) for trial in trials])
scored = [trial.score is not None for trial in trials]
assert scored == [sys.argv[2] == "scored"] * 2, scored
if sys.argv[2] == "failed":
    assert all("No module named 'tensorboard'" in trial.message for trial in trials), trials[0].message
PYTHON

export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" "$folder/search.py" "$folder/without" failed 2> "$folder/errors"
"$folder/venv/bin/pip" install --quiet --no-compile tensorboard==2.20.0
"$folder/venv/bin/python" "$folder/search.py" "$folder/with" scored
