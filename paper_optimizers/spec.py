"""Optimizer specs: an optimizer as data, validated when it is made, with a JSON form that is published as a schema.

A spec says how one weight tensor moves: the update ``u`` (a graph over gradient, moment estimates, weight and
constants, with decay functions on its edges), the momentum type, whether it ascends its own expression, and a factor
that the learning-rate schedule is multiplied by. It says nothing of rates, step counts or arrays. How specs are read,
written, drawn and told apart stands in modules of its own, which know nothing of this one; the methods call them.

Source: Morgan & Hougen (arXiv 2404.06679). The language is larger than that paper's search space
(`reproduce.search.published_space`): constants, EMA betas and curve parameters are values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paper_optimizers import latex, notation, serialization
from paper_optimizers.draw import draw
from paper_optimizers.fields import Momentum, SpecFields
from paper_optimizers.fields import coefficient as checked_coefficient
from paper_optimizers.fields import weight_decay as checked_weight_decay
from paper_optimizers.fingerprint import fingerprint


@dataclass(frozen=True)
class OptimizerSpec(SpecFields):
    """One optimizer as data.

    Attributes:
        update: The graph of the update ``u``.
        momentum: Momentum type and coefficient.
        ascend: Whether the step is ``w + eta u`` instead of ``w - eta u``.
        schedule: A graph of kind "decay" whose value multiplies the learning rate, or None.

    Raises:
        SpecError: Naming the place in the spec.

    Examples:
        >>> from paper_optimizers import OptimizerSpec
        >>> sgd = OptimizerSpec.from_json(
        ...     '{"version": 1, "update": {"root": "g", "nodes": [{"id": "g", "op": "gradient"}]}}'
        ... )
        >>> sgd.to_text()
        'None ~ g'
    """

    def without_decays(self) -> OptimizerSpec:
        """The same optimizer with every edge decay and the schedule factor removed."""
        return replace(self, update=self.update.without_decays(), schedule=None)

    def with_momentum(self, coefficient: float) -> OptimizerSpec:
        """The same optimizer with a constant momentum coefficient.

        Raises:
            SpecError: Unless it is a number in [0, 1).
        """
        return replace(self, momentum=Momentum(self.momentum.type, checked_coefficient(coefficient, "momentum")))

    def with_weight_decay(self, coefficient: float) -> OptimizerSpec:
        """The same optimizer with ``coefficient`` times the weight added to its update (decoupled weight decay).

        So ``w <- w - eta (u + c w)`` with the learning rate ``eta``, where there is no momentum; where there is, the
        term goes through it as the rest of the update does. A term of this kind that the update ends in, as AdamW's
        does, is replaced. Source: Loshchilov & Hutter 2019.

        Args:
            coefficient: The coefficient c, 0 or more; 0 leaves the update without the term.

        Raises:
            SpecError: Unless it is a finite number, 0 or more.

        Examples:
            >>> from paper_optimizers import get
            >>> get("AdamW").with_weight_decay(0) == get("Adam")
            True
        """
        number = checked_weight_decay(coefficient)
        return replace(self, update=self.update.with_weight_term(-number if self.ascend else number))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form as plain dicts, lists, numbers and strings."""
        return serialization.to_dict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> OptimizerSpec:
        """The spec of a JSON document already parsed.

        Raises:
            SpecError: Naming the place in the document.
        """
        return cls(**serialization.fields_from_dict(document))

    def to_json(self) -> str:
        """The spec as JSON, indented, with a final newline; equal specs give equal text."""
        return serialization.to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> OptimizerSpec:
        """The spec of a JSON text.

        Raises:
            SpecError: Whatever is wrong with the text, naming the place.
        """
        return cls.from_dict(serialization.parse_json(text))

    @classmethod
    def from_text(cls, text: str) -> OptimizerSpec:
        """The spec that ``text`` says; newlines at its end are ignored. See `paper_optimizers.notation`.

        Raises:
            SpecError: If the text is not in the notation, naming the place (``text[17]``: from the 18th character on)
                and what would have been right there; if it is longer than 100,000 characters or nests deeper than any
                spec.
        """
        return cls(**notation.fields_from_text(text))

    def to_text(self) -> str:
        """The spec in the published log's notation; see `paper_optimizers.notation`."""
        return notation.to_text(self)

    def to_latex(self) -> str:
        """The update as a LaTeX formula."""
        return latex.to_latex(self)

    def draw(self, path: str | Path) -> Path:
        """Draw the graph as in the paper's figures 1 and 2; ``path`` ends in .svg, .pdf or .png."""
        return draw(self, path)

    def fingerprint(self) -> str:
        """A hash of what the spec computes: equal functions have equal fingerprints, however they are written."""
        return fingerprint(self)
