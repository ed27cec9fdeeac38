"""Twenty steps of every evolved optimizer and Adam on each of ten models: ``python -m tests.ten_models RESULTS.jsonl``.

KERAS_BACKEND chooses the back end. Three models need ``pip install keras-hub``. Results are appended, and what is there
already is not tried again, so that one file serves all back ends. Weights and losses must stay finite at the peak rates
of `PEAKS`, with four steps of warm-up and then a cosine to 0.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from paper_optimizers.keras import GraphOptimizer
from tests.ten_models.models import MODELS
from tests.ten_models.training import Gradients, apply_compiled

STEPS, WARMUP_STEPS = 20, 4
PEAKS = {
    **{f"Opt{number}": 0.1 for number in range(1, 9)},
    **{f"Opt{number}": 0.05 for number in (9, 10)},
    **{f"A{number}": 0.01 for number in range(1, 6)},
    "Adam": 0.003,
}
#: The norm to which gradients are clipped, for optimizers whose update grows exponentially with them.
CLIPPED = {"Opt4": 1.0, "Opt5": 1.0}


def train(model: keras.Model, gradients: Gradients, name: str, initial: list[Any]) -> dict[str, Any]:
    """Twenty steps from the weights ``initial``: the losses, and whether all weights stayed finite."""
    model.set_weights(initial)
    optimizer = GraphOptimizer(
        name, PEAKS[name], total_steps=STEPS, warmup_steps=WARMUP_STEPS, clipnorm=CLIPPED.get(name)
    )
    optimizer.build(model.trainable_variables)
    apply = apply_compiled(optimizer, model.trainable_variables)
    losses = []
    for _ in range(STEPS):
        loss, changes = gradients()
        apply(changes)
        losses.append(float(loss))
    weights = [keras.ops.convert_to_numpy(each) for each in (*model.weights, *optimizer.variables)]
    finite = [bool(np.isfinite(each).all()) for each in weights if each.dtype.kind == "f"]
    return {"losses": losses, "finite": all(finite) and bool(np.isfinite(losses).all())}


def main(path: Path) -> int:
    """Try what ``path`` does not hold yet; 1 if any result there is not finite."""
    backend, console = keras.backend.backend(), Console()
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(each["backend"], each["model"], each["optimizer"]) for each in results}
    for model_name, build in MODELS.items():
        missing = [name for name in PEAKS if (backend, model_name, name) not in done]
        if not missing:
            continue
        keras.utils.set_random_seed(0)
        model, inputs, classes = build()
        gradients, initial = Gradients(model, inputs, classes), model.get_weights()
        for name in missing:
            started = time.process_time()
            result = {"backend": backend, "model": model_name, "optimizer": name}
            result |= train(model, gradients, name, initial) | {"seconds": round(time.process_time() - started, 1)}
            with path.open("a") as file:
                file.write(json.dumps(result) + "\n")
            results.append(result)
            first, last = result["losses"][0], result["losses"][-1]
            end = "" if result["finite"] else ", NOT FINITE"
            console.print(f"{backend}, {model_name}, {name}: loss {first:.3f} -> {last:.3f}{end}", highlight=False)
    return 0 if all(each["finite"] for each in results) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
