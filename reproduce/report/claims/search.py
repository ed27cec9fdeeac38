"""Predicates on claims about searches; see `reproduce.report.claims.predicates`."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reproduce.counts import number_of
from reproduce.outcomes import Trained
from reproduce.report.analysis.families import Difference, PairedRuns, compare_family
from reproduce.report.analysis.levels import confidence_words, margin_of
from reproduce.report.analysis.searches import (
    contenders_against,
    equal_finds,
    kinds_against,
    unpaired_seeds,
    unpaired_words,
)
from reproduce.report.analysis.verdicts import Verdict
from reproduce.report.claims.findings import Counted, Finding, comparisons_words, enough, not_run
from reproduce.report.collection import Collection
from reproduce.report.stored_search import StoredComparison, StoredSearch
from reproduce.report.table import signed
from reproduce.report.tables.comparisons import interval_text, listed
from reproduce.report.tables.search import points_of
from reproduce.search.protocol import SearchProtocol
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
            f"{signed(-100 * difference.mean, 2)} {points_of(search.trials)}{interval} with fresh seeds, mean of the "
            f"best n = {difference.n}; {_untrained(search)} of their runs could not be trained; {_where(search)}"
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
        unit = points_of(search.trials)
        return replace(finding, evidence=f"{finding.evidence}; differences in {unit}; {_where(search)}")


class OfComparison:
    """A predicate on searches that were compared."""

    def check(self, found: Collection) -> Finding:
        """Decide the claim by what the searches left; open where there were none."""
        return not_run("comparison of searches") if found.comparison is None else self._decide(found.comparison)

    def _decide(self, compared: StoredComparison) -> Finding:
        raise NotImplementedError


@dataclass(frozen=True)
class KindBeats(OfComparison):
    """One kind of search finds better optimizers than another under one budget, by their best with fresh seeds.

    Kinds are named as in the table: algorithm and space. The comparison is as in the table, with the peer as what all
    other kinds are compared with.

    Attributes:
        kind: The one.
        peer: The other.
        at_least: How many searches of each there must be.
    """

    kind: str
    peer: str
    at_least: int

    def _decide(self, compared: StoredComparison) -> Finding:
        protocol, seeds = compared.protocol, len(compared.protocol.comparison.seeds)
        found = kinds_against(protocol, compared.searches, compared.trials, self.peer).get(self.kind)
        if seeds < self.at_least or found is None or found.verdict == "NOT RUN":
            searches = f"comparison of {self.at_least} searches each of {self.kind} and {self.peer}"
            return not_run(f"{searches}{self._lacking(compared)}")
        interval = "" if found.low is None or found.high is None else f" ({interval_text(found.low, found.high)})"
        needed = found.seeds_to_settle
        settle = "" if needed is None else f"{needed} searches of each kind would settle it; "
        evidence = (
            f"{self.kind} against {self.peer}: {signed(100 * found.mean, 2)} {points_of(compared.trials)}{interval}, "
            f"n = {found.n} searches of each, the best of each with "
            f"{number_of(len(protocol.rescoring.seeds), 'fresh seed')}, {confidence_words(found.n)} for "
            f"{comparisons_words(found.comparisons)}; the same find in "
            f"{equal_finds(protocol, compared.searches, (self.kind, self.peer))} of them; {settle}"
            f"{_compared_where(compared)}"
        )
        return Finding(found.verdict, evidence)

    def _lacking(self, compared: StoredComparison) -> str:
        """Name the seeds that lack a pair; nothing where none does."""
        kinds = (self.kind, self.peer)
        seeds = unpaired_seeds(compared.protocol, compared.searches, compared.trials, kinds)
        return f": {unpaired_words(seeds)}" if seeds else ""


@dataclass(frozen=True)
class SearchesBeat(OfComparison):
    """Enough searches of one kind find an optimizer that is better than a known one tuned by the same rule.

    Of each search its best counts, scored again; all comparisons with the known one are one family. A run that could
    not be trained counts 0.

    Attributes:
        kind: See `KindBeats`.
        baseline: The known one's name.
        at_least: How many must be better.
        searches: How many searches there must be; all that are planned must have a find.
    """

    kind: str
    baseline: str
    at_least: int
    searches: int

    def _decide(self, compared: StoredComparison) -> Finding:
        protocol, known = compared.protocol, {each.name: each for each in compared.baselines}
        finds = [best for each in compared.searches if each.kind == self.kind for best in each.finds(protocol)[:1]]
        if self.baseline not in known or len(finds) < max(self.searches, len(protocol.comparison.seeds)):
            searches = number_of(self.searches, "search", "searches")
            return not_run(f"{searches} of the kind {self.kind} beside {self.baseline}")
        contenders = [each.contender for each in finds]
        planned = len(protocol.rescoring.seeds)
        found = contenders_against(compared.trials, contenders, known[self.baseline], planned)
        counted = [Counted((each.name,), *_verdict(found.get(each.fingerprint))) for each in contenders]
        finding = enough(counted, self.at_least, f"finds better than {self.baseline}")
        read = f"differences in {points_of(compared.trials)}; n counts fresh seeds"
        return replace(finding, evidence=f"{finding.evidence}; {read}; {_compared_where(compared)}")


def _verdict(found: Difference | None) -> tuple[Verdict, Difference | None]:
    return ("NOT RUN" if found is None else found.verdict), found


def _where(search: StoredSearch) -> str:
    """The data sets of its evolution stage, and what it and its rescoring were computed on."""
    return _place(search.protocol, [*search.records, *search.trials])


def _compared_where(compared: StoredComparison) -> str:
    """The same of compared searches."""
    records = [record for search in compared.searches for record in search.records]
    return _place(compared.protocol, [*records, *compared.trials])


def _place(protocol: SearchProtocol, records: Iterable[object]) -> str:
    devices = listed(record.device for record in records if isinstance(record, Header | Trial))
    return f"{' and '.join(protocol.evolution.names)}, on {devices or 'no device'}"


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
