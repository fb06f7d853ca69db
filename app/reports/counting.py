"""The counts of a quarter, as they are: tables that only those see who may see everything, until they are published.

The units. A young person counts once in a quarter, whatever the number of referrals and decisions; by rule: once for
each rule that stood in the way of her or him at that fund. A night counts once for each young person who waited.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.beds.models import BedNight
from app.funding.limits import governing
from app.funding.models import FundLimit
from app.gaps.models import DecisionCounted, FundRefusal, Gap, GapKind, GapSource
from app.referrals.models import Referral, ReferralStatus
from app.reports.models import TableKind
from app.reports.quarters import Quarter
from matching.disclosure import DEFAULT, Floor, Sum, Table, gather

AND = "+"
Rules = frozenset[str]


def network(session: Session, quarter: Quarter) -> Table:
    """For how many young people a bed was looked for, and for how many of them a house said yes."""
    asked = set(session.scalars(_asked(quarter)))
    placed = set(session.scalars(_asked(quarter).where(Referral.status == ReferralStatus.PLACED)))
    cells = {"asked": len(asked), "placed": len(placed), "never": len(asked - placed)}
    return _named(quarter, None, cells, [Sum("asked", ("placed", "never"))])


def of_fund(session: Session, quarter: Quarter, fund_id: str, floor: Floor = DEFAULT) -> dict[TableKind, Table]:
    """Everything that is counted about one fund."""
    refused = _refused(session, quarter, fund_id)
    tables = {
        TableKind.TURNED_AWAY: _turned_away(session, quarter, fund_id, refused, floor),
        TableKind.UNMET: _unmet(session, quarter, fund_id, floor),
    }
    nights = _nights(session, quarter, fund_id, refused)
    return tables if nights is None else {**tables, TableKind.NIGHTS: nights}


def _asked(quarter: Quarter) -> Select[str]:
    """The young people about whom something was decided."""
    within = (DecisionCounted.night >= quarter.first, DecisionCounted.night < quarter.until)
    query = select(Referral.minor_id).join(DecisionCounted, DecisionCounted.referral_id == Referral.id)
    return query.where(*within).distinct()


class _Refused:
    """Whom a fund turned away: by which rules over the quarter, and on which nights."""

    def __init__(self) -> None:
        self.rules: defaultdict[str, set[str]] = defaultdict(set)
        self.on: defaultdict[date, set[str]] = defaultdict(set)


def _refused(session: Session, quarter: Quarter, fund_id: str) -> _Refused:
    found = _Refused()
    rows = session.execute(
        select(Referral.minor_id, FundRefusal.rule, FundRefusal.night)
        .join(DecisionCounted, DecisionCounted.run_id == FundRefusal.run_id)
        .join(Referral, Referral.id == DecisionCounted.referral_id)
        .where(FundRefusal.fund_id == fund_id)
        .where(FundRefusal.night >= quarter.first, FundRefusal.night < quarter.until)
        .distinct()
    )
    for minor_id, rule, night in rows:
        found.rules[minor_id].add(rule)
        found.on[night].add(minor_id)
    return found


def _turned_away(session: Session, quarter: Quarter, fund_id: str, refused: _Refused, floor: Floor) -> Table:
    asked = len(set(session.scalars(_asked(quarter))))
    together = Counter(frozenset(rules) for rules in refused.rules.values())
    cells, sums = _by_rules(together, floor)
    cells |= {"asked": asked, "let": asked - cells["all"]}
    for rule in sorted({rule for rules in together for rule in rules}):
        parts = tuple(_rules_name(rules) for rules in together if rule in rules)
        cells[f"any:{rule}"] = sum(cells[part] for part in parts)
        sums.append(Sum(f"any:{rule}", parts))
    return _named(quarter, fund_id, cells, [*sums, Sum("asked", ("all", "let"))])


def _by_rules(
    together: Mapping[Rules, int], floor: Floor, people: Mapping[str, int] | None = None
) -> tuple[dict[str, int], list[Sum]]:
    """A list by the rules that stood in the way together, the small groups of it in one line, and its total."""
    groups = {
        _rules_name(rules): together[rules] for rules in sorted(together, key=lambda one: (len(one), sorted(one)))
    }
    line = gather(groups, floor, people)
    cells = {"all": sum(groups.values()), **groups}
    sums = [Sum("all", tuple(groups))] if groups else []
    if len(line) > 1:
        cells["others"] = sum(groups[name] for name in line)
        sums.append(Sum("others", tuple(line)))
    return cells, sums


def _rules_name(rules: Iterable[str]) -> str:
    return f"only:{AND.join(sorted(rules))}"


def _unmet(session: Session, quarter: Quarter, fund_id: str, floor: Floor) -> Table:
    rows = session.execute(
        select(Referral.minor_id, Gap.night, FundRefusal.rule)
        .join(Referral, Referral.id == Gap.referral_id)
        .join(FundRefusal, FundRefusal.run_id == Gap.run_id)
        .where(Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT)
        .where(Gap.night >= quarter.first, Gap.night < quarter.until, FundRefusal.fund_id == fund_id)
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
    return _named(quarter, fund_id, cells, sums, people, of=TableKind.UNMET)


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
    return _named(quarter, fund_id, cells, sums, people, known=("could", "nights"))


def _beds(limits: Sequence[FundLimit], night: date) -> int:
    """For how many beds the limit in force on a night lets the fund pay; none where it does not say."""
    place = governing(limits, night)
    return 0 if place is None else limits[place].beds_per_night or 0


DEAR = (("asked", 40_000), ("all", 20_000), ("only:", 6000), ("others", 5000), ("any:", 3000), ("let", 3000))
"""What hiding a number costs its reader: first of all the totals are kept, then the list that adds up to them."""
NETWORK_WIDE = frozenset({"asked", "placed", "never"})


def _named(
    quarter: Quarter,
    fund_id: str | None,
    cells: Mapping[str, int],
    sums: Iterable[Sum],
    people: Mapping[str, int] | None = None,
    known: Iterable[str] = (),
    of: TableKind | None = None,
) -> Table:
    """The table with names that are one number wherever they stand."""

    def full(name: str) -> str:
        if name in NETWORK_WIDE:
            return f"{quarter.name}|{name}"
        return f"{quarter.name}|{fund_id}|{name}" if of is None else f"{quarter.name}|{fund_id}|{of}|{name}"

    return Table(
        {full(name): count for name, count in cells.items()},
        tuple(Sum(full(row.whole), tuple(map(full, row.parts))) for row in sums),
        {full(name): count for name, count in (people or {}).items()},
        frozenset(map(full, known)),
        {full(name): cost for name in cells for start, cost in DEAR if name.startswith(start)},
    )
