"""What decides claims about searches; see `reproduce.report.predicates`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reproduce.report.collection import Collection
from reproduce.report.findings import Finding, not_run
from reproduce.report.statistics import paired_difference, summarise
from reproduce.report.stored_search import StoredSearch
from reproduce.report.table import signed
from reproduce.search.records import Evaluation
from reproduce.search.results import samples_of
from reproduce.search.trials import scores_by_seed


@dataclass(frozen=True)
class BestScoresShrink:
    """The best candidates score lower, on average, when they are scored again with fresh seeds.

    Attributes:
        at_least: How many of them must have been scored again.
    """

    at_least: int

    def check(self, found: Collection) -> Finding:
        """See the class."""
        shrinkage = [] if found.search is None else _shrinkage(found.search)
        mean = summarise(shrinkage)
        if mean is None or mean.n < self.at_least:
            return not_run(f"{self.at_least} candidates of a search scored again")
        evidence = f"{signed(-100 * mean.mean, 2)} points with fresh seeds, mean of the best n = {mean.n}"
        return Finding("PASS" if mean.mean > 0 else "FAIL", evidence)


@dataclass(frozen=True)
class NothingScoredTwice:
    """No two candidates of the search that compute the same were scored."""

    def check(self, found: Collection) -> Finding:
        """See the class."""
        if found.search is None:
            return not_run("search")
        samples = samples_of(found.search.records)
        scored = {record.sample for record in found.search.records if isinstance(record, Evaluation)}
        counts = Counter(samples[number].fingerprint for number in scored)
        twice = sum(count - 1 for count in counts.values())
        return Finding(
            "FAIL" if twice else "PASS", f"{len(scored)} candidates scored, {twice} of them equal to another"
        )


@dataclass(frozen=True)
class FindsBeat:
    """Candidates of the search, scored again, are better than a known optimizer tuned by the same rule.

    Attributes:
        baseline: Its name.
        at_least: How many must be better.
    """

    baseline: str
    at_least: int

    def check(self, found: Collection) -> Finding:
        """See the class."""
        search = found.search
        known = {} if search is None else {each.name: each for each in search.baselines}
        if search is None or self.baseline not in known:
            return not_run(f"search beside {self.baseline}")
        reference = scores_by_seed(search.trials, known[self.baseline])
        against = [
            paired_difference(scores_by_seed(search.trials, each.contender), reference) for each in search.finalists
        ]
        done = [each for each in against if each is not None and each.n == len(search.protocol.rescoring.seeds)]
        better = sum(each.verdict == "better" for each in done)
        evidence = f"{better} of {len(done)} finds better than {self.baseline}, {self.at_least} needed"
        if better >= self.at_least:
            return Finding("PASS", evidence)
        unknown = len(against) - len(done)
        return Finding("NOT RUN" if unknown or not against else "FAIL", evidence)


def _shrinkage(search: StoredSearch) -> list[float]:
    """Score in the search minus mean score with fresh seeds, of each find that was scored again."""
    means = [
        (each, summarise(list(scores_by_seed(search.trials, each.contender).values()))) for each in search.finalists
    ]
    return [each.search_score - mean.mean for each, mean in means if mean is not None]
