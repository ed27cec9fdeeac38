"""Data sets: labelled images, or text, in three fixed parts, from what comes with the project to what a user brings."""

from reproduce.data.dataset import Dataset, Part, channel_statistics
from reproduce.data.settings import DataSettings
from reproduce.data.sources import dataset_name, load_dataset, require_batch

__all__ = ["DataSettings", "Dataset", "Part", "channel_statistics", "dataset_name", "load_dataset", "require_batch"]
