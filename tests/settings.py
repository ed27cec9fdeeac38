"""The settings of a tiny task, which many tests start from."""

from dataclasses import replace
from typing import Any

from reproduce.data.settings import DigitSettings, TextSettings
from reproduce.models.settings import ConvNetSettings, ModelSettings
from reproduce.plain_data import from_plain
from reproduce.tasks.task import Task
from reproduce.training.settings import TrainingSettings

DIGITS = DigitSettings(source="digits", validation_fraction=0.25, test_fraction=0.4)
TEXT = TextSettings(source="text", window=16, validation_fraction=0.25, test_fraction=0.4)
MODEL = ConvNetSettings(network="surrogate", width=2, dropout=0.2, batch_norm_momentum=0.9, pixels="unit")
TRAINING = TrainingSettings(batch_size=128, epochs=2, warmup_fraction=0.2)
TASK = Task(DIGITS, MODEL, TRAINING)
#: Small sizes of each network.
SIZES: dict[str, dict[str, Any]] = {
    "surrogate": {"width": 2, "batch_norm_momentum": 0.9, "pixels": "unit"},
    "efficientnetv2": {"width": 8, "depth": 1, "batch_norm_momentum": 0.9, "pixels": "unit"},
    "vision_transformer": {"width": 8, "depth": 2, "heads": 2, "patch_size": 4, "pixels": "unit"},
    "char_lstm": {"width": 8, "depth": 2},
    "char_transformer": {"width": 8, "depth": 2, "heads": 2},
}


def model_of(network: str, **changes: Any) -> ModelSettings:
    """The settings of a small network, changed."""
    return replace(from_plain(ModelSettings, {"network": network, "dropout": 0.2, **SIZES[network]}), **changes)
