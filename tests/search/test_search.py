"""Whole searches on invented scores: the rules, the ledger, batches, resuming, the cache."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reproduce.errors import LedgerError
from reproduce.ledger import read_records
from reproduce.outcomes import Trained, epochs_of, score_of
from reproduce.search import spaces
from reproduce.search.algorithm import Answer, Individual, Limits, Selection
from reproduce.search.cache import read_cache
from reproduce.search.particles import ParticleSearch
from reproduce.search.probabilities import Probabilities, Tries
from reproduce.search.published_space import OPERANDS, Primitive
from reproduce.search.records import (
    End,
    Header,
    Rejection,
    Sample,
    StageEvaluation,
    entry_from_dict,
    read_search_records,
)
from reproduce.search.results import acceptance, best_so_far, budgeted, primitive_shares, top
from reproduce.search.sampling import Sampler
from reproduce.search.search import run_search
from reproduce.search.spaces import FULL, IDENTITY, Space
from tests.search.fakes import DATA, PLAN, SCREENING, TINY, FakeScorer, Witness, fake_scorers, lineages, search
from tests.search.kills import untimed

ROOT = Path(__file__).resolve().parents[2]


def of(kind, records):
    return [record for record in records if isinstance(record, kind)]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("search") / "ledger.jsonl"
    search(path)
    return path


@pytest.fixture(scope="module")
def records(ledger) -> list:
    return [entry.record for entry in read_records(ledger, entry_from_dict)]


def test_the_ledger_reads_back_as_it_was_written(records, tmp_path):
    assert search(tmp_path / "ledger.jsonl") == records
    assert isinstance(records[0], Header)
    assert isinstance(records[-1], End)


@pytest.mark.parametrize(("batch", "backwards"), [(1, False), (2, True), (4, True), (4, False)])
def test_batches_and_their_order_change_nothing(ledger, tmp_path, batch, backwards):
    path = tmp_path / "ledger.jsonl"
    search(path, FakeScorer(batch, backwards))
    assert untimed(path) == untimed(ledger)


def test_another_seed_is_another_search(records, tmp_path):
    other = search(tmp_path / "ledger.jsonl", seed=1)
    assert {sample.text for sample in of(Sample, records)} != {sample.text for sample in of(Sample, other)}


def test_the_opening_keeps_the_best_and_scores_them_again(records):
    samples, sizes = of(Sample, records), TINY.sizes
    initial = [record for record in of(StageEvaluation, records) if record.stage == "initial"]
    assert sorted(record.sample for record in initial) == list(range(sizes.initial))
    assert all(sample.slot.phase == "initial" and sample.parent is None for sample in samples[: sizes.initial])
    ranked = sorted(initial, key=lambda record: (-(score_of(record.outcome) or -1.0), record.sample))
    again = [record for record in of(StageEvaluation, records) if record.stage == "evolution"][: sizes.particles]
    assert [record.sample for record in again] == [record.sample for record in ranked[: sizes.particles]]


def test_children_are_drawn_again_up_to_four_times(tmp_path):
    records = search(tmp_path / "ledger.jsonl", sizes=replace(TINY.sizes, children=8))
    samples = {sample.number: sample for sample in of(Sample, records)}
    failed = {
        samples[record.sample].slot
        for record in of(StageEvaluation, records)
        if not isinstance(record.outcome, Trained) and samples[record.sample].slot.phase == "child"
    }
    children = {sample.slot for sample in samples.values() if sample.slot.phase == "child"}
    assert {slot for slot in children if slot.attempt} == {
        slot._replace(attempt=slot.attempt + 1) for slot in failed if slot.attempt < TINY.sizes.redraws
    }
    assert any(slot.attempt >= 2 for slot in children)
    assert max(slot.attempt for slot in children) <= TINY.sizes.redraws


def test_a_slot_is_given_up_and_the_check_is_as_strict_as_the_settings_say(records, tmp_path):
    """With one draw each, some slots stay empty, and those that were filled hold what they hold with more."""
    once = search(tmp_path / "once.jsonl", probabilities=Probabilities(tries=Tries(slot=1)))
    first = [record for record in of(Sample, records) if record.slot.phase == "initial" and record.draw == 0]
    kept = [record for record in of(Sample, once) if record.slot.phase == "initial"]
    assert {record.draw for record in kept} == {0}
    assert [record.slot for record in kept] == [record.slot for record in first]
    assert len(kept) < TINY.sizes.initial
    strict = search(tmp_path / "strict.jsonl", integrity=replace(TINY.integrity, threshold=1.0))
    counts = [sum(each.cause == "integrity" for each in of(Rejection, found)) for found in (records, strict)]
    assert counts[0] < counts[1]


def test_particles_are_replaced_by_their_best_child(records):
    evolution = (record for record in of(StageEvaluation, records) if record.stage == "evolution")
    scores = {record.sample: score_of(record.outcome) for record in evolution}
    children: dict = {}
    for sample in of(Sample, records):
        if sample.slot.phase == "child":
            children.setdefault((sample.slot.step, sample.slot.particle), []).append(sample)
    for selection in of(Selection, records):
        own = children[selection.step, selection.particle]
        assert {sample.parent for sample in own} == {selection.parent}
        assert selection.child_score == max((scores[sample.number] or 0.0) for sample in own)
        assert selection.replaced
    for particle in lineages(records).values():
        assert [selection.parent for selection in particle[1:]] == [selection.child for selection in particle[:-1]]


def test_elitist_particles_never_get_worse(tmp_path):
    records = search(tmp_path / "ledger.jsonl", algorithm="elitist", limits=Limits(steps=4))
    selections = of(Selection, records)
    assert {selection.replaced for selection in selections} == {True, False}
    for selection in selections:
        better = selection.child is not None and selection.child_score > (selection.parent_score or 0.0)
        assert selection.replaced == better
    for particle in lineages(records).values():
        now = [selection.child if selection.replaced else selection.parent for selection in particle]
        assert [selection.parent for selection in particle[1:]] == now[:-1]


def test_a_particle_whose_children_all_fail_stays_where_it_is():
    genome = Sampler(FULL).genome(np.random.default_rng(0))
    parent = Individual(0, genome, ascend=False, score=0.5)
    algorithm = ParticleSearch((parent,), 1, 0, "paper", Limits(steps=1))
    after, (selection,) = algorithm.tell(algorithm.start(), [Answer(None, 3)])
    assert (selection.child, selection.replaced) == (None, False)
    assert after.particles == (parent,)
    assert after.over


def test_the_peers_begin_alike_and_end_on_their_budget(tmp_path):
    limits = Limits(epochs=60)
    found = {
        name: search(tmp_path / f"{name}.jsonl", algorithm=name, limits=limits)
        for name in ("paper", "elitist", "random", "aging")
    }
    initial = slice(TINY.sizes.initial)
    openings = {tuple(sample.text for sample in of(Sample, records)[initial]) for records in found.values()}
    assert len(openings) == 1
    for name, records in found.items():
        samples = {sample.number: sample for sample in of(Sample, records)}
        children = [record for record in of(StageEvaluation, records) if samples[record.sample].slot.phase == "child"]
        assert sum(epochs_of(record.outcome, 2) for record in children) >= 60
        costs, scores = best_so_far(records, SCREENING)
        assert costs == sorted(costs)
        assert scores == sorted(scores)
        within = budgeted(records, 60, SCREENING)
        assert 0 < len(within) <= len(costs)
        (best,) = top(records, 1, 60, SCREENING)
        assert best.search_score == max(score_of(record.outcome) or 0.0 for record in within), name
        assert best.rate in [record.outcome.rate for record in within if record.sample == best.sample]
    assert all(sample.parent is None for sample in of(Sample, found["random"]))
    aging = [sample for sample in of(Sample, found["aging"]) if sample.slot.phase == "child"]
    assert all(sample.parent is not None for sample in aging)
    assert len({sample.parent for sample in aging}) > 2


#: So small that equal candidates are drawn all the time: sums, signs and identities.
POOR = Space(
    "poor",
    operands=(Primitive("gradient"), Primitive("moment"), Primitive("weight", (("scale", 0.001),))),
    unary=(IDENTITY, Primitive("negate"), Primitive("tanh"), Primitive("arctan")),
    binary=(Primitive("add"), Primitive("subtract")),
    momentum=("none", "classical"),
)


@pytest.fixture
def poor(monkeypatch) -> None:
    monkeypatch.setattr(spaces, "SPACES", {**spaces.SPACES, "poor": POOR})
    monkeypatch.setattr("reproduce.search.driver.SPACES", {**spaces.SPACES, "poor": POOR})


def test_what_computes_the_same_is_never_scored_twice(poor, tmp_path):
    executor = FakeScorer()
    records = search(tmp_path / "ledger.jsonl", executor, space="poor")
    samples = {sample.number: sample for sample in of(Sample, records)}
    duplicates = [record for record in of(Rejection, records) if record.cause == "duplicate"]
    assert len(duplicates) > len(samples) / 4
    for duplicate in duplicates:
        assert samples[duplicate.duplicate_of].fingerprint == duplicate.fingerprint
    assert any(samples[duplicate.duplicate_of].text != duplicate.text for duplicate in duplicates)
    assert len({sample.fingerprint for sample in samples.values()}) == len(samples)
    scored = Counter(candidate.spec.fingerprint() for candidate in executor.scored)
    stages = Counter(samples[record.sample].fingerprint for record in of(StageEvaluation, records))
    assert scored == stages  # Twice only where both stages scored it.
    assert max(stages.values()) == 2


def test_scores_of_another_search_are_taken_over_and_the_ledger_says_so(ledger, records, tmp_path):
    cache = read_cache([("first", ledger)], PLAN.protocol_hash, DATA)
    executor = FakeScorer()
    other = search(tmp_path / "ledger.jsonl", executor, algorithm="elitist", cache=cache)
    evaluations = of(StageEvaluation, other)
    opening = [record for record in evaluations if record.sample < TINY.sizes.initial]
    assert {record.cached for record in opening} == {"first"}
    assert sum(record.cached is None for record in evaluations) == len(executor.scored) < len(evaluations)
    alone = search(tmp_path / "alone.jsonl", algorithm="elitist")
    assert [replace(record, cached=None) for record in evaluations] == of(StageEvaluation, alone)


@pytest.mark.parametrize(("protocol", "data"), [("f" * 16, None), (None, {"initial": "c", "evolution": "d"})])
def test_scores_under_another_protocol_or_of_other_data_are_not(ledger, protocol, data):
    assert not read_cache([("first", ledger)], protocol or PLAN.protocol_hash, data or DATA).scores


def test_acceptance_counts_every_draw_once(records):
    counts = acceptance(records)
    drawn = Counter(record.slot.phase for record in records if isinstance(record, Sample | Rejection))
    assert {phase: counter.total() for phase, counter in counts.items()} == dict(drawn)
    assert counts["initial"]["integrity"] > 0


def test_shares_of_functions_and_operands(records):
    samples = of(Sample, records)
    shares = primitive_shares(samples)
    assert 0.2 < shares["identity"] < 1
    assert all(0 < share <= 1 for share in shares.values())
    # Of the expressed candidates, whose every active operand is a node.
    ops = [{node.op for node in sample.read_genome().express().update.active()} for sample in samples]
    for operand in {primitive.op for primitive in OPERANDS}:
        assert shares.get(operand, 0) == pytest.approx(sum(operand in of_one for of_one in ops) / len(samples))
    assert shares["gradient_sign"] > 0


def test_every_prefix_of_the_ledger_resumes_to_the_same_ledger(ledger, tmp_path):
    lines = ledger.read_bytes().splitlines(keepends=True)
    for count in (*range(0, len(lines), 37), len(lines)):
        path = tmp_path / f"{count}.jsonl"
        path.write_bytes(b"".join(lines[:count]))
        executor = FakeScorer()
        fresh = []
        search(path, executor, on_record=lambda record, new, fresh=fresh: fresh.append(new))
        assert untimed(path) == untimed(ledger)
        assert fresh == [False] * count + [True] * (len(lines) - count)
        left = sum(b'"record":"evaluation"' in line for line in lines[count:])
        assert len(executor.scored) == left


@pytest.mark.slow
def test_killed_at_25_random_moments_it_ends_with_the_same_ledger():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.search.kills", "25"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    lines = json.loads(ended.stdout)["lines"]
    assert len(lines) == 25
    assert len(set(lines)) > 5  # They died at different moments.


def test_a_full_disk_is_a_message_and_loses_nothing(ledger, tmp_path):
    path = tmp_path / "ledger.jsonl"
    script = f"""
import resource, signal
from pathlib import Path
from reproduce.errors import LedgerError
from tests.search.fakes import search
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    search(Path({str(path)!r}))
except LedgerError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "records are safe: make room and start again" in said
    assert path.read_bytes().endswith(b"\n")
    search(path)
    assert untimed(path) == untimed(ledger)


def test_a_torn_line_is_removed_and_said(ledger, tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:10]) + b'{"record":"sam')
    witness = Witness()
    run_search(PLAN, path, fake_scorers(), witness)
    assert "half-written last line of 14 bytes" in witness.notices[0]
    assert untimed(path) == untimed(ledger)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protocol_hash": "f" * 16}, "protocol is 0123456789abcdef in line 1 and ffffffffffffffff now"),
        ({"algorithm": "elitist"}, "algorithm is paper in line 1 and elitist now"),
        ({"space": "no-decay"}, "space is full in line 1 and no-decay now"),
        ({"seed": 3}, "seed is 0 in line 1 and 3 now"),
    ],
)
def test_the_ledger_of_another_search_is_refused(ledger, changes, said):
    before = ledger.read_bytes()
    with pytest.raises(LedgerError, match=said):
        search(ledger, **changes)
    assert ledger.read_bytes() == before


def test_a_ledger_changed_by_hand_is_refused(ledger, tmp_path):
    path = tmp_path / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if '"record":"sample"' in line)
    lines[number] = lines[number].replace('"draw":', '"draw":1')
    path.write_text("".join(lines))
    with pytest.raises(LedgerError, match=f"line {number + 1} is not what this .* remove it and all lines after it to"):
        search(path)
    path.write_text("".join(lines[:number]))
    search(path)
    assert untimed(path) == untimed(ledger)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines, lines[3]], "line {after} is out of place: the search ends in line {last}"),
        (lambda lines: [*lines, lines[-1]], "line {after} is out of place: the search ends in line {last}"),
        (lambda lines: [*lines[:4], lines[0], *lines[4:]], "line 5 is out of place: a header belongs into the first"),
        (lambda lines: lines[1:], "line 1 is out of place: the header of a search belongs there"),
        (lambda lines: [lines[0], next(filter(evaluates, lines))], "line 2 is out of place: there is no sample 0"),
    ],
)
def test_records_that_no_search_leaves_like_that_are_named(ledger, tmp_path, spoil, said):
    path = tmp_path / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    path.write_text("".join(spoil(lines)))
    said, before = said.format(after=len(lines) + 1, last=len(lines)), path.read_bytes()
    for reads in (search, read_search_records, lambda place: read_cache([("s", place)], PLAN.protocol_hash, {})):
        with pytest.raises(LedgerError, match=said):
            reads(path)
    assert path.read_bytes() == before


def evaluates(line: str) -> bool:
    return '"record":"evaluation"' in line


EVALUATION = (
    '{"record":"evaluation","sample":0,"stage":"initial","seed":0,"cached":null,"seconds":0,"outcome":{"kind":1}}'
)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"record":"sonnet"}', "record is one of header, sample"),
        ('{"record":"end","samples":1}', "missing key best"),
        (
            '{"record":"end","samples":1.5,"best":null,"score":null,"epochs":1}',
            "samples must be an integer; received 1.5",
        ),
        (EVALUATION.replace("initial", "final"), "stage must be one of initial, evolution; received 'final'"),
        (EVALUATION, "outcome.kind must be one of trained, screened out, diverged; received 1"),
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path, line, said):
    path = tmp_path / "ledger.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(LedgerError, match=f"line 1 is not a record: .*{said}"):
        search(path)


def test_two_searches_on_one_folder(tmp_path):
    path = tmp_path / "ledger.jsonl"

    def second(record, fresh):
        with pytest.raises(LedgerError, match="in use by another process"):
            search(path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(path, on_record=second)
    search(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot write the ledger"):
        search(tmp_path / "file" / "ledger.jsonl")
