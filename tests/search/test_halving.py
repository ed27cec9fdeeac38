"""Searches whose initial stage chooses which candidates the evolution stage scores."""

from dataclasses import replace

import pytest

from reproduce.outcomes import epochs_of, score_of
from reproduce.search.algorithm import Limits, Selection
from reproduce.search.records import Sample, StageEvaluation
from reproduce.search.results import best_so_far, num_scored
from tests.search.fakes import SCREENING, TINY, FakeScorer, search
from tests.search.kills import untimed


def of(kind, records):
    return [record for record in records if isinstance(record, kind)]


@pytest.mark.parametrize("algorithm", ["paper", "random", "aging"])
def test_with_halving_the_evolution_stage_scores_the_best_of_those_drawn_together(tmp_path, algorithm):
    sizes, path = replace(TINY.sizes, children=4, keep=0.3), tmp_path / "ledger.jsonl"
    records = search(path, sizes=sizes, algorithm=algorithm, limits=Limits(steps=2))
    samples = {sample.number: sample for sample in of(Sample, records)}
    tried: dict = {}
    promoted: dict = {}
    for record in of(StageEvaluation, records):
        slot = samples[record.sample].slot
        if slot.phase == "child":
            found = tried if record.stage == "initial" else promoted
            found.setdefault((slot.step, slot.particle), []).append(record)
    assert promoted.keys() == tried.keys()
    assert len(tried) == 2 * (sizes.particles if algorithm == "paper" else 1)
    for place, records_of_place in tried.items():
        ranked = sorted(records_of_place, key=lambda record: (-(score_of(record.outcome) or -1.0), record.sample))
        trained = [record.sample for record in ranked if score_of(record.outcome) is not None]
        assert [record.sample for record in promoted[place]] == trained[:2]  # 0.3 of four, rounded up.
    chosen = {record.sample for records_of_place in promoted.values() for record in records_of_place}
    assert all(selection.child in chosen for selection in of(Selection, records) if selection.child is not None)
    whole = untimed(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-7]))
    search(path, FakeScorer(3), sizes=sizes, algorithm=algorithm, limits=Limits(steps=2))
    assert untimed(path) == whole


def test_what_halving_spends_on_the_initial_stage_is_in_the_budget(tmp_path):
    sizes, limits = replace(TINY.sizes, children=4, keep=0.3), Limits(epochs=60)
    records = search(tmp_path / "ledger.jsonl", sizes=sizes, limits=limits)
    samples = {sample.number: sample for sample in of(Sample, records)}
    spent = sum(
        epochs_of(record.outcome, SCREENING[record.stage])
        for record in of(StageEvaluation, records)
        if samples[record.sample].slot.phase == "child"
    )
    assert num_scored(records, 60, SCREENING) > TINY.sizes.initial
    assert num_scored(records, spent, SCREENING) == len({each.sample for each in of(StageEvaluation, records)})
    assert num_scored(records, -1, SCREENING) == 0
    costs, _ = best_so_far(records, SCREENING)
    assert 60 <= costs[-1] <= spent
    assert costs[TINY.sizes.particles] > epochs_of(
        [each for each in of(StageEvaluation, records) if each.stage == "evolution"][TINY.sizes.particles].outcome, 2
    )
