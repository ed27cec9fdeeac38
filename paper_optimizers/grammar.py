"""The grammar of the published log's notation, read from the op tables, and its parser.

A parsing expression grammar with memory: each place of the text is read as an argument at most once, every rule of
the tables is tried there, and the longest match wins (at equal length the first row: leaves, then functions). Rules
that begin with their own argument (softsign) extend what was read; the second copy of an argument must repeat the
first letter for letter, so it is compared and not parsed. Nothing here uses Python's stack for nesting.

`paper_optimizers.notation` documents the language and makes graphs of what was read.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from paper_optimizers.errors import SpecError
from paper_optimizers.expressions import Expression, Steps
from paper_optimizers.graph import MAX_NODES, Kind, functions, leaves, parameters_of
from paper_optimizers.ops import FUNCTIONS
from paper_optimizers.templates import Slot, number_text, rest_of, split

#: How deep a text may nest: every node and every decay of the deepest path that a spec may have.
MAX_DEPTH = 2 * MAX_NODES["update"] + MAX_NODES["decay"]

_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,4})?")
_OPERATOR = re.compile(" ?[-+*/]")
#: An operator between two arguments, which may stand with spaces or without.
_OPERATION = re.compile(r"\) ?([-+*/]) ?\(")
_WORD = re.compile(r"[A-Za-z_]{1,32}")


class Rule(NamedTuple):
    """One way to write an op.

    Attributes:
        op: The op's name.
        tokens: The text: literals and slots.
        values: The parameters that this text stands for, where they are not the op's defaults.
        named: The parameters that the text has no slot for: they may follow in braces.
    """

    op: str
    tokens: tuple[str | Slot, ...]
    values: Mapping[str, Any]
    named: tuple[str, ...]


class Match(NamedTuple):
    """An expression and where its text ends."""

    expression: Expression
    end: int


@functools.cache
def rules(kind: Kind) -> Mapping[str, tuple[Rule, ...]]:
    """List by op the ways to write it, leaves first, in the tables' order; the first that fits is printed."""
    table = {
        leaf.name: tuple(_rule(leaf.name, *text) for text in leaf.notation.items()) for leaf in leaves(kind).values()
    }
    for op in functions(kind).values():
        table[op.name] = (_rule(op.name, op.text(decay=kind == "decay"), {}),)
    return table


def _rule(op: str, text: str, values: Mapping[str, Any]) -> Rule:
    tokens = split(text, parameters_of(op))
    slots = {token.name for token in tokens if isinstance(token, Slot)}
    return Rule(op, tokens, values, tuple(name for name in parameters_of(op) if name not in slots))


@functools.cache
def _rules_by_start(kind: Kind) -> tuple[Mapping[str, tuple[Rule, ...]], tuple[Rule, ...]]:
    """Rules by the first character of their text, and the rules that begin with an argument."""
    by_start: dict[str, list[Rule]] = {}
    extending = []
    for rule in itertools.chain.from_iterable(rules(kind).values()):
        first = rule.tokens[0]
        if isinstance(first, Slot) and first.name in ("a", "b"):
            extending.append(rule)
            continue
        for character in first[0] if isinstance(first, str) else "-0123456789":
            by_start.setdefault(character, []).append(rule)
    return {character: tuple(found) for character, found in by_start.items()}, tuple(extending)


def _plain_leaves(kind: Kind) -> list[str]:
    """The texts of operands or curves, without those that hold a number or parentheses."""
    texts = itertools.chain.from_iterable(leaf.notation for leaf in leaves(kind).values())
    return [text for text in texts if not set(text) & set("{(-'")]


#: Reads the value of a named entry: ``(position, values read so far, name) -> end``, or None where nothing fits.
Reader = Callable[[int, dict[str, Any], str], int | None]


class Parser:
    """Reads one text. Methods ending in ``_steps`` are `Steps`; they return None where nothing fits."""

    def __init__(self, text: str) -> None:
        """Start at the beginning of ``text``."""
        self.text = text
        self._memory: dict[tuple[Kind, int], Match | None] = {}
        self._depth = 0
        self._failed_at = -1
        self._expected: dict[str, None] = {}
        self._kind: Kind = "update"

    def expect(self, position: int, expected: str, kind: Kind = "update") -> None:
        """Note what would have been right at ``position``; the furthest such notes make the error."""
        if position > self._failed_at:
            self._failed_at, self._expected, self._kind = position, {}, kind
        if position == self._failed_at:
            self._expected[expected] = None

    def literal(self, literal: str, position: int) -> int | None:
        """The end of ``literal`` if it stands at ``position``; an operator in it may have spaces around it or none."""
        if self.text.startswith(literal, position):
            return position + len(literal)
        meant, written = _OPERATION.match(literal), _OPERATION.match(self.text, position)
        if meant and written and meant[1] == written[1]:
            rest = literal[meant.end() :]
            if self.text.startswith(rest, written.end()):
                return written.end() + len(rest)
        self.expect(position, repr(literal))
        return None

    def fail(self) -> NoReturn:
        """Raise the error of the furthest place reached."""
        expected = list(self._expected)
        shown = ", ".join(expected[:8]) + (", ..." if len(expected) > 8 else "")
        received = repr(self.text[self._failed_at :][:20]) if self._failed_at < len(self.text) else "the end"
        raise SpecError(f"received {received}; expected {shown}{self._suggestion()}", f"text[{self._failed_at}]")

    def _suggestion(self) -> str:
        if _OPERATOR.match(self.text, self._failed_at):
            return "; an operator stands between arguments in parentheses: (a)+(b), (a)-(b), (a)*(b), (a) / (b)"
        word = _WORD.match(self.text, self._failed_at)
        if word is None or not any(
            name.startswith("an operand") or name.startswith("a curve") for name in self._expected
        ):
            return ""
        first = (rule.tokens[0] for found in rules(self._kind).values() for rule in found)
        starts = {token for token in first if isinstance(token, str)}
        near = difflib.get_close_matches(self.text[word.start() : word.end() + 2], sorted(starts), n=1, cutoff=0.5)
        if near:
            return f"; did you mean {near[0]!r}?"
        return f"; {'operands' if self._kind == 'update' else 'curves'} are {', '.join(_plain_leaves(self._kind))}"

    def expression_steps(self, kind: Kind, position: int) -> Steps:
        """An expression: an argument that no decay multiplies."""
        match = yield self.argument_steps(kind, position)
        if match is not None and match.expression.decay is not None:
            self.expect(match.end, "a function around this: a decay multiplies a function's argument only")
            return None
        return match

    def argument_steps(self, kind: Kind, position: int) -> Steps:
        """An argument: an expression, or ``[decay][expression]`` in an update."""
        if (kind, position) in self._memory:
            return self._memory[kind, position]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SpecError(f"the text nests more than {MAX_DEPTH} deep", f"text[{position}]")
        by_start, extending = _rules_by_start(kind)
        best: Match | None = None
        if kind == "update" and self.text.startswith("[", position):
            best = yield from self._decayed_steps(position)
        else:
            for rule in by_start.get(self.text[position : position + 1], ()):
                match = yield from self._rule_steps(rule, kind, position)
                if match is not None and (best is None or match.end > best.end):
                    best = match
            if best is None:
                self.expect(position, "an operand or function" if kind == "update" else "a curve or function", kind)
        extended = best
        while extended is not None:
            best, extended = extended, None
            for rule in extending:
                extended = extended or (yield from self._rule_steps(rule, kind, position, best))
        self._depth -= 1
        self._memory[kind, position] = best
        return best

    def _decayed_steps(self, position: int) -> Steps:
        decay: Match | None = yield self.expression_steps("decay", position + 1)
        middle = None if decay is None else self.literal("][", decay.end)
        inner: Match | None = None if middle is None else (yield self.expression_steps("update", middle))
        end = None if inner is None else self.literal("]", inner.end)
        if decay is None or inner is None or end is None:
            return None
        return Match(inner.expression._replace(decay=decay.expression), end)

    def _rule_steps(self, rule: Rule, kind: Kind, position: int, first: Match | None = None) -> Steps:
        """Match one rule; ``first`` is its first argument where that has been read already."""
        texts: dict[str, str] = {}
        arguments: list[Expression] = []
        params: dict[str, Any] = dict(rule.values)
        for token in rule.tokens:
            end: int | None
            if isinstance(token, Slot) and token.name in ("a", "b") and token.name not in texts:
                match: Match | None = first or (yield self.argument_steps(kind, position))
                first, end = None, match and match.end
                arguments += [match.expression] if match else []
            else:
                end = self._token(rule, token, position, texts, params)
            if end is None:
                return None
            if isinstance(token, Slot):
                texts[token.name] = self.text[position:end]
            position = end
        return self._braces(rule, position, params, tuple(arguments))

    def _token(
        self, rule: Rule, token: str | Slot, position: int, texts: Mapping[str, str], params: dict[str, Any]
    ) -> int | None:
        """The end of a literal, a slot that repeats an earlier one, or a parameter's value."""
        if isinstance(token, str):
            # That a rule does not even begin here is no news: argument_steps says what may begin.
            begins = token == next(filter(lambda other: isinstance(other, str), rule.tokens))
            return None if begins and not self.text.startswith(token, position) else self.literal(token, position)
        if token.name in texts:
            return self.literal(texts[token.name], position)
        if token.name == "rest":
            return self.literal(number_text(rest_of(params["weight"])), position)
        return self._value(rule.op, position, params, token.name)

    def _braces(
        self, rule: Rule, position: int, params: dict[str, Any], arguments: tuple[Expression, ...]
    ) -> Match | None:
        names = rule.named
        if rule.op in FUNCTIONS and FUNCTIONS[rule.op].needs == "random":
            names += ("draw",)
        if self.text.startswith("{", position) and names:
            end = self.entries(position, dict.fromkeys(names, functools.partial(self._value, rule.op)), params)
            if end is None:
                return None
            position = end
        draw = params.pop("draw", None)
        return Match(Expression(rule.op, tuple(sorted(params.items())), arguments, draw), position)

    def entries(self, position: int, readers: Mapping[str, Reader], given: dict[str, Any]) -> int | None:
        """``{name=value, ...}`` at ``position``, each name at most once, values put into ``given``; its end."""
        left = dict(readers)
        end: int | None = position + 1
        while end is not None:
            name = next((name for name in left if self.text.startswith(f"{name}=", end)), None)
            if name is None:
                for other in left:
                    self.expect(end, repr(f"{other}="))
                return None
            end = left.pop(name)(end + len(name) + 1, given, name)
            if end is not None and not self.text.startswith(", ", end):
                return self.literal("}", end)
            end = None if end is None else end + 2
        return None

    def _value(self, op: str, position: int, given: dict[str, Any], name: str) -> int | None:
        if name == "draw":
            return self.number(position, given, name, "a whole number", lambda value: True, whole=True)
        parameter = parameters_of(op)[name]
        if isinstance(parameter.default, bool):
            return self.flag(position, given, name)
        whole = isinstance(parameter.default, int)
        return self.number(position, given, name, parameter.describe(), parameter.accepts, whole=whole)

    def flag(self, position: int, given: dict[str, Any], name: str) -> int | None:
        """``true`` or ``false`` at ``position``, put into ``given``; its end."""
        for text, flag in (("true", True), ("false", False)):
            if self.text.startswith(text, position):
                given[name] = flag
                return position + len(text)
        self.expect(position, "'true' or 'false'")
        return None

    def number(
        self, position: int, given: dict[str, Any], name: str, expected: str, accepts: Any, *, whole: bool = False
    ) -> int | None:
        """A number at ``position`` that ``accepts`` takes, put into ``given``; its end."""
        match = _NUMBER.match(self.text, position)
        if match is not None and (not whole or match[0].isdigit()):
            value = int(match[0]) if whole else float(match[0])
            if accepts(value):
                given[name] = value
                return match.end()
        self.expect(position, expected)
        return None
