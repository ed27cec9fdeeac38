"""Surrogates with another first task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reproduce.search.surrogate_settings import SurrogateSettings


def changed(settings: SurrogateSettings, **parts: Any) -> SurrogateSettings:
    """The surrogate with its first task changed: a part given as a mapping keeps its other settings."""
    first, *others = settings.tasks
    new = {
        name: replace(getattr(first, name), **part) if isinstance(part, Mapping) else part
        for name, part in parts.items()
    }
    return replace(settings, tasks=(replace(first, **new), *others))
