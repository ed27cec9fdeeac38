"""The check by hand, tried on one small model and one optimizer of each kind."""

import json
from pathlib import Path

from paper_optimizers import names
from tests.ten_models.__main__ import CLIPPED, PEAKS, main, train
from tests.ten_models.models import MODELS
from tests.ten_models.training import Gradients


def test_every_evolved_optimizer_has_a_rate() -> None:
    evolved = {f"Opt{number}" for number in range(1, 11)} | {f"A{number}" for number in range(1, 6)}
    assert evolved <= set(names())
    assert set(PEAKS) == evolved | {"Adam"}
    assert set(CLIPPED) <= set(PEAKS)
    assert len(MODELS) == 10


def test_a_model_is_trained_from_the_same_weights_each_time() -> None:
    model, inputs, classes = MODELS["Embedding"]()
    gradients, initial = Gradients(model, inputs, classes), model.get_weights()
    first, again = (train(model, gradients, "Opt4", initial) for _ in range(2))
    assert first["finite"]
    assert first == again
    assert len(first["losses"]) == 20
    assert first["losses"][-1] < first["losses"][0]


def test_what_is_done_is_not_tried_again(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "results.jsonl"
    results = [
        {"backend": keras.backend.backend(), "model": model, "optimizer": name, "losses": [1.0], "finite": True}
        for model in MODELS
        for name in PEAKS
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in results))
    before = path.read_bytes()
    assert main(path) == 0
    assert path.read_bytes() == before
    path.write_text(json.dumps({**results[0], "finite": False}) + "\n" + path.read_text())
    assert main(path) == 1
