"""Optimizer cards as sections of the page."""

from __future__ import annotations

import html

from reproduce.report.cards.card import (
    WITHIN,
    Card,
    comparison_text,
    diverged_text,
    outcome_text,
    place,
    rate_range,
    rates_text,
    time_text,
)
from reproduce.report.forms import Link
from reproduce.report.page.figures import figure_html
from reproduce.report.page.mathml import to_mathml
from reproduce.report.statistics import Verdict


def card_html(card: Card, link: Link) -> str:
    """A card; what is said of runs links to them."""
    anchor = card_anchor(card)
    invariances = "<br>".join(html.escape(line) for line in card.invariances)
    facts = [
        *([("Invariances", invariances)] if invariances else []),
        *((heading, html.escape(text)) for heading, text in card.facts),
        ("Learning rate", _rates(card, link)),
        ("State", html.escape(card.state)),
        ("Time of a step", html.escape(time_text(card))),
        ("Wins", _outcomes(card, "better", link)),
        ("Fails", _outcomes(card, "worse", link)),
        ("Ties", _outcomes(card, "tie", link)),
        ("Diverged", html.escape(diverged_text(card))),
    ]
    listed = "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return "\n".join(
        [
            f'<article class="card" id="{anchor}" aria-labelledby="{anchor}-name">',
            f'<h3 id="{anchor}-name">{html.escape(card.name)}</h3>',
            f'<p class="facts">{html.escape(f"{card.family}. {card.origin}.")}</p>',
            *_equations(card),
            f"<p>{html.escape(card.words)}</p>" if card.words else "",
            f"<p><strong>Deviations.</strong> {html.escape(card.deviations)}</p>" if card.deviations else "",
            f"<dl>\n{listed}\n</dl>",
            f"<pre><code>{html.escape(card.usage)}</code></pre>",
            "" if card.graph is None else figure_html(card.graph, ""),
            "</article>",
        ]
    )


def card_anchor(card: Card) -> str:
    """The card's id on the page."""
    return f"optimizer-{html.escape(card.file)}"


def _equations(card: Card) -> list[str]:
    formulas = [] if card.latex is None else [f"u = {card.latex}"]
    formulas += [] if card.factor is None else [rf"\mathrm{{factor}} = {card.factor}"]
    lines = [f'<div class="equation">{to_mathml(formula, block=True)}</div>' for formula in formulas]
    return [*lines, f"<p>Then {card.momentum}.</p>"] if card.momentum else lines


def _rates(card: Card, link: Link) -> str:
    if not card.rates:
        return html.escape(rates_text(card))
    listed = (
        f"{_linked(rate_range(each), link(each.source))} on {html.escape(place(each.source))}" for each in card.rates
    )
    return f"{html.escape(WITHIN)}{'; '.join(listed)}."


def _outcomes(card: Card, verdict: Verdict, link: Link) -> str:
    found = card.with_verdict(verdict)
    if not found:
        return html.escape(outcome_text(card, verdict))
    return "; ".join(_linked(comparison_text(each), link(each.source)) for each in found) + "."


def _linked(text: str, target: str | None) -> str:
    return html.escape(text) if target is None else f'<a href="{html.escape(target)}">{html.escape(text)}</a>'
