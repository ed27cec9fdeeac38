"""The form in which settings are stored and hashed: that of the first ledgers, in which every setting is always there.

In it 0, "" and numbers that change nothing stand for what does not apply or is left out. Files of settings and hashes
keep to it, so a ledger goes on under the hash that it was begun with. All here are plain data without None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]

#: The keys of each table in their order, with what stands for a setting that is left out; None where none can be.
_DATA: Table = {
    **{"source": None, "image_size": 0, "train_per_class": 0, "test_per_class": 0, "validation_fraction": None},
    **{"test_fraction": None, "leave_out": [], "window": 0, "label_noise": 0.0, "imbalance": 1.0},
}
_MODEL: Table = {
    **{"kind": None, "width": None, "depth": 3, "heads": 0, "patch_size": 0, "dropout": None},
    **{"batch_norm_momentum": 0.9, "pixels": "unit", "start": None, "weights_file": ""},
}
_TRAINING: Table = {
    **{"batch_size": None, "epochs": None, "steps_per_epoch": 0, "warmup_fraction": None, "hold_fraction": None},
    **dict.fromkeys(("gradient_noise", "augmentations", "accumulation", "precision", "frozen")),
}
#: Settings of trainings that were numbers in the code when the first ledgers were made, with those numbers: there is no
#: word of them in a stored form.
_TRAINING_BEFORE: Table = {"rand_augment_magnitude": 0.3, "rand_augment_per_image": 2, "statistics_batches": 50}
_AUGMENTATION: Table = {"crop_padding": 0, "cutout": 0}
#: The settings of a surrogate in the first ledgers, by what they are called in its task's model and training.
_SURROGATE_MODEL: Table = {
    **{"width": "base_filters", "dropout": "dropout", "batch_norm_momentum": "batch_norm_momentum"},
    **{"conv_bias": "conv_bias"},
}
_SURROGATE_TRAINING: Table = {"batch_size": "batch_size", "steps_per_epoch": "steps_per_epoch"}
_SCORING_TRAINING = ("epochs", "warmup_fraction", "hold_fraction")
_STANDARDISED = {"standardised": True, "unit": False}
_PRECISIONS = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
_CROP_FLIP_CUTOUT = ["crop", "flip", "cutout"]
#: What a round through Keras could say in the first ledgers.
_OF_KERAS = {"name", "data", "model", "training", "rates"}
#: Sources without a test part of their own.
_SPLIT_HERE = ("digits", "digits100", "digits200", "text", "federalist")
_NORMALISED = ("surrogate", "efficientnetv2")
#: Shares of the test part that the first ledgers have where the source has one of its own, which they do not change: in
#: searches, in studies that start from other weights, and of a user's own data. In other studies it is validation's.
_OF_SEARCHES, _OF_STARTED, _OF_FOLDERS = 0.1, 0.2, 0.4


def stored_study(protocol: Table) -> dict[str, Any]:
    """The stored form of a study's protocol."""
    stored = {**protocol, "tasks": [_stored_task(task) for task in protocol["tasks"]]}
    if "folder" in protocol:
        stored["folder"] = _stored_data(protocol["folder"], _OF_FOLDERS)
    return stored


def stored_pretraining(pretraining: Table) -> dict[str, Any]:
    """The stored form of the settings of a pretraining."""
    return _stored_tables(pretraining, _OF_STARTED)


def stored_model(model: Table) -> dict[str, Any]:
    """The stored form of a network's settings."""
    own = {key: value for key, value in _without_own_bias(model).items() if key != "network"}
    return _filled(_MODEL, {"kind": model["network"], **own})


def stored_round(settings: Table) -> dict[str, Any]:
    """The stored form of a round of elimination."""
    surrogate = settings["surrogate"]
    stored = {key: value for key, value in settings.items() if key != "surrogate"}
    first, *beside = surrogate["tasks"]
    if surrogate["trainer"] == "keras" and not beside and first.keys() <= _OF_KERAS and _is_named_after_data(first):
        own = {key: value for key, value in first.items() if key != "name"}
        return {**stored, "keras": _stored_tables(own, _OF_SEARCHES)}
    return {**stored, "surrogate": stored_surrogate(surrogate)}


def stored_surrogate(surrogate: Table) -> dict[str, Any]:
    """The stored form of a surrogate's settings: that of the first ledgers, where it has what they could say."""
    tasks = [{**each, "training": _as_before(each["training"])} for each in surrogate["tasks"]]
    surrogate = {**surrogate, "tasks": tasks}
    first, *beside = surrogate["tasks"]
    model, training = first["model"], first["training"]
    augmentation = first.get("augmentation")
    names = [] if augmentation is None else _CROP_FLIP_CUTOUT
    said = {
        **{"network": "surrogate", "start": "scratch", **{key: model.get(key) for key in _SURROGATE_MODEL}},
        "pixels": model.get("pixels"),
    }
    trained = {key: training[key] for key in (*_SURROGATE_TRAINING, *_SCORING_TRAINING, "precision") if key in training}
    plain = {"gradient_noise": 0.0, "accumulation": 1, "frozen": "nothing", "augmentations": names}
    is_old = (
        surrogate["trainer"] == "engine"
        and _is_named_after_data(first)
        and (model, _listed(training)) == (said, {**trained, **plain})
        and said["pixels"] in _STANDARDISED
        and {"steps_per_epoch"} <= trained.keys()
        and trained["precision"] in _PRECISIONS
        and not any("augmentation" in each for each in beside)
    )
    if not is_old:
        return {**surrogate, "tasks": [_stored_tables(each, _OF_SEARCHES) for each in surrogate["tasks"]]}
    return {
        "data": _stored_data(first["data"], _OF_SEARCHES),
        **{old: model[key] for key, old in _SURROGATE_MODEL.items() if (key, model[key]) != ("conv_bias", True)},
        "standardise": _STANDARDISED[said["pixels"]],
        "precision": _PRECISIONS[trained["precision"]],
        **{old: training[key] for key, old in _SURROGATE_TRAINING.items()},
        "scoring": {
            **{key: training[key] for key in _SCORING_TRAINING},
            **{"nesterov": surrogate["nesterov"], **first["rates"]},
        },
        **({"beside": beside, "reference": first["reference"]} if beside else {}),
        **{"augment": augmentation is not None, **_AUGMENTATION, **(augmentation or {})},
    }


def _without_own_bias(settings: Table) -> dict[str, Any]:
    """Leave out the bias of convolutions: the first networks had it, and no word of it."""
    return {key: value for key, value in settings.items() if (key, value) != ("conv_bias", True)}


def current_form(stored: Any) -> Any:
    """Settings as they are read, from their stored form; what is in the form of neither stays as it is."""
    if isinstance(stored, list):
        return [current_form(each) for each in stored]
    if not isinstance(stored, dict):
        return stored
    table = {key: current_form(value) for key, value in stored.items()}
    if table.keys() >= _DATA.keys():
        applies = {"test_fraction": table["source"] in _SPLIT_HERE}
        return _without_neutral(_DATA, table, applies)
    if table.keys() >= _MODEL.keys():
        kind = table.pop("kind")
        is_text = str(kind).startswith("char_")
        applies = {"depth": kind != "surrogate", "batch_norm_momentum": kind in _NORMALISED, "pixels": not is_text}
        return {"network": kind, **_without_neutral(_MODEL, table, applies)}
    if table.keys() >= _TRAINING.keys():
        return _without_neutral(_TRAINING, table, {})
    if table.keys() >= {"augment", *_AUGMENTATION}:
        return _current_surrogate(table)
    if table.keys() >= {"keep", "seeds", "keras"}:
        keras = table.pop("keras")
        task = {"name": _source(keras), **keras} if isinstance(keras, dict) else keras
        return {**table, "surrogate": {"tasks": [task], "trainer": "keras"}}
    return table


def _current_surrogate(table: dict[str, Any]) -> dict[str, Any]:
    """A surrogate as it is read, from the form of the first ledgers; what is unknown there stays, to be refused."""
    augment, sizes = table.pop("augment"), {key: table.pop(key) for key in _AUGMENTATION}
    scoring = table.pop("scoring", None)
    rates = dict(scoring) if isinstance(scoring, dict) else {}
    model = {key: table.pop(old) for key, old in _SURROGATE_MODEL.items() if old in table}
    training = {key: table.pop(old) for key, old in _SURROGATE_TRAINING.items() if old in table}
    training |= {key: rates.pop(key) for key in _SCORING_TRAINING if key in rates}
    if "standardise" in table:
        model["pixels"] = "standardised" if table.pop("standardise") else "unit"
    if "precision" in table:
        precision = table.pop("precision")
        training["precision"] = "mixed_bfloat16" if precision == "bfloat16" else precision
    nesterov = {"nesterov": rates.pop("nesterov")} if "nesterov" in rates else {}
    task = {"name": _source(table), "model": {"network": "surrogate", **model}, "training": training, "rates": rates}
    task |= {key: table.pop(key) for key in ("data", "reference") if key in table}
    if augment:
        training["augmentations"] = _CROP_FLIP_CUTOUT
        task["augmentation"] = sizes
    beside = table.pop("beside", [])
    return {**table, "tasks": [task, *(beside if isinstance(beside, list) else [beside])], **nesterov}


def _source(table: Table) -> Any:
    """The source of a table's data, after which the tasks of the first ledgers are named."""
    data = table.get("data")
    return data.get("source") if isinstance(data, dict) else None


def _is_named_after_data(task: Table) -> bool:
    return bool(task["name"] == task["data"]["source"])


def _listed(table: Table) -> dict[str, Any]:
    """The table with lists for tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}


def _stored_task(task: Table) -> dict[str, Any]:
    is_scratch = task["model"]["start"] == "scratch"
    stored = _stored_tables(task, task["data"]["validation_fraction"] if is_scratch else _OF_STARTED)
    if "pretraining" in task:
        stored["pretraining"] = stored_pretraining(task["pretraining"])
    return stored


def _stored_tables(settings: Table, test_fraction: float) -> dict[str, Any]:
    """Settings with those of data, model and training in their stored form."""
    stored = dict(settings)
    stored["data"] = _stored_data(settings["data"], test_fraction)
    if "model" in settings:
        stored["model"] = stored_model(settings["model"])
    if "training" in settings:
        stored["training"] = _filled(_TRAINING, _as_before(settings["training"]))
    return stored


def _as_before(training: Table) -> dict[str, Any]:
    """Settings of a training without those of `_TRAINING_BEFORE` that are those numbers."""
    return {key: value for key, value in training.items() if _TRAINING_BEFORE.get(key) != value}


def _stored_data(data: Table, test_fraction: float) -> dict[str, Any]:
    share = _OF_FOLDERS if data["source"] == "folder" else test_fraction
    return _filled(_DATA, {"test_fraction": share, **data})


def _filled(form: Table, table: Table) -> dict[str, Any]:
    """The table with all keys of its form, in their order."""
    return {**form, **table}


def _without_neutral(form: Table, table: Table, applies: Mapping[str, bool]) -> dict[str, Any]:
    """A table without the keys that do not apply, and without those that have what stands for left out."""
    return {key: value for key, value in table.items() if applies.get(key, form.get(key) is None or value != form[key])}
