"""The counts of a quarter, as they are: tables that only those see who may see everything, until they are published.

The units. A young person counts once in a quarter, whatever the number of referrals and decisions; by rule: once for
each rule that stood in the way of her or him at that fund. A night counts once for each young person who waited.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.beds.models import BedNight
from app.codes import FacilityKind
from app.funding.limits import governing
from app.funding.models import FundLimit
from app.gaps.models import DecisionCounted, FundRefusal, Gap, GapKind, GapSource
from app.referrals.models import Referral
from app.reports import caps
from app.reports.caps import CapReached
from app.reports.models import TableKind
from app.reports.naming import cells_of, named
from app.reports.people import Person
from app.reports.quarters import Quarter
from matching.disclosure import DEFAULT, Floor, Sum, Table, gather

AND = "+"
Rules = frozenset[str]
People = Mapping[str, Person]
Tables = dict[TableKind, Table]


FAIR = {TableKind.FAIR_AGE: "age", TableKind.FAIR_GENDER: "gender", TableKind.FAIR_RESIDENCE: "residence"}
"""What fairness is looked at by: what each list is named after is what it says of a person."""
BY = {
    TableKind.BY_AGE: "age",
    TableKind.BY_GENDER: "gender",
    TableKind.BY_RESIDENCE: "residence",
    TableKind.BY_FOUND: "found",
    TableKind.BY_JURISDICTION: "jurisdiction",
    TableKind.BY_URGENCY: "urgency",
}
"""The same of whom a fund turned away."""
OTHERS = "others"
"""The line of a list in which its small groups stand."""


def network(session: Session, quarter: Quarter, people: People, floor: Floor | None = DEFAULT) -> Tables:
    """For how many young people a bed was looked for, for how many a house said yes, and whether that is fair."""
    placed = sum(person.placed for person in people.values())
    cells = {"asked": len(people), "placed": placed, "never": len(people) - placed}
    tables = {TableKind.NETWORK: named(quarter, None, cells, [Sum("asked", ("placed", "never"))])}
    # Who only went on to wait from the quarter before is nobody for whom a bed was looked for in this one.
    waited = {one: nights for one, nights in _waited(session, quarter).items() if one in people}
    return tables | {kind: _fair(quarter, kind, people, waited, floor) for kind in FAIR}


def of_fund(
    session: Session, quarter: Quarter, fund_id: str, people: People, tonight: date, floor: Floor | None = DEFAULT
) -> dict[TableKind, Table]:
    """Everything that is counted about one fund; no floor: every small group by itself, for who may see it.

    Of a quarter that is not over, what is planned after `tonight` has not come about.
    """
    refused = _refused(session, quarter, fund_id)
    tables = {
        TableKind.TURNED_AWAY: _turned_away(quarter, fund_id, refused, len(people), floor),
        TableKind.UNMET: _unmet(session, quarter, fund_id, floor),
    }
    if refused.first:
        groups = {kind: {one: getattr(people[one], by) for one in refused.first} for kind, by in BY.items()}
        groups[TableKind.BY_HOUSE_KIND] = {one: kind for one, (_, kind) in refused.first.items()}
        groups[TableKind.BY_MONTH] = {one: f"{night:%Y-%m}" for one, (night, _) in refused.first.items()}
        for kind, of in groups.items():
            tables[kind] = _listed(quarter, fund_id, kind, _gathered(of, floor), people, floor)
    nights = _nights(session, quarter, fund_id, refused)
    if nights is not None:
        tables[TableKind.NIGHTS] = nights
    if caps.has_any(session, fund_id):
        found = caps.reached(session, fund_id, quarter.first, min(quarter.until, tonight + timedelta(days=1)))
        tables[TableKind.CAPS] = _capped(quarter, fund_id, found, floor)
    return tables


def turned_away(
    session: Session, quarter: Quarter, fund_id: str, people: People, floor: Floor
) -> tuple[Mapping[str, Rules], Mapping[TableKind, Mapping[str, frozenset[str]]]]:
    """Whom a fund turned away, each with the rules that ever did; and who is behind each cell of the lists of them."""
    refused = _refused(session, quarter, fund_id)
    lists: dict[TableKind, dict[str, frozenset[str]]] = {}
    for kind, by in BY.items():
        of = _gathered({one: getattr(people[one], by) for one in refused.first}, floor)
        start = cells_of(quarter, fund_id)
        lists[kind] = {
            f"{start}{kind}:{group}": frozenset(one for one in of if of[one] == group) for group in set(of.values())
        }
    return {one: frozenset(rules) for one, rules in refused.rules.items()}, lists


def _listed(
    quarter: Quarter, fund_id: str, kind: TableKind, of: Mapping[str, str], people: People, floor: Floor | None
) -> Table:
    """Whom a fund turned away, by the group of each: a list that adds up to all of them."""
    counts = Counter(of.values())
    cells = {f"{kind}:{group}": counts[group] for group in sorted(counts)}
    sums = [Sum("all", tuple(cells)), *_no_more_than_asked(kind, counts, people, floor)]
    return named(quarter, fund_id, {"all": len(of), **cells}, sums)


def _no_more_than_asked(kind: TableKind, groups: Collection[str], people: People, floor: Floor | None) -> Iterator[Sum]:
    """Say that a fund turned away no more of a group than there were: whoever has both lists knows that.

    What a sum names and no table shows is any number, none included: here, those of the group whom it let.
    """
    fair = next((one for one, by in FAIR.items() if BY.get(kind) == by), None)
    if fair is None:
        return
    asked = set(_gathered({one: getattr(person, FAIR[fair]) for one, person in people.items()}, floor).values())
    for group in sorted(groups):
        # The small groups of this list are among those that it does not name; a group that the other list does not
        # name is in that one's line.
        around = asked - (set(groups) - {OTHERS}) if group == OTHERS else asked & {group} or asked & {OTHERS}
        whole = f"{kind}:{group}:asked"
        yield Sum(whole, tuple(f"{fair}:asked:{one}" for one in sorted(around)))
        yield Sum(whole, (f"{kind}:{group}", f"{kind}:{group}:let"))


def _capped(quarter: Quarter, fund_id: str, found: Mapping[str, CapReached], floor: Floor | None) -> Table:
    """For whom a stay cap was reached: two lists, each with everybody once."""
    cells, sums = {"reached": len(found)}, []
    for name, of in (
        ("went", {one: cap.went.value for one, cap in found.items()}),
        ("cap", {one: cap.code for one, cap in found.items()}),
    ):
        counts = Counter(_gathered(of, floor).values())
        parts = {f"{name}:{group}": counts[group] for group in sorted(counts)}
        cells |= parts
        sums += [Sum("reached", tuple(parts))] if parts else []
    return named(quarter, fund_id, cells, sums)


def _gathered(of: Mapping[str, str], floor: Floor | None) -> Mapping[str, str]:
    """The group of each, with the small groups made one: of these nothing is said, not even that they are there."""
    line = set() if floor is None else set(gather(Counter(of.values()), floor))
    return {one: OTHERS if group in line else group for one, group in of.items()} if len(line) > 1 else of


def _fair(quarter: Quarter, kind: TableKind, people: People, waited: Mapping[str, int], floor: Floor | None) -> Table:
    """By group: for how many a bed was looked for, how many were placed, and the nights that were waited."""
    of = _gathered({one: getattr(person, FAIR[kind]) for one, person in people.items()}, floor)
    groups = sorted(set(of.values()))
    parts = {"asked": people, "placed": _placed(people), "never": people.keys() - _placed(people), "waited": waited}
    cells: dict[str, int] = {}
    behind: dict[str, int] = {"waited": len(waited)}
    for measure, who in parts.items():
        cells[measure] = sum(waited.values()) if measure == "waited" else len(who)
        for group in groups:
            inside = [one for one in who if of[one] == group]
            name = f"{kind}:{measure}:{group}"
            cells[name] = sum(waited[one] for one in inside) if measure == "waited" else len(inside)
            behind[name] = len(inside)
    sums = [Sum(measure, tuple(f"{kind}:{measure}:{group}" for group in groups)) for measure in parts]
    sums += [Sum(f"{kind}:asked:{group}", (f"{kind}:placed:{group}", f"{kind}:never:{group}")) for group in groups]
    return named(quarter, None, cells, [Sum("asked", ("placed", "never")), *sums], behind)


def _placed(people: People) -> Collection[str]:
    return {one for one, person in people.items() if person.placed}


def _waited(session: Session, quarter: Quarter) -> dict[str, int]:
    """Nights of a quarter that each young person waited through; who never did is missing."""
    query = select(Referral.minor_id, func.count(Gap.night.distinct())).join(Gap, Gap.referral_id == Referral.id)
    return dict(session.execute(query.where(*_of_nights(quarter)).group_by(Referral.minor_id)).all())


def _of_nights(quarter: Quarter) -> tuple[ColumnElement[bool], ...]:
    """Gaps of a quarter that are nights waited."""
    within = (Gap.night >= quarter.first, Gap.night < quarter.until)
    return (Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT, *within)


class _Refused:
    """Whom a fund turned away: by which rules over the quarter, on which nights, and when and where first."""

    def __init__(self) -> None:
        self.rules: defaultdict[str, set[str]] = defaultdict(set)
        self.on: defaultdict[date, set[str]] = defaultdict(set)
        self.first: dict[str, tuple[date, FacilityKind]] = {}
        """The night, and the kind of the house where the fewest rules stood in the way."""


def _refused(session: Session, quarter: Quarter, fund_id: str) -> _Refused:
    found = _Refused()
    rows = session.execute(
        select(Referral.minor_id, FundRefusal.rule, FundRefusal.night, FundRefusal.facility_kind)
        .join(DecisionCounted, DecisionCounted.run_id == FundRefusal.run_id)
        .join(Referral, Referral.id == DecisionCounted.referral_id)
        .where(FundRefusal.fund_id == fund_id)
        .where(FundRefusal.night >= quarter.first, FundRefusal.night < quarter.until)
        .distinct()
    )
    for minor_id, rule, night, kind in rows:
        found.rules[minor_id].add(rule)
        found.on[night].add(minor_id)
        found.first[minor_id] = min(found.first.get(minor_id, (night, kind)), (night, kind))
    return found


def _turned_away(quarter: Quarter, fund_id: str, refused: _Refused, asked: int, floor: Floor | None) -> Table:
    together = Counter(frozenset(rules) for rules in refused.rules.values())
    cells, sums = _by_rules(together, floor)
    cells |= {"asked": asked, "let": asked - cells["all"]}
    for rule in sorted({rule for rules in together for rule in rules}):
        parts = tuple(_rules_name(rules) for rules in together if rule in rules)
        cells[f"any:{rule}"] = sum(cells[part] for part in parts)
        sums.append(Sum(f"any:{rule}", parts))
    return named(quarter, fund_id, cells, [*sums, Sum("asked", ("all", "let"))])


def _by_rules(
    together: Mapping[Rules, int], floor: Floor | None, people: Mapping[str, int] | None = None
) -> tuple[dict[str, int], list[Sum]]:
    """A list by the rules that stood in the way together, the small groups of it in one line, and its total."""
    groups = {
        _rules_name(rules): together[rules] for rules in sorted(together, key=lambda one: (len(one), sorted(one)))
    }
    line = [] if floor is None else gather(groups, floor, people)
    cells = {"all": sum(groups.values()), **groups}
    sums = [Sum("all", tuple(groups))] if groups else []
    if len(line) > 1:
        cells["others"] = sum(groups[name] for name in line)
        sums.append(Sum("others", tuple(line)))
    return cells, sums


def _rules_name(rules: Iterable[str]) -> str:
    return f"only:{AND.join(sorted(rules))}"


def _unmet(session: Session, quarter: Quarter, fund_id: str, floor: Floor | None) -> Table:
    rows = session.execute(
        select(Referral.minor_id, Gap.night, FundRefusal.rule)
        .join(Referral, Referral.id == Gap.referral_id)
        .join(FundRefusal, FundRefusal.run_id == Gap.run_id)
        .where(*_of_nights(quarter), FundRefusal.fund_id == fund_id)
        .distinct()
    )
    waited: defaultdict[tuple[str, date], set[str]] = defaultdict(set)
    for minor_id, night, rule in rows:
        waited[minor_id, night].add(rule)
    together = Counter(frozenset(rules) for rules in waited.values())
    behind: defaultdict[str, set[str]] = defaultdict(set)
    for (minor_id, _), rules in waited.items():
        for name in ("all", _rules_name(rules)):
            behind[name].add(minor_id)
    people = _counted(behind)
    cells, sums = _by_rules(together, floor, people)
    others = next((row.parts for row in sums if row.whole == "others"), ())
    people["others"] = len(set[str]().union(*(behind[name] for name in others)))
    return named(quarter, fund_id, cells, sums, people, of=TableKind.UNMET)


def _counted(behind: Mapping[str, Collection[str]]) -> dict[str, int]:
    return {name: len(minors) for name, minors in behind.items()}


def _nights(session: Session, quarter: Quarter, fund_id: str, refused: _Refused) -> Table | None:
    """What the fund could pay and paid, and on which nights it turned somebody away beside an unspent one.

    None where no limit in force says for how many beds it pays a night.
    """
    limits = session.scalars(select(FundLimit).where(FundLimit.fund_id == fund_id).order_by(FundLimit.position)).all()
    beds = {night: _beds(limits, night) for night in quarter.nights}
    if not any(beds.values()):
        return None
    within = (BedNight.night >= quarter.first, BedNight.night < quarter.until)
    paying = (BedNight.fund_id == fund_id, BedNight.hold_id.is_(None), *within)
    query = select(BedNight.night, func.count()).where(*paying).group_by(BedNight.night)
    paid = dict(session.execute(query).all())
    guests = session.scalar(select(func.count(BedNight.minor_id.distinct())).where(*paying)) or 0
    left = {night: max(0, count - paid.get(night, 0)) for night, count in beds.items()}
    unspent = [night for night, count in left.items() if count]
    turning = [night for night in unspent if night in refused.on]
    cells = {
        "could": sum(beds.values()),
        "paid": sum(beds.values()) - sum(left.values()),
        "unspent": sum(left.values()),
        "nights": len(quarter.nights),
        "full": len(quarter.nights) - len(unspent),
        "open": len(unspent),
        "turning": len(turning),
        "quiet": len(unspent) - len(turning),
    }
    turned = len(set[str]().union(*(refused.on[night] for night in turning)))
    people = {"paid": guests, "unspent": guests, "turning": turned}
    sums = [Sum("could", ("paid", "unspent")), Sum("nights", ("full", "open")), Sum("open", ("turning", "quiet"))]
    return named(quarter, fund_id, cells, sums, people, known=("could", "nights"))


def _beds(limits: Sequence[FundLimit], night: date) -> int:
    """For how many beds the limit in force on a night lets the fund pay; none where it does not say."""
    place = governing(limits, night)
    return 0 if place is None else limits[place].beds_per_night or 0
