"""docs/reference/optimizers.md: every optimizer that is a class, from the catalog's files."""

from __future__ import annotations

from collections.abc import Iterator

from paper_optimizers import describe, names
from paper_optimizers.catalog import CatalogEntry
from paper_optimizers.docstrings import mathematics, needs_clipping, remarks

#: Families whose optimizers are classes that users import.
_WITH_CLASS = ("evolved", "adam-variant")
_START = """# Optimizers by name

The classes that users import, with equation, rates and needs. `make pages` writes this page from the catalog's files;
`help(Opt4)` shows the same with the arguments. Arguments, shapes and errors are those of `GraphOptimizer`, of
[Keras](paper_optimizers.md#optimizers-and-schedules-for-keras) and of
[PyTorch](paper_optimizers.md#optimizers-and-schedules-for-pytorch), and of `graph_optimizer` of
[Optax](paper_optimizers.md#optimizers-and-schedules-for-optax), without the spec. Weights and gradients have any shape;
the update has that of the weight.

`create("Lion", model.parameters(), lr=...)` in PyTorch, `GraphOptimizer("Lion", ...)` in Keras and
`graph_optimizer("Lion", ...)` in Optax make the baselines, which have no class.
"""


def page() -> str:
    """Write the page."""
    entries = [entry for entry in map(describe, names()) if entry.family in _WITH_CLASS]
    return "\n".join([_START, *(part for entry in entries for part in _section(entry))])


def _section(entry: CatalogEntry) -> Iterator[str]:
    rate = f"{entry.first_rate or 0.1:g}"
    yield f"## {entry.name}\n"
    yield f"{entry.description}\n"
    yield f"{mathematics(entry, 'learning_rate').replace('``', '`')}\n"
    for remark in remarks(entry, "learning_rate"):
        yield f"{remark.replace('``', '`')}\n"
    run = "total_steps=5_000, warmup_steps=500"
    keras = f"`paper_optimizers.{entry.name}(learning_rate={rate}, {run})`"
    torch = f"`paper_optimizers.torch.{entry.name}(model.parameters(), lr={rate}, {run})`"
    optax = f"`paper_optimizers.optax.{entry.name.lower()}({rate}, {run})`"
    if needs_clipping(entry):
        keras = keras.replace(")`", ", clipnorm=1)`")
        torch += ", and before each step `torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)`"
        optax = f"`optax.chain(optax.clip_by_global_norm(1.0), {optax[1:-1]})`"
    yield "| door | class or function |\n|---|---|"
    yield from (f"| {door} | {made} |" for door, made in (("Keras", keras), ("PyTorch", torch), ("Optax", optax)))
    yield f"\nReference: {entry.origin}.\n"
