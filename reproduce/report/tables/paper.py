"""Map from the paper's tables and figures to ours: for each part that we know of, ours or the reason why not.

Known from the paper's abstract, its captions of figures 1 to 5 and the published code; its full text was not used.
"""

from __future__ import annotations

from typing import NamedTuple

from reproduce.report.table import Column, Table, words


class Shown(NamedTuple):
    """Something that the paper shows, what we show in its place, and what makes that or why there is none."""

    paper: str
    ours: str
    how: str


_CODE = "from the code's own rows and specs; make report"
PARTS = (
    Shown("Table of operands", "table operands", _CODE),
    Shown("Table of unary functions", "table unary", _CODE),
    Shown("Table of binary functions", "table binary", _CODE),
    Shown("Table of decay curves", "table decay_curves, figure decay_curves", _CODE),
    Shown("Tables of decay functions", "tables decay_unary and decay_binary", _CODE),
    Shown(
        "Figure 1, an optimizer graph",
        "figure graph_Opt9",
        "drawn from the spec; any spec by spec.draw(path), which draws inactive nodes grey (graph_Opt9 has none)",
    ),
    Shown(
        "Figure 2, a decay function", "figure graph_decay_Opt7", "drawn from the spec, with its values over training"
    ),
    Shown(
        "Figures 3 to 5, learning rates in two families, and outsiders",
        "figure schedules",
        "computed from LR1 to LR9; the paper's own grouping is not known to us, ours is by shape",
    ),
    Shown("Equations of the evolved optimizers", "table evolved, one card each", _CODE),
    Shown("Equations of the Adam variants", "table adam_variants, one card each", _CODE),
    Shown("Equations of the schedules", "table evolved_schedules", _CODE),
    Shown("The evolutionary search and its integrity check", "tables rescoring and search_cost", "make search"),
    Shown(
        "Results on CIFAR-10",
        "table main, table main_rates",
        "make reproduce-tables PROFILE=small STUDY=main, and larger profiles",
    ),
    Shown(
        "Transfer to CIFAR-100 and Tiny ImageNet",
        "tables transfer and transfer_by_task",
        "make transfer, on the data of the profile",
    ),
    Shown("Fine-tuning on Flowers102, Cars196 and Caltech101", "tables finetune and finetune_by_task", "make finetune"),
    Shown(
        "Progressive elimination",
        "table elimination, figure elimination",
        "make search; the paper's round sizes are not known to us",
    ),
    Shown(
        "Its remaining tables and figures",
        "none",
        "of its 15 figures all but 1 to 5 are open; which of its 13 tables are those above, and what the others show, "
        "is not known to us; numbers of the paper are not repeated here",
    ),
)


def paper_table() -> Table:
    """The map as a table."""
    return Table.of(
        name="paper_map",
        title="The paper's tables and figures, and ours",
        caption=(
            f"{len(PARTS)} parts of the paper, as far as we know them, with what stands for them here. Our numbers are "
            "measured anew and belong to their profile; none is copied from the paper."
        ),
        columns=(
            Column("The paper", "paper", lambda part: words(part.paper)),
            Column("Here", "ours", lambda part: words(part.ours)),
            Column("How, or why not", "how", lambda part: words(part.how)),
        ),
        items=PARTS,
    )
