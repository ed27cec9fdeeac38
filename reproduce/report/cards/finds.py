"""Cards of a search's finalists, with what the search, fresh seeds and an elimination measured of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reproduce.counts import number_of
from reproduce.elimination.rounds import RoundResult
from reproduce.outcomes import Trained, score_of
from reproduce.report.analysis.searches import contenders_against
from reproduce.report.cards.card import Card, Comparison, state_of
from reproduce.report.cards.catalog import invariance_lines, momentum_words, states
from reproduce.report.cards.invariances import measure
from reproduce.report.cards.usage import Shape, usage_of
from reproduce.report.figures.elimination import ContenderCourse, courses
from reproduce.report.figures.graphs import optimizer_graph
from reproduce.report.statistics import summarise
from reproduce.report.stored_search import StoredSearch
from reproduce.report.table import Source
from reproduce.results_layout import SEARCH
from reproduce.search.results import Finalist, evaluations_of, samples_of
from reproduce.search.trials import SeedScores, Trial, seed_scores


def find_cards(search: StoredSearch, rounds: Sequence[RoundResult], reference: str) -> list[Card]:
    """A card for each finalist of a search, best first.

    Args:
        search: The search with its best scored again.
        rounds: Of the elimination; empty without one.
        reference: The baseline that finalists are compared with.
    """
    entrants = [each.contender.fingerprint for each in rounds[0].standings] if rounds else []
    course = dict(zip(entrants, courses(rounds), strict=True))
    names = [result.settings.name for result in rounds]
    return [
        _card(search, place, finalist, _elimination(course.get(finalist.contender.fingerprint), names), reference)
        for place, finalist in enumerate(search.finalists, start=1)
    ]


def _card(search: StoredSearch, place: int, finalist: Finalist, elimination: str, reference: str) -> Card:
    contender, spec, number = finalist.contender, finalist.contender.spec, finalist.sample
    trials = [each for each in search.trials if each.fingerprint == contender.fingerprint]
    fresh, chosen = seed_scores(trials, contender), _chosen(search, finalist, number)
    training = search.protocol.evolution.tasks[0].training
    shape = Shape(training.warmup_fraction, training.hold_fraction)
    usage = f'GraphOptimizer(from_text("{spec.to_text()}"), {_rate(chosen, trials):g}, {shape.arguments})'
    return Card(
        name=contender.name,
        file=f"sample-{number}",
        family="Found by the search",
        origin=f"Sample {number}, profile {search.protocol.profile}, seed {search.protocol.seed}",
        words="",
        update=spec.to_text(),
        latex=spec.to_latex(),
        momentum=momentum_words(spec),
        invariances=invariance_lines(measure(spec)),
        graph=optimizer_graph(contender.name, spec),
        state=state_of(states(spec)),
        facts=(
            ("Searched", _searched(search, place, finalist, chosen)),
            ("Scored again", _again(finalist, fresh, trials)),
            ("Descent", _descent(search, number)),
            ("Elimination", elimination),
        ),
        comparisons=tuple(_comparisons(search, finalist, fresh, reference)),
        reference=reference,
        usage=usage_of("from paper_optimizers import GraphOptimizer, from_text", usage),
    )


def _chosen(search: StoredSearch, finalist: Finalist, number: int) -> Trained:
    """The outcome that the finalist was chosen by."""
    outcomes = (each.outcome for each in evaluations_of(search.records, "evolution") if each.sample == number)
    return next(each for each in outcomes if isinstance(each, Trained) and score_of(each) == finalist.search_score)


def _rate(chosen: Trained, trials: Sequence[Trial]) -> float:
    """The rate that the rule of the search chose most often, of equals the first."""
    return Counter([chosen.rate, *_rates(trials)]).most_common(1)[0][0]


def _rates(trials: Sequence[Trial]) -> list[float]:
    return [each.outcome.rate for each in trials if isinstance(each.outcome, Trained)]


def _searched(search: StoredSearch, place: int, finalist: Finalist, chosen: Trained) -> str:
    scored = {each.sample for each in evaluations_of(search.records, "evolution") if score_of(each.outcome) is not None}
    return (
        f"{100 * finalist.search_score:.2f} % on the evolution stage at the rate {chosen.rate:g}: place {place} of "
        f"{number_of(len(scored), 'candidate')} with a score there."
    )


def _again(finalist: Finalist, fresh: SeedScores, trials: Sequence[Trial]) -> str:
    total = len(fresh.compared)
    if not total:
        return "Not scored again."
    summary = summarise(list(fresh.trained.values()))
    if summary is None:
        return f"With none of {number_of(total, 'fresh seed')} could it be trained."
    spread = "" if summary.sd is None else f" ± {100 * summary.sd:.2f}"
    rates = ", ".join(f"{rate:g} ({count})" for rate, count in sorted(Counter(_rates(trials)).items()))
    return (
        f"{100 * summary.mean:.2f}{spread} %, n = {summary.n} of {number_of(total, 'fresh seed')} with which it could "
        f"be trained: {100 * (summary.mean - finalist.search_score):+.2f} points to the score it was chosen by. Rates "
        f"that the rule of the search chose: {rates}."
    )


def _descent(search: StoredSearch, number: int) -> str:
    """Tell the descent from the first random candidate on, with the scores on the evolution stage."""
    samples, line = samples_of(search.records), [number]
    while (parent := samples[line[-1]].parent) is not None:
        line.append(parent)
    if len(line) == 1:
        return "Drawn at random; no mutation of another."
    scores = _scores(search)
    listed = ", ".join(f"#{each} ({scores.get(each, 'not scored there')})" for each in reversed(line))
    return f"{number_of(len(line) - 1, 'mutation')} of a random candidate: {listed}."


def _scores(search: StoredSearch) -> dict[int, str]:
    """The last score of every sample on the evolution stage."""
    found = ((each.sample, score_of(each.outcome)) for each in evaluations_of(search.records, "evolution"))
    return {sample: "untrained" if score is None else f"{100 * score:.2f} %" for sample, score in found}


def _elimination(course: ContenderCourse | None, rounds: Sequence[str]) -> str:
    if course is None:
        return "Did not take part."
    means = zip(rounds, course.means, strict=False)
    listed = ", ".join(f"{name} {'untrained' if mean is None else f'{100 * mean:.2f} %'}" for name, mean in means)
    end = "among the last" if course.survived else f"out after {rounds[len(course.means) - 1]}"
    return f"Mean scores by round: {listed}; {end}."


def _comparisons(search: StoredSearch, finalist: Finalist, fresh: SeedScores, reference: str) -> Iterator[Comparison]:
    """Compare a find with the reference where the search scored both, on its own stage; an untrained run counts 0."""
    known = next((each for each in search.baselines if each.name == reference), None)
    test = summarise(list(fresh.compared.values()))
    if known is not None and test is not None:
        tasks = " and ".join(search.protocol.evolution.names)
        source = Source(SEARCH, f"{tasks}, evolution stage", finalist.contender.name, "final")
        contenders, planned = [each.contender for each in search.finalists], len(search.protocol.rescoring.seeds)
        against = contenders_against(search.trials, contenders, known, planned)
        yield Comparison(source, test, fresh.untrained, against.get(finalist.contender.fingerprint))
