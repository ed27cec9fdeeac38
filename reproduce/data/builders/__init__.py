"""Builders for TensorFlow Datasets of two data sets that it lacks, or whose download there is dead."""

from reproduce.data.builders.images import StanfordCars, TinyImagenet

#: By the data set's name in the catalog.
BUILDERS = {"tiny_imagenet": TinyImagenet, "cars196": StanfordCars}

__all__ = ["BUILDERS", "StanfordCars", "TinyImagenet"]
