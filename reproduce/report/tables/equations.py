"""The catalog as tables: every optimizer's update and every schedule's factor, from the specs."""

from __future__ import annotations

from collections.abc import Sequence

from paper_optimizers import CatalogEntry, describe, describe_schedule, names, schedule_names
from paper_optimizers.catalog import Family
from paper_optimizers.latex import graph_to_latex
from reproduce.report.table import Column, Table, formula, words

_SYMBOLS = (
    "g is the gradient and w the weight; v, s and lam average g, g^2 and g^3 with betas 0.9, 0.99 and 0.999, a hat "
    "stands for bias correction; q1 = 0.3 g + 0.7 v^, q2 = 0.05 g^2 + 0.95 s^, q3 = 0.01 g^3 + 0.99 lam^; a1 to a14 "
    "are curves of training progress. A step is the rate times -u, through momentum where it says so."
)
_MOMENTUM = {"none": "-", "classical": "classical", "nesterov": "Nesterov"}


def catalog_tables() -> list[Table]:
    """Evolved optimizers, Adam variants, what is there for comparison, and schedules."""
    return [
        _optimizers("evolved", "Evolved optimizers", ("evolved",), "The optimizers that the published search found."),
        _optimizers("adam_variants", "Adam variants", ("adam-variant",), "The published variants of Adam."),
        _optimizers(
            "others",
            "Other optimizers of the catalog",
            ("released", "baseline"),
            "Known optimizers as specs, and the two whose published code departs from its equation.",
        ),
        schedule_table(),
    ]


def schedule_table() -> Table:
    """The evolved learning-rate schedules."""
    entries = [describe_schedule(name) for name in schedule_names()]
    return Table.of(
        name="evolved_schedules",
        title="Evolved schedules",
        caption=(
            f"The {len(entries)} evolved schedules: what multiplies the base rate of warm-up, hold and half a cosine. "
            "a1 to a14 are curves of training progress; a14' is the form of a14 that LR3 alone has."
        ),
        columns=(
            Column("Schedule", "schedule", lambda each: words(each.name)),
            Column("Factor", "factor", lambda each: formula(each.equation, graph_to_latex(each.factor))),
        ),
        items=entries,
    )


def factor_name(entry: CatalogEntry) -> str:
    """The schedule that an optimizer comes with, or a dash."""
    named = (name for name in schedule_names() if describe_schedule(name).factor == entry.spec.schedule)
    return next(named, "-" if entry.spec.schedule is None else "own")


def _optimizers(name: str, title: str, families: Sequence[Family], what: str) -> Table:
    entries: list[CatalogEntry] = [entry for entry in map(describe, names()) if entry.family in families]
    return Table.of(
        name=name,
        title=title,
        caption=f"{what} {_SYMBOLS}",
        columns=(
            Column("Optimizer", "optimizer", lambda each: words(each.name)),
            Column("Update u", "update", lambda each: formula(each.equation, each.spec.to_latex())),
            Column("Momentum", "momentum", lambda each: words(_MOMENTUM[each.spec.momentum.type])),
            Column("Schedule", "schedule", lambda each: words(factor_name(each))),
        ),
        items=entries,
    )
