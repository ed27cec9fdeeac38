"""Data sets: images in three fixed parts, from scikit-learn's digits or from a folder of class folders."""

from reproduce.data.dataset import Dataset, Part
from reproduce.data.sources import load_dataset, task_name

__all__ = ["Dataset", "Part", "load_dataset", "task_name"]
