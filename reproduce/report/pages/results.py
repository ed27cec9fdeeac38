"""artifact/RESULTS.md, its tables and its figures, from the rows kept with the repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reproduce.report.collection import profiles_in
from reproduce.report.forms import to_csv, to_markdown
from reproduce.report.page.report import Report
from reproduce.report.page.writer import read_reports
from reproduce.report.pages import ARTIFACT, ROOT, answer
from reproduce.report.pages.beside_adam import adam_sentences

#: Of each profile, in this order, those that it has: the smallest table that answers a study's question.
TABLES = (
    *("main", "main_references", "main_intervals", "transfer", "transfer_references"),
    *("finetune", "finetune_references", "finetune_intervals", "across_tasks"),
    *("schedules_crossed", "decays_ablation"),
    *(
        "label_noise_change",
        "imbalance_change",
        "gradient_noise_change",
        "batch_size_change",
        "architectures_references",
    ),
    *("rescoring", "elimination", "noise_floor", "search_comparison", "search_finds", "replay_agreement_published"),
)
FIGURES = (*("accuracy_main", "accuracy_transfer", "accuracy_finetune", "shrinkage", "best_so_far_compared"),)
#: The same in every profile.
COMMON_TABLES = (
    *("step_costs", "door_costs_convolutional", "door_costs_dense", "door_costs_embedding", "door_cost_misses"),
    *("engine", "framework_times", "evaluation_times"),
)
_START = """# Results

The main tables and figures of the rows under `results/`, to be read without running anything. They are written from
those rows by `make pages`, and a test writes them again and compares every byte.
`make report` writes all tables and figures, with a card for each optimizer and every run behind each number.

Numbers are comparable within one profile and data set alone, and none of them with those of the paper: see
[LIMITATIONS.md](LIMITATIONS.md). How verdicts are
reached is in [ANALYSIS.md](ANALYSIS.md), what is claimed in [README.md](README.md#claims).

Captions name profile, data sets, n, the device, and what trained there: *engine* is the population engine, which trains
many networks in one program ([ENGINE.md](ENGINE.md)); *tensorflow*, *jax* and *torch* are back ends of Keras.
"""


def files() -> dict[str, bytes]:
    """Every file by its path in the checkout."""
    reports = read_reports(ARTIFACT / "results", profiles_in(ARTIFACT / "results"))
    found: dict[str, bytes] = {}
    parts = [_START, *_answer(found), "## Claims\n", *_shown(found, reports[0], "common", ("claims",), ())]
    for report in reports:
        parts.append(f"## Profile {report.profile}\n")
        parts += _shown(found, report, report.profile, TABLES, FIGURES)
    parts.append("## Cost, on the machine of the rows\n")
    parts += _shown(found, reports[0], "common", COMMON_TABLES, ())
    page = {"RESULTS.md": "\n".join(parts).encode()}
    return {f"artifact/{path}": data for path, data in (page | found).items()}


def kept() -> set[str]:
    """The tables and figures that lie under artifact/, by their paths in the checkout."""
    there = (path for folder in ("tables", "figures") for path in (ARTIFACT / folder).rglob("*.*"))
    return {path.relative_to(ROOT).as_posix() for path in there}


def _answer(found: dict[str, bytes]) -> Iterator[str]:
    """The answer so far, whose figure goes to ``found``."""
    answers = answer.kept_answers()
    shown, path = answer.answer_picture(answers), answer.PICTURE.removeprefix("artifact/")
    found[path] = shown.render(("svg",))["svg"]
    yield f"## The answer so far\n\n{answer.answer_sentence(answers)}\n"
    yield f"{adam_sentences()}\n\n{answer.reading(answers)}\n"
    yield answer.answer_table(answers)
    yield f"![{shown.title}]({path})\n\n{shown.caption}\n"


def _shown(
    found: dict[str, bytes], report: Report, folder: str, tables: Sequence[str], figures: Sequence[str]
) -> Iterator[str]:
    """The parts of the page, whose files go to ``found``."""
    of_name = {each.name: each for each in report.all_tables if not each.is_empty}
    for table in (of_name[name] for name in tables if name in of_name):
        path = f"tables/{folder}/{table.name}.csv"
        found[path] = to_csv(table).encode()
        yield f"### {table.title}\n\n{to_markdown(table)}\n[As CSV]({path}), unrounded.\n"
    drawn = {each.name: each for each in report.all_pictures}
    for picture in (drawn[name] for name in figures if name in drawn):
        path = f"figures/{folder}/{picture.name}.svg"
        found[path] = picture.render(("svg",))["svg"]
        yield f"![{picture.title}]({path})\n\n{picture.caption}\n"
