"""The parts of the report page."""

import dataclasses
import re
from collections import Counter
from pathlib import Path

from reproduce.report.claims.claim import CLAIMS, check, claims_table, load_claims
from reproduce.report.collection import Collection
from reproduce.report.latex import to_latex
from reproduce.report.page.report import CLAIMS as CLAIMS_HEADING
from reproduce.report.page.report import COST, HEADINGS, RESULTS, ROBUSTNESS, SPACE, SUMMARY, report_of
from reproduce.report.page.search import SearchResults
from reproduce.report.results import StudyResults
from reproduce.report.tables.paper import paper_table
from reproduce.study.looks import FIRST_LOOK
from reproduce.study.protocol import StudyProtocol, load_protocol, studies
from tests.report.latex import NEEDS_PDFLATEX, require_compiles
from tests.report.result_cases import invented, protocol_of

NAMES = ("main", "transfer", "finetune", "schedules", "decays", "label_noise", "architectures")


def collection(*found: StudyResults) -> Collection:
    return Collection("tiny", Path("nowhere"), found, {}, None, None)


def with_seeds(protocol: StudyProtocol, count: int) -> StudyProtocol:
    return dataclasses.replace(protocol, seeds=dataclasses.replace(protocol.seeds, final=tuple(range(1, count + 1))))


def all_studies() -> list[StudyResults]:
    protocols = {name: protocol_of(name, ("Opt7", "Adam"), ("one", "two")) for name in NAMES}
    many = {name: with_seeds(protocols[name], FIRST_LOOK) for name in ("main", "transfer")}
    plain = {name: invented(protocol) for name, protocol in (protocols | many).items()}
    crossed = invented(protocol_of("schedules", ("Adam", "Adam+LR1")))
    decays = invented(protocol_of("decays", ("Opt7", "Opt7-nodecay", "Adam")))
    return list({**plain, "schedules": crossed, "decays": decays}.values())


def test_every_table_has_a_name_of_its_own_and_stands_under_its_heading() -> None:
    found = collection(*all_studies())
    report = report_of(found, check(load_claims(CLAIMS), {"tiny": found}), SearchResults((), ()))
    names = Counter(table.name for tables in report.tables.values() for table in tables)
    assert [name for name, count in names.items() if count > 1] == []
    assert list(report.tables) == [heading for heading in HEADINGS if heading != SUMMARY]
    by_heading = {heading: {table.name for table in tables} for heading, tables in report.tables.items()}
    assert by_heading[CLAIMS_HEADING] == {"claims", "claim_costs"}
    assert {"main", "transfer_by_task", "schedules_crossed", "decays_ablation", "across_tasks"} <= by_heading[RESULTS]
    assert {"label_noise_change", "architectures"} <= by_heading[ROBUSTNESS]
    assert by_heading[COST] == {"compute", "step_costs", "engine"}
    assert {"operands", "evolved_schedules", "paper_map"} <= by_heading[SPACE]
    assert [study.name for study in report.studies] == list(NAMES)


def test_ranks_over_tasks_are_of_studies_with_enough_seeds_in_table_and_figures_alike() -> None:
    report = report_of(collection(*all_studies()), [], SearchResults((), ()))
    (across,) = [table for table in report.tables[RESULTS] if table.name == "across_tasks"]
    assert (
        "2 tasks (main/one, main/two), 2 functions, n = 80 final runs" in across.caption
    )  # Transfer has the same runs.
    few = [invented(protocol_of(name, ("Opt7", "Adam"), ("one", "two"))) for name in ("main", "transfer")]
    report = report_of(collection(*few), [], SearchResults((), ()))
    shown = {each.name for each in (*report.all_tables, *report.all_pictures)}
    assert not {"across_tasks", "interquartile_means", "ranks"} & shown


def test_figures_and_runs_name_tasks_in_the_protocols_order() -> None:
    """Runs end in whatever order, and so do their rows."""
    study = invented(protocol_of("label_noise", ("Opt7", "Adam"), ("none", "little", "much")))
    turned = dataclasses.replace(study, rows=study.rows[::-1])
    report = report_of(collection(turned), [], SearchResults((), ()))
    (shown,) = report.studies
    assert shown.tasks_run == ("none", "little", "much")
    assert list(dict.fromkeys(row.task for row in shown.rows_by_task)) == ["none", "little", "much"]
    assert sorted(map(id, shown.rows_by_task)) == sorted(map(id, study.rows))


def test_long_text_is_set_in_paragraphs_that_share_what_width_there_is() -> None:
    claims = to_latex(claims_table(check(load_claims(CLAIMS), {})))
    assert re.search(r"{ll(>{.*}p{0\.2\d\\linewidth})\1l}\n", claims)
    assert re.search(r"{(>{.*}p{0\.2\d\\linewidth})l\1}\n", to_latex(paper_table()))


@NEEDS_PDFLATEX
def test_the_latex_of_a_whole_report_compiles_and_fits_the_page(tmp_path: Path) -> None:
    found = collection(*all_studies())
    report = report_of(found, check(load_claims(CLAIMS), {"small": found}), SearchResults((), ()))
    tables = [table for of_heading in report.tables.values() for table in of_heading if not table.is_empty]
    assert "Overfull" not in require_compiles(tables, tmp_path)


def test_a_report_of_nothing() -> None:
    report = report_of(collection(), check(load_claims(CLAIMS), {}), SearchResults((), ()))
    assert report.studies == ()
    assert {table.name for table in report.tables[COST]} == {"compute", "step_costs", "engine"}
    assert report.tables[RESULTS] == []


def test_every_study_of_the_smoke_profile_makes_tables() -> None:
    empty = [invented_nothing(name) for name in studies("smoke")]
    report = report_of(collection(*empty), [], SearchResults((), ()))
    names = Counter(table.name for tables in report.tables.values() for table in tables)
    assert set(studies("smoke")) <= set(names)
    assert max(names.values()) == 1


def invented_nothing(study: str) -> StudyResults:

    protocol = load_protocol("smoke", study)
    return StudyResults(protocol, protocol.optimizers.entrants, ())
