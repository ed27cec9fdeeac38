"""Trials, rescoring and the noise floor on invented scores; their tables against numbers computed by hand."""

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest

from paper_optimizers import NumpyOptimizer, from_text, get
from reproduce.errors import LedgerError, ProtocolError
from reproduce.outcomes import ScoreBeside, ScreenedOut, Trained
from reproduce.report.analysis.searches import contenders_against
from reproduce.report.tables.search import noise_table, rescoring_table
from reproduce.search.rescoring import baselines, different
from reproduce.search.results import Finalist
from reproduce.search.trials import Contender, Trial, chosen_rates, of_seeds, open_trials, run_trials, seed_scores
from tests.search.fakes import FakeScorer

CONTENDERS = [Contender.of(name, get(name)) for name in ("Adam", "A1", "Opt7")]


def trials_at(path, scorer, seeds=(1, 2), part="evolution", protocol="p" * 16, on_trial=lambda trial, left: None):
    with open_trials(path, lambda text: None) as ledger:
        return run_trials(ledger, part, protocol, scorer, CONTENDERS, seeds, on_trial)


def test_trials_are_written_in_one_order_and_made_once(tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    on_trial = []
    trials = trials_at(first, FakeScorer(batch=4), on_trial=lambda trial, left: on_trial.append(left))
    assert [(trial.optimizer, trial.seed) for trial in trials] == [
        (each.name, seed) for each in CONTENDERS for seed in (1, 2)
    ]
    assert on_trial == [5, 4, 3, 2, 1, 0]
    assert trials_at(second, FakeScorer(batch=1, backwards=False)) == trials
    scorer = FakeScorer()
    more = trials_at(first, scorer, seeds=(1, 2, 3))
    assert [candidate.seed for candidate in scorer.scored] == [3, 3, 3]
    assert [trial for trial in more if trial.seed != 3] == trials


def test_interrupted_trials_go_on(tmp_path):
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    trials = trials_at(whole, FakeScorer())
    broken.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:3]) + b'{"torn')
    scorer = FakeScorer()
    assert trials_at(broken, scorer) == trials
    assert len(scorer.scored) == 3


@pytest.mark.parametrize(("field", "protocol", "data"), [("protocol", "q" * 16, "d"), ("data", "p" * 16, "e")])
def test_trials_under_another_protocol_are_refused(tmp_path, field, protocol, data):
    path = tmp_path / "ledger.jsonl"
    trials_at(path, FakeScorer())
    with pytest.raises(LedgerError, match=f"another experiment: {field} is"):
        trials_at(path, FakeScorer(data=data), protocol=protocol)
    assert len(trials_at(path, FakeScorer(data=data), part="another round", protocol=protocol)) == 6


def test_adamw_is_adam_with_a_share_of_the_weight():
    random = np.random.default_rng(0)
    weight, gradients = random.normal(size=5), random.normal(size=(8, 5))
    ours, adam = NumpyOptimizer(baselines(["AdamW"])[0].spec), NumpyOptimizer(get("Adam"))
    left = right = weight
    for gradient in gradients:
        (left,) = ours.step([left], [gradient], 0.1)
        (update,) = adam.updates([right], [gradient])
        right = right - 0.1 * 0.004 * right - 0.1 * update
    np.testing.assert_allclose(left, right, rtol=1e-12)


def test_an_unknown_baseline_is_named():
    with pytest.raises(ProtocolError, match="no optimizer called 'Adamm'"):
        baselines(["Adamm"])


def test_contenders_that_compute_the_same_are_scored_once():
    twins = [Contender.of("one", from_text("None ~ (g)+(v hat)")), Contender.of("two", from_text("None ~ (v hat)+(g)"))]
    assert [each.name for each in different(twins)] == ["one"]


def trial(contender, seed, score):
    outcome = Trained(score, 0.1, (), (), (score,), False) if score else ScreenedOut("first", ())
    return Trial(1, "p", "d", "evolution", contender.name, contender.fingerprint, seed, outcome, 0.0, "", {})


def table_of(found, known):
    """The rescoring table of scores by seed."""
    contenders = {name: Contender(name, get("SGD"), name) for name in (*found, *known)}
    trials = [
        trial(contenders[name], seed, score)
        for name, scores in {**found, **known}.items()
        for seed, score in enumerate(scores)
    ]
    finalists = [Finalist(contenders[name], 0.9, name, 0, 0.1) for name in found]
    return rescoring_table("rescoring", finalists, [contenders[name] for name in known], trials, "here")


def test_rescoring_says_what_is_left_and_calls_ties_ties():
    noise = [0.0, 0.01, -0.01, 0.005, -0.005, 0.0, 0.01, -0.01]
    table = table_of(
        {"good": [0.85 + each for each in noise], "same": [0.801 + each for each in noise[::-1]]},
        {"Adam": [0.80 + each * 0.9 for each in noise], "Nesterov": [0.80 - each for each in noise]},
    )
    lines = {line[0].text: line for line in table.lines()}
    assert list(lines) == ["good", "same", "Adam", "Nesterov"]
    good = lines["good"]
    assert [cell.text for cell in good[1:6]] == [
        "90.00",
        "85.00",
        f"{100 * statistics.stdev(noise):.2f}",
        "8/8",
        "+5.00",
    ]
    assert good[6].text == "+5.00 SUPPORTED"
    assert good[6].value == pytest.approx(0.05, abs=1e-12)
    assert lines["same"][8].text.startswith("+0.10 ")
    assert lines["Adam"][1].text == "-"
    assert "n = 8" in table.caption
    assert "one family, and hold together with 96 %" in table.caption


def test_verdicts_are_those_of_a_family_of_all_candidates_of_a_column():
    noise = np.array([0.01, -0.01, 0.005, -0.005, 0.0])
    candidates = {"first": list(0.832 + noise), "second": list(0.82 + noise[::-1]), "third": list(0.8 + noise)}
    lines = {line[0].text: line for line in table_of(candidates, {"Adam": [0.8] * 5}).lines()}
    # Of three together t(4 degrees of freedom, 0.04 / 3) = 4.2334; the spread of the noise is 0.79 points.
    half = 4.2334 * 0.7906 / math.sqrt(5)
    assert [lines[name][6].text for name in candidates] == ["+3.20 SUPPORTED", "+2.00 SUPPORTED", "0.00 UNDECIDED"]
    assert 100 * lines["second"][7].value == pytest.approx(2 - half, abs=1e-3)
    assert lines["Adam"][7].value is None


def test_without_trials_of_the_baseline_nothing_is_compared():
    (adam, nesterov) = baselines(["Adam", "Nesterov"])
    assert contenders_against([trial(nesterov, 1, 0.8)], [nesterov], adam, 1) == {}


def test_a_run_that_could_not_be_trained_is_counted_by_itself_and_gains_nothing():
    table = table_of({"brittle": [0.9, 0.0, 0.9], "sound": [0.85, 0.86, 0.84]}, {"Adam": [0.8, 0.81, 0.8]})
    lines = {line[0].text: line for line in table.lines()}
    assert list(lines) == ["sound", "brittle", "Adam"]  # Ranked with 0 for the failure, whatever the mean of the rest.
    assert [cell.text for cell in lines["brittle"][2:6]] == ["90.00", "0.00", "2/3", "0.00"]
    assert lines["brittle"][6].text == "-20.33 UNDECIDED"
    never = next(table_of({"never": [0.0, 0.0, 0.0]}, {"Adam": [0.8, 0.81, 0.8]}).lines())
    assert [cell.text for cell in never[2:6]] == ["-", "-", "0/3", "-"]


def test_the_rate_of_most_seeds_is_that_of_each_task_in_turn():
    """Of equals the first; a seed that could not be trained has none, nor has a task that none was found on."""
    (contender,) = baselines(["Nesterov"])
    assert chosen_rates([trial(contender, 0, 0.0)], contender) == ()

    def on_two_tasks(seed, rate, beside):
        beside = (ScoreBeside("text", 0.5, beside, 3), ScoreBeside("third", 0.0, None, 0))
        return replace(trial(contender, seed, 0.8), outcome=Trained(0.8, rate, (), (), (0.8,), False, beside))

    trials = [on_two_tasks(0, 1.0, 0.01), on_two_tasks(1, 0.1, 0.1), on_two_tasks(2, 0.1, 0.1), trial(contender, 3, 0)]
    assert chosen_rates(trials, contender) == (0.1, 0.1, None)
    assert chosen_rates(trials[:2], contender) == (1.0, 0.01, None)


def test_seeds_that_the_protocol_no_longer_asks_for_do_not_count():
    (contender,) = baselines(["Nesterov"])
    trials = [trial(contender, seed, 0.8 + seed / 100) for seed in range(4)]
    assert seed_scores(of_seeds(trials, (1, 3)), contender).trained == {1: 0.8 + 1 / 100, 3: 0.8 + 3 / 100}


def test_the_noise_of_a_score():
    (contender,) = baselines(["Nesterov"])
    scores = [0.81, 0.82, 0.83, 0.82]
    trials = [trial(contender, seed, score) for seed, score in enumerate(scores)]
    assert seed_scores(trials, contender).trained == dict(enumerate(scores))
    table = noise_table("noise", contender, trials, 1768, "here")
    values = {line[0].text: line[1].value for line in table.lines()}
    sd = statistics.stdev(scores)
    assert values["mean"] == pytest.approx(0.82)
    assert values["standard deviation"] == pytest.approx(sd)
    assert values["expected best of 1,768 reruns"] == pytest.approx(0.82 + 3.4016 * sd, abs=1e-6)
    # Differences of independent scores have a spread of sqrt(2) times 0.82 points: between those of 1 and of 1.25.
    assert 14 < values["seeds that settle a difference of 1 points"] < 20
    with pytest.raises(ValueError, match="two trained runs or more"):
        noise_table("noise", contender, trials[:1], 10, "here")
    failed = noise_table("noise", contender, [*trials, trial(contender, 9, 0.0)], 1768, "here")
    assert [line[1].value for line in failed.lines()] == list(values.values())
    assert "n = 4 seeds (1 more could not be trained)" in failed.caption
