"""The LaTeX that `paper_optimizers.latex` writes, as MathML: formulas that browsers set and screen readers speak.

Only what that module writes is read: fractions, roots, scripts, hats, delimiters, named functions, Greek letters,
numbers and single letters.

Examples:
    >>> to_mathml("x^{2}")
    '<math><msup><mi>x</mi><mn>2</mn></msup></math>'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as Xml

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_SYMBOLS: Mapping[str, tuple[str, str]] = {
    **{rf"\{name}": ("mi", name) for name in ("ln", "max", "min", "tanh", "arctan", "exp", "log", "sin", "cos")},
    **{
        rf"\{name}": ("mi", letter)
        for name, letter in {
            **{"lambda": "λ", "beta": "β", "sigma": "σ", "epsilon": "ε", "eta": "η", "mu": "μ", "tau": "τ"},
            **{"rho": "ρ", "pi": "π", "Delta": "Δ"},
        }.items()
    },
    **{r"\cdot": ("mo", "·"), r"\leq": ("mo", "≤"), r"\in": ("mo", "∈"), r"\ldots": ("mo", "…")},
    **{r"\{": ("mo", "{"), r"\}": ("mo", "}"), "-": ("mo", "−")},
}
_SPACES: Mapping[str, str] = {r"\,": "0.17em", r"\;": "0.28em", r"\ ": "0.33em"}
_OPERATORS = frozenset("+=,()[]|/<>:*")


def to_mathml(latex: str, *, block: bool = False) -> str:
    r"""A formula without dollar signs as a ``math`` element.

    Args:
        latex: Such as ``OptimizerSpec.to_latex`` gives.
        block: Whether it stands in a line of its own.

    Raises:
        ValueError: Naming the command that is not known, or what is missing at the formula's end.
    """
    reader = _Reader(_TOKEN.findall(latex))
    math = Xml.Element("math", {"display": "block"} if block else {})
    math.extend(reader.sequence(end=None))
    return Xml.tostring(math, encoding="unicode", short_empty_elements=False)


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def sequence(self, end: str | None) -> list[Xml.Element]:
        """Elements up to ``end``, which is read too."""
        found: list[Xml.Element] = []
        while self._tokens or end is not None:
            if self._next() == end:
                self._take()
                return found
            found.append(self._scripted())
        return found

    def _scripted(self) -> Xml.Element:
        base = self._atom()
        scripts: dict[str, Xml.Element] = {}
        while self._tokens and self._tokens[-1] in ("_", "^", "'"):
            mark = self._take()
            scripts["^" if mark == "'" else mark] = _leaf("mo", "′") if mark == "'" else self._atom()
        if not scripts:
            return base
        tag = {"_": "msub", "^": "msup"}[next(iter(scripts))] if len(scripts) == 1 else "msubsup"
        return _node(tag, base, *(scripts[mark] for mark in ("_", "^") if mark in scripts))

    def _atom(self) -> Xml.Element:
        token = self._take()
        if token in _SYMBOLS:
            return _leaf(*_SYMBOLS[token])
        if token in _SPACES:
            return Xml.Element("mspace", {"width": _SPACES[token]})
        readers = {
            "{": lambda: _row(self.sequence("}")),
            r"\frac": lambda: _node("mfrac", self._atom(), self._atom()),
            r"\sqrt": lambda: _node("msqrt", self._atom()),
            r"\hat": lambda: _accent(self._atom()),
            r"\left": self._delimited,
            r"\operatorname": lambda: _leaf("mi", self._name()),
            r"\mathrm": lambda: _leaf("mi", self._name(), mathvariant="normal"),
        }
        if token in readers:
            return readers[token]()
        if token.startswith("\\"):
            raise ValueError(f"received the command {token}, which is not one that paper_optimizers.latex writes")
        if token[0].isdigit():
            return _leaf("mn", token)
        return _leaf("mo" if token in _OPERATORS else "mi", token)

    def _delimited(self) -> Xml.Element:
        opening = _leaf("mo", self._take())
        inside = self.sequence(r"\right")
        return _row([opening, *inside, _leaf("mo", self._take())])

    def _name(self) -> str:
        letters = []
        self._take()
        while (token := self._take()) != "}":
            letters.append(token)
        return "".join(letters)

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("the formula ends inside a group or before an argument")
        return self._tokens[-1]

    def _take(self) -> str:
        self._next()
        return self._tokens.pop()


def _leaf(tag: str, text: str, **attributes: str) -> Xml.Element:
    element = Xml.Element(tag, attributes)
    element.text = text
    return element


def _node(tag: str, *children: Xml.Element) -> Xml.Element:
    element = Xml.Element(tag)
    element.extend(children)
    return element


def _row(children: list[Xml.Element]) -> Xml.Element:
    return children[0] if len(children) == 1 else _node("mrow", *children)


def _accent(base: Xml.Element) -> Xml.Element:
    over = _node("mover", base, _leaf("mo", "^", stretchy="false"))
    over.set("accent", "true")
    return over
