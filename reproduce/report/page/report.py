"""Contents of a profile's report: every table, figure and card, from what was measured, under its heading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paper_optimizers import names
from reproduce.report.cards.card import Card
from reproduce.report.cards.index import all_cards
from reproduce.report.cards.keras import KNOWN
from reproduce.report.claims.claim import Checked, claim_costs_table, claims_table
from reproduce.report.collection import Collection
from reproduce.report.figures.comparison import overall_pictures
from reproduce.report.figures.engine import engine_picture
from reproduce.report.figures.frameworks import frameworks_picture
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.figures.index import catalog_pictures, catalog_specs, study_pictures
from reproduce.report.page.search import SearchResults
from reproduce.report.page.summary import summary_lines, summary_pictures
from reproduce.report.rendering import Drawing, render_all
from reproduce.report.results import COMPARED, REFERENCE, StudyResults
from reproduce.report.style import Picture
from reproduce.report.table import Table
from reproduce.report.tables.across import across_table
from reproduce.report.tables.compute import compute_table
from reproduce.report.tables.costs import door_cost_tables, step_cost_table
from reproduce.report.tables.engine import engine_table
from reproduce.report.tables.equations import catalog_tables
from reproduce.report.tables.frameworks import framework_tables
from reproduce.report.tables.index import study_tables
from reproduce.report.tables.paper import paper_table
from reproduce.report.tables.primitives import primitive_tables
from reproduce.report.tables.published import agreement_tables, log_tables
from reproduce.study.looks import FIRST_LOOK

#: Headings, under each of which tables come before figures, in the order of the page.
HEADINGS = SUMMARY, CLAIMS, RESULTS, ROBUSTNESS, SEARCH, COST, SPACE = (
    "Summary",
    "What is claimed",
    "Results",
    "Robustness",
    "Search and elimination",
    "Cost",
    "Search space and catalog",
)
#: Studies of what a part of an optimizer contributes.
_PARTS = ("schedules", "decays")
#: Of the graph on a card, which stands on the page alone.
_CARD_FORMATS = ("svg",)


@dataclass(frozen=True)
class Report:
    """All that one report shows.

    Attributes:
        profile: Where the rows come from: "smoke", "small", "gpu" or "paper".
        studies: In the order of the page.
        tables: By heading.
        pictures: By heading.
        cards: One for each optimizer.
        summary: What was found, in a few lines.
    """

    profile: str
    studies: Sequence[StudyResults] = ()
    tables: Mapping[str, Sequence[Table]] = field(default_factory=dict)
    pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    cards: Sequence[Card] = ()
    summary: Sequence[str] = ()

    @property
    def all_tables(self) -> list[Table]:
        """The tables under all headings."""
        return [each for shown in self.tables.values() for each in shown]

    @property
    def all_pictures(self) -> list[Picture]:
        """The pictures under all headings."""
        return [each for shown in self.pictures.values() for each in shown]


def report_of(found: Collection, checked: Sequence[Checked], searched: SearchResults) -> Report:
    """The report of one profile; pictures are drawn when they are asked for, or by `drawn`."""
    return Report(
        profile=found.profile,
        studies=found.studies,
        tables=_tables(found, checked, searched),
        pictures={heading: shown for heading, shown in _pictures(found, searched).items() if shown},
        cards=[*all_cards(found), *searched.cards],
        summary=summary_lines(found, checked),
    )


def drawn(
    reports: Sequence[Report], processes: int = 1, at_hand: Mapping[Picture, Picture] | None = None
) -> list[Report]:
    """The same with every picture's files at hand, each drawn once for all.

    Args:
        reports: Those of one run of the program share what does not depend on rows.
        processes: How many draw at a time; see `rendering`.
        at_hand: Pictures of which files were rendered before, as `catalog_drawings` are, by what they were made of.
    """
    kept = dict(at_hand or {})
    headed = dict.fromkeys(each for report in reports for each in report.all_pictures)
    cards = dict.fromkeys(card.graph for report in reports for card in report.cards if card.graph)
    graphs = [each for each in cards if each not in kept and each not in headed]
    drawings = [*(Drawing(kept.get(each, each)) for each in headed), *(Drawing(each, _CARD_FORMATS) for each in graphs)]
    kept |= zip([*headed, *graphs], render_all(drawings, processes), strict=True)
    return [
        replace(
            report,
            pictures={heading: [kept[each] for each in shown] for heading, shown in report.pictures.items()},
            cards=[replace(card, graph=kept[card.graph]) if card.graph else card for card in report.cards],
        )
        for report in reports
    ]


def catalog_drawings() -> list[Drawing]:
    """The graphs on the catalog's cards, which need no rows."""
    return [Drawing(optimizer_graph(name, spec), _CARD_FORMATS) for name, spec in catalog_specs().items()]


def _judged(found: Collection) -> list[StudyResults]:
    """The studies of all optimizers with as many seeds as ranks and means over tasks ask for."""
    compared = [study for study in found.studies if study.name in COMPARED]
    return [study for study in compared if len(study.protocol.seeds.final) >= FIRST_LOOK]


def _tables(found: Collection, checked: Sequence[Checked], searched: SearchResults) -> dict[str, list[Table]]:
    many = _judged(found)
    across = across_table(many, REFERENCE) if many else None
    of_studies: dict[str, list[Table]] = {RESULTS: [], ROBUSTNESS: []}
    for study in found.studies:
        of_studies[RESULTS if study.name in (*COMPARED, *_PARTS) else ROBUSTNESS] += study_tables(study)
    return {
        CLAIMS: [claims_table(checked), claim_costs_table(checked)],
        RESULTS: [*of_studies[RESULTS], *([across] if across else [])],
        ROBUSTNESS: of_studies[ROBUSTNESS],
        SEARCH: [*searched.tables, *_published(found)],
        COST: [
            compute_table(found.profile, found.studies),
            step_cost_table(found.step_costs, (*names(), *KNOWN)),
            *door_cost_tables(found.door_costs),
            engine_table(found.engine),
            *framework_tables(found.framework_times),
        ],
        SPACE: [*primitive_tables(), *catalog_tables(), paper_table()],
    }


def _published(found: Collection) -> list[Table]:
    """Tabulate the published log, and how far its replays agree with it."""
    replays = [
        table
        for each in found.replays
        for table in agreement_tables(each.agreement, each.origin.sentence, f"_{each.origin.behaviour}")
    ]
    return [*(log_tables(found.log) if found.log else ()), *replays]


def _pictures(found: Collection, searched: SearchResults) -> dict[str, list[Picture]]:
    compared = [study for study in found.studies if study.name in COMPARED]
    others = [study for study in found.studies if study.name not in COMPARED]
    many = _judged(found)
    return {
        SUMMARY: summary_pictures(found),
        RESULTS: [
            *(each for study in compared for each in study_pictures(study, REFERENCE)),
            *(overall_pictures(many, REFERENCE) if many else ()),
        ],
        ROBUSTNESS: [each for study in others for each in study_pictures(study, REFERENCE)],
        SEARCH: list(searched.pictures),
        COST: [
            *([engine_picture(found.member_steps)] if found.member_steps else []),
            *([frameworks_picture(found.framework_times)] if found.framework_times else []),
        ],
        SPACE: list(catalog_pictures(*found.shape)),
    }
