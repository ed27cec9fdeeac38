"""The settings of a tiny task, which many tests start from."""

from reproduce.data.settings import DataSettings
from reproduce.models.settings import ModelSettings
from reproduce.training.settings import TrainingSettings

DIGITS = DataSettings(
    source="digits",
    image_size=0,
    train_per_class=0,
    test_per_class=0,
    validation_fraction=0.25,
    test_fraction=0.4,
    leave_out=(),
    window=0,
    label_noise=0.0,
    imbalance=1.0,
)
MODEL = ModelSettings(
    kind="surrogate",
    width=2,
    depth=3,
    heads=0,
    patch_size=0,
    dropout=0.2,
    batch_norm_momentum=0.9,
    pixels="unit",
    start="scratch",
    weights_file="",
)
TRAINING = TrainingSettings(
    batch_size=128,
    epochs=2,
    steps_per_epoch=0,
    warmup_fraction=0.2,
    hold_fraction=0.0,
    gradient_noise=0.0,
    augmentations=(),
    accumulation=1,
    precision="float32",
    frozen="nothing",
)
