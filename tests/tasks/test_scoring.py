"""Candidates are scored on one task, on several, or on one of one's own."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from paper_optimizers import from_text, get
from reproduce.data import load_dataset
from reproduce.executors.executor import Executor
from reproduce.outcomes import Outcome, ScoreBeside, ScreenedOut, Trained, epochs_of
from reproduce.plain_data import OutOfRangeError
from reproduce.population.problems import classification
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.rates import RateScreening
from reproduce.tasks.scoring import DataFacts, OwnScoring, Scorer, Scoring
from reproduce.tasks.several import ScoredPart, SeveralScorings
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Candidate
from reproduce.training.settings import TrainingSettings
from tests.settings import TASK, TEXT, model_of

RULE = RateScreening(1, (0.1,), 0.0, (0.01,), 0.0)
ADAM, SGD, NOTHING = (Candidate(get("Adam"), 1), Candidate(get("SGD"), 1), Candidate(from_text("None ~ (g)-(g)"), 1))


@dataclass(frozen=True)
class Invented:
    """Gives candidates of the seeds 0, 1, ... these accuracies; None where they cannot be trained."""

    accuracies: tuple[float | None, ...]
    trainer: str = "engine"
    screening_epochs: int = 3

    def facts(self) -> DataFacts:
        return DataFacts(f"of {len(self.accuracies)}", "abc")

    def make(self) -> Callable[[Sequence[Candidate]], list[Outcome]]:
        def outcome(value: float | None) -> Outcome:
            screening = ((0.1, 0.5), (0.01, 0.2))
            if value is None:
                return ScreenedOut("second", screening)
            return Trained(value, 0.1, screening, (0.5,), (value,), cut=False)

        return lambda candidates: [outcome(self.accuracies[each.seed]) for each in candidates]

    def group(self, candidate: Candidate) -> str:
        return ""

    def task_of(self, candidate: Candidate) -> str:
        return ""

    def largest_batch(self, candidate: Candidate) -> int:
        return 2


def test_a_score_on_several_tasks_is_the_mean_share_of_the_references() -> None:
    images, text = Invented((0.8, 0.4, None, 0.8)), Invented((0.3, 0.6, 0.6, None))
    work = SeveralScorings((ScoredPart("images", images, 0.8), ScoredPart("text", text, 0.6)))
    found = work.make()([Candidate(get("Adam"), seed) for seed in range(4)])
    assert [each.score if isinstance(each, Trained) else None for each in found] == [0.75, 0.75, None, 0.5]
    first, _, third, last = found
    assert isinstance(third, ScreenedOut)  # What cannot be trained on the first task is not tried on the others.
    assert isinstance(first, Trained)
    assert (first.rate, first.validation_accuracy) == (0.1, (0.8,))
    assert first.beside == (ScoreBeside("text", 0.3, 0.1, 2 * 3 + 1),)
    assert epochs_of(first, 3) == 2 * (2 * 3 + 1)
    assert isinstance(last, Trained)
    assert last.beside == (ScoreBeside("text", None, None, 2 * 3),)
    assert epochs_of(last, 3) == 2 * 3 + 1 + 2 * 3


def test_several_tasks_say_what_they_are() -> None:
    work = SeveralScorings((ScoredPart("images", Invented((0.8,)), 0.8), ScoredPart("text", Invented((0.3, 0.1)), 0.6)))
    assert work.facts() == ("of 1, of 2", "abc+abc")
    assert (work.trainer, work.screening_epochs, work.largest_batch(ADAM), work.group(ADAM)) == ("engine", 3, 2, "")
    assert pickle.loads(pickle.dumps(work)) == work
    assert len({work, pickle.loads(pickle.dumps(work)), replace(work, parts=work.parts[:1])}) == 2


def test_several_tasks_have_one_trainer() -> None:
    one, other = ScoredPart("one", Invented((0.8,)), 0.8), ScoredPart("other", Invented((0.8,), trainer="keras"), 0.8)
    with pytest.raises(OutOfRangeError, match=r"parts must be tasks of one trainer; received \['engine', 'keras'\]"):
        SeveralScorings((one, other))
    with pytest.raises(OutOfRangeError, match="parts must be one task or more"):
        SeveralScorings(())


def test_scores_on_several_tasks_are_those_on_each() -> None:
    text = Task(TEXT, model_of("char_lstm", depth=1), replace(TASK.training, epochs=1))
    works = Scoring(TASK, RULE, batch=2), Scoring(text, RULE, batch=2)
    both = SeveralScorings((ScoredPart("images", works[0], 0.5), ScoredPart("text", works[1], 0.4)))
    alone = [work.make()([ADAM, SGD]) for work in works]
    with Executor() as executor:
        scorer = Scorer(executor, both)
        found = [outcome for _, outcome in sorted(scorer.score([ADAM, SGD]), key=lambda pair: pair[0])]
    assert scorer.data == "+".join(load_dataset(each.data).checksum() for each in (TASK, text))
    for number, outcome in enumerate(found):
        on_images, on_text = (scores[number] for scores in alone)
        assert isinstance(outcome, Trained)
        assert isinstance(on_images, Trained)
        assert isinstance(on_text, Trained)
        assert outcome.beside is not None
        assert (outcome.beside[0].accuracy, outcome.beside[0].rate) == (on_text.score, on_text.rate)
        assert outcome.score == pytest.approx((on_images.score / 0.5 + on_text.score / 0.4) / 2)


def make_trainer() -> EngineTrainer:
    """A line through points, which one's own module would make."""
    random = np.random.default_rng(0)
    points = random.normal(size=(512, 3)).astype(np.float32)
    labels = (points @ [1.0, -2.0, 0.5] > 0).astype(np.int32)
    problem = classification(
        lambda _: ((np.zeros((3, 2), np.float32),), ()),
        lambda weights, statistics, inputs, _: (inputs @ weights[0], statistics),
    )
    settings = TrainingSettings(batch_size=32, epochs=3, warmup_fraction=0.1)
    return EngineTrainer(problem, settings, (points[:384], labels[:384]), (points[384:], labels[384:]))


def test_a_task_of_ones_own_is_scored_like_any_other() -> None:
    work = OwnScoring("half-spaces", "1", make_trainer, RateScreening(1, (0.1,), 0.6, (0.01,), 0.7), batch=2)
    with Executor() as executor:
        scorer = Scorer(executor, work)
        found = dict(scorer.score([ADAM, NOTHING]))
        assert dict(scorer.score([NOTHING])) == {0: found[1]}
    assert isinstance(found[0], Trained)
    assert found[0].score > 0.8
    assert isinstance(found[1], ScreenedOut)
    assert (scorer.data_name, scorer.data, scorer.screening_epochs) == ("half-spaces", "1", 1)
    assert {work, pickle.loads(pickle.dumps(work))} == {work}  # So a worker knows it again.
