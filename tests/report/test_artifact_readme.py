"""The artifact's README says what there is."""

import re

import pytest

from reproduce.report.claims.claim import CLAIMS, check, load_claims
from reproduce.report.collection import profiles_in, read_collection
from reproduce.report.figures.index import catalog_pictures
from reproduce.report.pages import ARTIFACT, ROOT, answer, compute, reproduction
from reproduce.report.pages.guide import artifact_readme
from reproduce.report.tables.equations import catalog_tables
from reproduce.report.tables.index import study_tables
from reproduce.report.tables.paper import PARTS, paper_table
from reproduce.report.tables.primitives import primitive_tables
from reproduce.study.looks import FIRST_LOOK
from tests.report.result_cases import invented, protocol_of
from tests.test_makefile import MAKEFILE, PHONY_TARGETS

README = ARTIFACT / "README.md"
TEXT = README.read_text("utf-8")
# `test_search_results.py` makes them.
SEARCH_TABLES, SEARCH_FIGURES = {"rescoring", "search_cost", "elimination"}, {"elimination"}


def test_its_tables_are_those_of_the_claims_and_of_the_map() -> None:
    assert artifact_readme() == TEXT, "run: make pages"


def test_every_table_and_figure_of_the_map_is_one() -> None:
    studies = [protocol_of(name, ("Opt1", "Adam"), ("one", "two")) for name in ("main", "transfer", "finetune")]
    tables = {table.name for table in [*primitive_tables(), *catalog_tables()]} | SEARCH_TABLES
    tables |= {table.name for study in studies for table in study_tables(invented(study))}
    figures = {picture.name for picture in catalog_pictures(0.1, 0.0)} | SEARCH_FIGURES
    for part in PARTS:
        for kind, known in (("table", tables), ("figure", figures)):
            for found in re.findall(rf"{kind}s? (\w+)(?: and (\w+))?", part.ours):
                assert {name for name in found if name} <= known, part
    assert len(list(paper_table().lines())) == len(PARTS)


@pytest.mark.parametrize(
    "text", [TEXT, *(claim.command for claim, _ in load_claims(CLAIMS)), *(part.how for part in PARTS)]
)
def test_every_make_target_is_one(text: str) -> None:
    assert set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b", text)) <= {*PHONY_TARGETS}
    for name in re.findall(r"make [a-z-]+ ([A-Z_]+)=", text):
        assert re.search(rf"^{name} \?=", MAKEFILE, re.MULTILINE)


def test_every_file_it_links_to_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (README.parent / link).exists(), link


def test_every_expected_verdict_is_that_of_the_kept_rows() -> None:
    """Rows that vanish, or claims that no longer find theirs, do not pass for decided."""
    results = ARTIFACT / "results"
    collections = {name: read_collection(results, name) for name in profiles_in(results)}
    for each in check(load_claims(CLAIMS), collections):
        assert each.verdict == each.claim.expected, (each.claim.name, each.evidence)


def test_the_report_of_the_reproduction_is_that_of_the_rows() -> None:
    assert (ARTIFACT / "REPORT.md").read_text("utf-8") == reproduction.page(), "run: make pages"
    checked = reproduction.kept_verdicts()
    of_the_paper = [each.verdict for each in checked if each.claim.source == "paper"]
    assert f"Of {len(of_the_paper)} tests of the abstract's claims" in reproduction.verdict_lines()
    assert f"{of_the_paper.count('UNDECIDED')} UNDECIDED" in reproduction.verdict_lines().splitlines()[0]


def test_who_chooses_a_weight_decay_is_told_in_the_same_words_on_each_page() -> None:
    sentence = answer.weight_decay_sentence()
    assert sentence.startswith("In the main study ")
    for page in (ARTIFACT / "REPORT.md", ROOT / "README.md", ROOT / "docs" / "choose.md"):
        assert sentence.removesuffix(".") in " ".join(page.read_text("utf-8").split())


def test_the_report_says_which_studies_have_few_seeds() -> None:
    (line,) = reproduction.seeds_line().splitlines()
    (found,) = [each for each in answer.kept_collections() if each.profile == "small"]
    fewer = {study.name for study in found.studies if len(study.protocol.seeds.final) < FIRST_LOOK}
    assert set(re.findall(r"`(\w+)` \(\d+\)", line)) == fewer
    assert f"Of our {len(found.studies)} studies" in line
    assert line in (ARTIFACT / "REPORT.md").read_text("utf-8")


def test_the_compute_page_has_every_search_and_pretraining() -> None:
    for found in answer.kept_collections():
        part = compute.page().partition(f"## Profile {found.profile}\n")[2].partition("\n## ")[0]
        assert ("### What the search cost" in part) == (found.search is not None)
        assert ("### What the compared searches cost" in part) == (found.comparison is not None)
        for made in (row.made for study in found.studies for row in study.pretraining):
            assert f"pretraining, {made}" in part
        searches = (found.search is not None) + len(found.comparison.searches if found.comparison else ())
        assert f" {searches} searches of " in compute.compute_line(found)


def test_the_compute_page_is_that_of_the_rows() -> None:
    assert (ARTIFACT / "COMPUTE.md").read_text("utf-8") == compute.page(), "run: make pages"
