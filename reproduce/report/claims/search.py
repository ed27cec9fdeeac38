"""Predicates on claims about searches; see `reproduce.report.claims.predicates`."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, replace

from reproduce.counts import number_of
from reproduce.outcomes import Trained
from reproduce.report.analysis.families import Difference, PairedRuns, compare_family
from reproduce.report.analysis.levels import margin_of
from reproduce.report.analysis.searches import contenders_against
from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.claims.findings import Counted, Finding, enough, not_run
from reproduce.report.collection import Collection
from reproduce.report.stored_search import StoredSearch
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import listed
from reproduce.search.records import Header, StageEvaluation
from reproduce.search.results import samples_of
from reproduce.search.trials import Trial, seed_scores


class OfSearch:
    """A predicate on the search."""

    def check(self, found: Collection) -> Finding:
        """Decide the claim by what the search left; open where there was none."""
        return not_run("search") if found.search is None else self._decide(found.search)

    def _decide(self, search: StoredSearch) -> Finding:
        raise NotImplementedError


@dataclass(frozen=True)
class BestScoresShrink(OfSearch):
    """The best candidates score lower, on average, when they are scored again with fresh seeds.

    Runs that could not be trained with a fresh seed are another matter: they are counted in the evidence alone.

    Attributes:
        at_least: How many of them must have been scored again with every seed.
    """

    at_least: int

    def _decide(self, search: StoredSearch) -> Finding:
        shrinkage = _shrinkage(search)
        zero = PairedRuns(shrinkage, dict.fromkeys(shrinkage, 0.0), margin_of(0.0), self.at_least)
        difference = compare_family({"": zero}).get("")
        if difference is None or difference.n < self.at_least:
            return not_run(f"{self.at_least} candidates of a search scored again with every seed")
        low, high = difference.low, difference.high
        interval = "" if low is None or high is None else f" ({signed(-100 * high, 2)} to {signed(-100 * low, 2)})"
        evidence = (
            f"{signed(-100 * difference.mean, 2)} points{interval} with fresh seeds, mean of the best n = "
            f"{difference.n}; {_untrained(search)} of their runs could not be trained; {_where(search)}"
        )
        return Finding(difference.verdict, evidence)


@dataclass(frozen=True)
class NothingScoredTwice(OfSearch):
    """No two candidates of the search with one fingerprint were scored."""

    def _decide(self, search: StoredSearch) -> Finding:
        samples = samples_of(search.records)
        scores = [record for record in search.records if isinstance(record, StageEvaluation)]
        candidates = {record.sample for record in scores}
        counts = Counter(samples[number].fingerprint for number in candidates)
        twice = sum(count - 1 for count in counts.values())
        trained = Counter(
            (record.stage, record.seed, repr(record.outcome))
            for record in scores
            if isinstance(record.outcome, Trained)
        )
        alike = sum(count - 1 for count in trained.values())
        evidence = (
            f"{number_of(len(candidates), 'candidate')} scored, {twice} of them with another's fingerprint; {alike} of "
            f"{trained.total()} trainings repeated an earlier learning curve exactly: what differs in their formulas "
            "had no effect on this task; "
            f"{_where(search)}"
        )
        return Finding("CONTRADICTED" if twice else "SUPPORTED", evidence)


@dataclass(frozen=True)
class FindsBeat(OfSearch):
    """Candidates of the search, scored again, are better than a known optimizer tuned by the same rule.

    The comparisons are those of the tables, all finds with one baseline being one family; a run that could not be
    trained counts 0.

    Attributes:
        baseline: Its name.
        at_least: How many must be better.
    """

    baseline: str
    at_least: int

    def _decide(self, search: StoredSearch) -> Finding:
        known = {each.name: each for each in search.baselines}
        if self.baseline not in known:
            return not_run(f"search beside {self.baseline}")
        if not search.finalists:
            return not_run("find of the search scored again")
        planned, finds = len(search.protocol.rescoring.seeds), [each.contender for each in search.finalists]
        found = contenders_against(search.trials, finds, known[self.baseline], planned)
        counted = [Counted((each.name,), *_verdict(found.get(each.fingerprint))) for each in finds]
        finding = enough(counted, self.at_least, f"finds better than {self.baseline}")
        return replace(finding, evidence=f"{finding.evidence}; {_where(search)}")


def _verdict(found: Difference | None) -> tuple[Verdict, Difference | None]:
    return ("NOT RUN" if found is None else found.verdict), found


def _where(search: StoredSearch) -> str:
    """The data set of its evolution stage, and what it and its rescoring were computed on."""
    devices = listed(
        record.device for record in [*search.records, *search.trials] if isinstance(record, Header | Trial)
    )
    return f"{search.protocol.evolution.data.source}, on {devices or 'no device'}"


def _shrinkage(search: StoredSearch) -> dict[int, float]:
    """Score in the search minus mean score of the trained runs, of each find that was run with every fresh seed."""
    seeds, shrinkage = len(search.protocol.rescoring.seeds), {}
    for number, each in enumerate(search.finalists):
        scores = seed_scores(search.trials, each.contender)
        if scores.trained and len(scores.compared) == seeds:
            shrinkage[number] = each.search_score - statistics.fmean(scores.trained.values())
    return shrinkage


def _untrained(search: StoredSearch) -> int:
    return sum(seed_scores(search.trials, each.contender).untrained for each in search.finalists)
