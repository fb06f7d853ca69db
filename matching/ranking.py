"""The answer for one referral: options in order, later, needs information, excluded, each with every finding."""

import gc
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from itertools import count

from matching import ENGINE_VERSION, RULES_VERSION, codec
from matching.admission import earliest
from matching.census import Census
from matching.decision import AsFull, Decision, Excluded, Later, NeedsInfo, NetworkEffect, Option
from matching.eligibility import Assessment, assess
from matching.facts import Payer, Referral, Snapshot
from matching.findings import Ask, Finding, Fix
from matching.masks import Masks, masks
from matching.value import DEFAULT_POLICY, Placing, Policy, Term, call_first, terms
from matching.waiting import contract_id, network_tonight, waiting_tonight

URGENT_TIERS = 2
DECISIONS_A_LOOK = 100
"""After so many decisions the garbage collector looks at everything."""
LOOKS_SELDOM = 10_000
"""The collector does, where it waits for so many new things: more than a decision leaves behind."""

_decisions = count(1)
Effect = tuple[tuple[int, ...], int, NetworkEffect]
"""Places lost by others, by tier; change of the network's cost; and what is shown of both."""


class UnknownReferral(LookupError):
    """The snapshot has no such referral."""


class UnknownPolicy(LookupError):
    """The snapshot asks for an order of terms that is not the one given."""


def rank(snapshot: Snapshot, referral_id: str, policy: Policy = DEFAULT_POLICY, *, words: bool = True) -> Decision:
    """Rank every facility of a snapshot for one referral.

    Parameters
    ----------
    snapshot : Snapshot
    referral_id : str
        A referral of the snapshot.
    policy : Policy
        The order of terms that the snapshot names.
    words : bool
        Whether every finding is put into words at once, as for a decision that is stored. Without, those of an entry
        are when they are first looked at, which is sooner where only a page of a large network is shown.

    Returns
    -------
    Decision
        The same for every order of the snapshot's rows.

    Raises
    ------
    UnknownReferral, UnknownPolicy
        Where the snapshot does not hold the referral, or names another policy.
    """
    census, referral = look_up(snapshot, referral_id, policy)
    with _collector_at_rest():
        decision = _decide(census, referral, policy, words)
        census.forget()
    return decision


def options(snapshot: Snapshot, referral_id: str, policy: Policy = DEFAULT_POLICY) -> tuple[Option, ...]:
    """The options of a decision alone, in the order of `rank`: what a re-run of the past asks for, again and again.

    Raises as `rank` does; the hash of the snapshot, which takes longer, is not looked at.
    """
    census, referral = look_up(snapshot, referral_id, policy)
    with _collector_at_rest():
        assessments, found = _assessed(census, referral, words=False)
        rows = [row for row in assessments if row.verdict == "option"]
        effects = effects_on_others(census, referral, policy, assessments, found) if rows else {}
        answer = _options(rows, referral, policy, effects)
        census.forget()
    return answer


def paid_at(snapshot: Snapshot, referral_id: str, houses: Collection[str]) -> dict[str, tuple[Payer, ...]]:
    """Which of some houses are options of a decision, whatever their order, and who would pay there.

    Raises UnknownReferral.
    """
    census = Census(snapshot)
    referral = census.referrals.get(referral_id)
    if referral is None:
        raise UnknownReferral(referral_id)
    with _collector_at_rest():
        rows = [assess(census, referral, one, words=False) for one in snapshot.facilities if one.id in houses]
        found = {row.case.facility.id: row.cover.payers for row in rows if row.verdict == "option"}
        census.forget()
    return found


def same_policy(snapshot: Snapshot, policy: Policy) -> None:
    """Raise UnknownPolicy where the snapshot asks for another order of terms."""
    if (snapshot.policy.id, snapshot.policy.version) != (policy.id, policy.version):
        raise UnknownPolicy(f"{snapshot.policy.id} version {snapshot.policy.version}")


def look_up(snapshot: Snapshot, referral_id: str, policy: Policy) -> tuple[Census, Referral]:
    """The census of a snapshot and its referral; UnknownReferral, UnknownPolicy where it has none or names another."""
    census = Census(snapshot)
    referral = census.referrals.get(referral_id)
    if referral is None:
        raise UnknownReferral(referral_id)
    same_policy(snapshot, policy)
    return census, referral


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Hold the garbage collector back: a decision makes no rings, and a look at a whole snapshot for some is dear.

    What was made then counts as old, or all of it would be looked at as soon as the collector works again. Rings of
    others grow old with it, and the collector's own count starts anew: so every so often everything is looked at.
    Where the collector is told to look seldom, as the server tells it, nothing more is needed; and what the server set
    aside when it began stays aside.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if gc.get_threshold()[0] < LOOKS_SELDOM:
                gc.freeze()
                gc.unfreeze()
            gc.enable()
            if next(_decisions) % DECISIONS_A_LOOK == 0:
                gc.collect()


def _decide(census: Census, referral: Referral, policy: Policy, words: bool) -> Decision:
    snapshot = census.snapshot
    assessments, found = _assessed(census, referral, words)
    lists: dict[str, list[Assessment]] = {"option": [], "later": [], "needs_info": [], "excluded": []}
    for assessment in sorted(assessments, key=lambda row: row.case.facility.id):
        lists[assessment.verdict].append(assessment)
    effects = effects_on_others(census, referral, policy, assessments, found) if lists["option"] else {}
    return Decision(
        referral=referral.id,
        snapshot_sha256=codec.sha256(snapshot),
        rules_version=RULES_VERSION,
        engine_version=ENGINE_VERSION,
        options=_options(lists["option"], referral, policy, effects),
        later=_later(lists["later"], referral, policy),
        needs_info=_needs_info(lists["needs_info"]),
        excluded=tuple(
            Excluded(row.case.facility.id, tuple(row.failed), _fixes(row), _findings(row), _as_full(row))
            for row in sorted(lists["excluded"], key=lambda row: (len(row.failed), row.case.facility.id))
        ),
    )


def _assessed(census: Census, referral: Referral, words: bool) -> tuple[list[Assessment], Masks | None]:
    """Every facility judged, and what the rules say of everyone who waits, where that was asked of the arrays."""
    facilities = census.snapshot.facilities
    found = None if words else _arrays(census, referral)
    known = found.codes(referral.minor) if found else [None] * len(facilities)
    pairs = zip(facilities, known, strict=True)
    return [assess(census, referral, facility, words=words, known=codes) for facility, codes in pairs], found


def _arrays(census: Census, asked: Referral) -> Masks | None:
    """What the rules say of everyone who waits, the asked one among them; None where the need begins later."""
    if earliest(census, asked) != census.tonight:
        return None
    return masks(census, [census.minors[row.minor] for row in waiting_tonight(census, asked)])


def _options(
    rows: Sequence[Assessment], referral: Referral, policy: Policy, effects: Mapping[str, Effect]
) -> tuple[Option, ...]:
    """Order by places lost to others, then her or his own cost, then the network's, then the id."""
    valued = [(row, _terms(row, referral, policy)) for row in rows]

    def order(item: tuple[Assessment, tuple[Term, ...]]) -> tuple[tuple[int, ...], int, int, str]:
        row, found = item
        lost, change, _ = effects.get(row.case.facility.id, ((), 0, None))
        return lost, sum(term.cost for term in found), change, row.case.facility.id

    return tuple(
        _entry(row, found, rank, effects[row.case.facility.id][2] if effects else None)
        for rank, (row, found) in enumerate(sorted(valued, key=order), start=1)
    )


def _later(rows: Sequence[Assessment], referral: Referral, policy: Policy) -> tuple[Option, ...]:
    """The soonest first, then her or his own cost; no date known comes last."""
    valued = [(row, _terms(row, referral, policy) if row.case.bed_known else ()) for row in rows]

    def order(item: tuple[Assessment, tuple[Term, ...]]) -> tuple[date, int, str]:
        row, found = item
        day = row.case.admit_on if row.case.bed_known else date.max
        return day, sum(term.cost for term in found), row.case.facility.id

    return tuple(_entry(row, found, None, None) for row, found in sorted(valued, key=order))


def _entry(row: Assessment, found: tuple[Term, ...], rank: int | None, network: NetworkEffect | None) -> Option:
    case, bed, unit = row.case, row.admission.bed, row.admission.unit
    known = bed is not None
    end = row.cover.end if known else 0
    return Option(
        rank=rank,
        facility=case.facility.id,
        unit=unit.id if unit else None,
        bed=bed.id if bed else None,
        admit_on=case.admit_on if known else None,
        funded_nights=end - case.admit_on.toordinal() if known else None,
        first_unfunded_night=date.fromordinal(end) if known and end < case.until.toordinal() else None,
        payers=row.cover.payers if known else (),
        binding=row.binding() if known else None,
        bed_until=row.admission.bed_until,
        bed_confirmed_at=bed.confirmed_at if bed else None,
        call_first=call_first(bed, case.census.snapshot.as_of) if bed else None,
        provisional=_provisional(row),
        terms=found,
        network=network,
        findings=_findings(row),
        room_from=row.admission.room_from if known else None,
        as_full=_as_full(row),
    )


def _as_full(row: Assessment) -> AsFull | None:
    full = row.as_full()
    if full is None:
        return None
    unknown, failed = tuple(full.unknown), tuple(full.failed)
    return AsFull(row.waits_for_people, full.verdict, unknown, failed, _fixes(full), _findings(full))


def _provisional(row: Assessment) -> tuple[str, ...]:
    """What the entry rests on that is not certain: a history not complete, or a search of payers that was cut."""
    history = () if row.case.minor.history == "complete" else ("minor.history",)
    return (*history, "funding.payers") if row.case.bed_known and not row.cover.proved else history


def _findings(row: Assessment) -> Sequence[Finding]:
    return Later(lambda: row.all_findings)


def _fixes(row: Assessment) -> Sequence[Fix]:
    return tuple(row.fixes()) if row.words else Later(row.fixes)


def _terms(row: Assessment, referral: Referral, policy: Policy) -> tuple[Term, ...]:
    bed = row.admission.bed
    if bed is None:
        return ()
    return terms(Placing(row.case, referral, bed, _usable_nights(row)), policy)


def _usable_nights(row: Assessment) -> int:
    end = row.cover.end
    if row.admission.bed_until is not None:
        end = min(end, row.admission.bed_until.toordinal())
    return end - row.case.admit_on.toordinal()


def _needs_info(rows: Sequence[Assessment]) -> tuple[NeedsInfo, ...]:
    """Those with the fewest open questions first; each question says how many facilities it decides."""
    asked = {row.case.facility.id: frozenset(row.facts_to_ask()) for row in rows}
    counts = Counter(fact for facts in asked.values() for fact in facts)

    @cache
    def asks(facts: frozenset[str]) -> tuple[Ask, ...]:
        found = [Ask(fact, counts[fact] if fact.startswith("minor.") else 1) for fact in facts]
        return tuple(sorted(found, key=lambda ask: (-ask.decides, ask.fact)))

    return tuple(
        NeedsInfo(
            row.case.facility.id, tuple(row.unknown), asks(asked[row.case.facility.id]), _findings(row), _as_full(row)
        )
        for row in sorted(rows, key=lambda row: (len(row.unknown), row.case.facility.id))
    )


def effects_on_others(
    census: Census,
    referral: Referral,
    policy: Policy,
    assessments: Sequence[Assessment],
    found: Masks | None = None,
    known: Mapping[str, Sequence[Assessment]] | None = None,
) -> dict[str, Effect]:
    """What each option does to the others who wait; nothing where the need begins later than tonight.

    Parameters
    ----------
    census : Census
    referral : Referral
        The one that is asked for, with an option at least.
    policy : Policy
    assessments : sequence of Assessment
        Of the asked referral at every facility.
    found : Masks, optional
        The rules as arrays for those of `waiting_tonight`, where they have been judged.
    known : mapping, optional
        Assessments that stand in for arrays, by referral id.

    Returns
    -------
    dict
        By facility id.
    """
    options = [row for row in assessments if row.verdict == "option"]
    if options[0].case.admit_on != census.tonight:
        return {}
    from matching import flow, regret

    waiting = network_tonight(census, waiting_tonight(census, referral), policy, known or {}, found, referral)
    network = waiting.network
    column = regret.column(network, flow.solve(network), network.minors.index(referral.minor))
    pairs = column.pairs.tolist()
    place_of = {network.contracts[network.pair_contract[pair]]: place for place, pair in enumerate(pairs)}
    effects: dict[str, Effect] = {}
    for row in options:
        place = place_of[_imposed(row)]
        lost = tuple(column.lost[place].tolist())
        nights = sum(
            (waiting.nights[to] if to >= 0 else 0) - (waiting.nights[was] if was >= 0 else 0)
            for _, was, to in column.moves(pairs[place])
        )
        effect = NetworkEffect(-sum(lost), -sum(lost[:URGENT_TIERS]), nights)
        effects[row.case.facility.id] = (lost, int(column.cost_change[place]), effect)
    return effects


def _imposed(row: Assessment) -> str:
    """The contract of the network that an option stands for."""
    unit, bed = row.admission.unit, row.admission.bed
    if unit is None or bed is None:
        raise LookupError("an option has a bed")
    return contract_id(row.case, unit, bed, row.cover.payers[0].fund)
