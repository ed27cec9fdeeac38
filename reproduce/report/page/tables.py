"""From what was measured to what the page shows: every table under its heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reproduce.report.claims.claim import Checked, claim_costs_table, claims_table
from reproduce.report.collection import Collection
from reproduce.report.figures.engine import engine_picture
from reproduce.report.page.inputs import (
    CLAIMS,
    COMPARED,
    COST,
    REFERENCE,
    RESULTS,
    ROBUSTNESS,
    SEARCH,
    SPACE,
    ReportInputs,
)
from reproduce.report.page.search import SearchResults
from reproduce.report.speed import MEMBER_STEPS, read_member_steps
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.report.tables.across import across_table
from reproduce.report.tables.compute import compute_table
from reproduce.report.tables.costs import step_cost_table
from reproduce.report.tables.engine import engine_table
from reproduce.report.tables.equations import catalog_tables
from reproduce.report.tables.index import study_tables
from reproduce.report.tables.paper import paper_table
from reproduce.report.tables.primitives import primitive_tables

#: Studies of what a part of an optimizer contributes.
_PARTS = ("schedules", "decays")
#: Of the schedules that are drawn where there is no study to take it from.
WARMUP = 0.1


def report_inputs(found: Collection, checked: Sequence[Checked], searched: SearchResults) -> ReportInputs:
    """Everything that the page of one profile shows."""
    main = found.study("main")
    shape = None if main is None else main.protocol.tasks[0].training
    return ReportInputs(
        profile=found.profile,
        studies={study.name: study.rows_by_task for study in found.studies},
        settings=found.settings,
        tables=report_tables(found, checked, searched),
        pictures={SEARCH: searched.pictures, COST: _engine(found)},
        cards=searched.cards,
        step_costs=found.step_costs,
        reference=REFERENCE,
        warmup_fraction=WARMUP if shape is None else shape.warmup_fraction,
        hold_fraction=0.0 if shape is None else shape.hold_fraction,
    )


def report_tables(found: Collection, checked: Sequence[Checked], searched: SearchResults) -> dict[str, list[Table]]:
    """Every table of the report, by heading."""
    results = [study for study in found.studies if study.name in (*COMPARED, *_PARTS)]
    others = [study for study in found.studies if study not in results]
    return {
        CLAIMS: [claims_table(checked), claim_costs_table(checked)],
        RESULTS: [*(table for study in results for table in study_tables(study)), *_across(found)],
        ROBUSTNESS: [table for study in others for table in study_tables(study)],
        SEARCH: list(searched.tables),
        COST: [
            compute_table(found.profile, found.studies),
            step_cost_table(found.step_costs),
            engine_table(found.engine),
        ],
        SPACE: [*primitive_tables(), *catalog_tables(), paper_table()],
    }


def _engine(found: Collection) -> list[Picture]:
    """How the engine scales, where that was measured: in the profile, or once for all of them."""
    paths = (folder / MEMBER_STEPS for folder in (found.folder, found.folder.parent))
    return [engine_picture(read_member_steps(path)) for path in paths if path.is_file()][:1]


def _across(found: Collection) -> Iterator[Table]:
    studies = [study for study in found.studies if study.name in COMPARED]
    table = across_table(studies, REFERENCE) if studies else None
    if table is not None:
        yield table
