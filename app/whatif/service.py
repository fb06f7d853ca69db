"""A what-if from the rows to the counts. For who administers the whole network: nothing here is fit to publish."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from threading import Lock
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.answers.models import RankingRun
from app.audit.service import record
from app.beds.models import BedNight
from app.clock import Clock
from app.codes import Basis, trail_id
from app.db import whole_network
from app.errors import FieldError, Problem, invalid
from app.funding.limits import governing
from app.funding.models import Fund, FundLimit
from app.gaps.models import FundRefusal, Gap, GapKind, GapSource
from app.minors.models import MinorPlace
from app.referrals.models import Referral
from app.whatif.asking import Asked, read
from app.whatif.effects import beds
from app.whatif.past import Period, past
from app.whatif.schemas import RERUN, ChangeRead, CountyFigures, Figure, FundFigures, TurnedAway, WhatIf
from matching.whatif import Past, Rerun, reruns

MOST = 8
"""Of that many rules nobody still says that they are few."""
_ONE_AT_A_TIME = Lock()
Told = Callable[[int, int], None]
Paid = Counter[str | None]


def lead_only(actor: Actor) -> None:
    """Hide what-ifs from everybody but administrators of the coalition's lead."""
    if not actor.leads:
        raise hidden(actor, "whatif.run", "whatif", "")


@contextmanager
def for_lead(actor: Actor) -> Iterator[None]:
    """Let them run what-ifs, one at a time: each takes a processor for itself."""
    lead_only(actor)
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise Problem("not_now", "Another what-if is being run: ask again in half a minute.")
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def whatif(
    session: Session,
    clock: Clock,
    said: Sequence[str],
    *,
    first: date | None = None,
    until: date | None = None,
    told: Told = lambda done, of: None,
    every: bool = False,
) -> WhatIf:
    """Re-run a period under changed limits: from the first decision on, until tonight, where nothing else is said.

    `every`: every decision is derived again, and compared with what was answered.

    422 where a change or the period cannot be read.
    """
    (found,) = whatifs(session, clock, [said], first=first, until=until, told=told, every=every)
    return found


def whatifs(
    session: Session,
    clock: Clock,
    many: Sequence[Sequence[str]],
    *,
    first: date | None = None,
    until: date | None = None,
    told: Told = lambda done, of: None,
    every: bool = False,
) -> list[WhatIf]:
    """The same for several, the past walked once; 422 as for one of them alone."""
    asked = [read(session, said) for said in many]
    period = period_of(session, clock, first, until)
    funds = {one.fund for some in asked for one in some}
    seen = past(session, period, funds, answered=every)
    for fund in sorted(funds):
        record(session, None, "whatif.run", "fund", trail_id(fund))
    found = reruns(seen, [[one.change for one in some] for some in asked], told=told, every=every)
    return [counted(session, period, some, seen, one) for some, one in zip(asked, found, strict=True)]


def period_of(session: Session, clock: Clock, first: date | None, until: date | None) -> Period:
    """The nights that are asked for: from the first decision on, until tonight; 422 where there are no such nights."""
    since = first or session.scalar(select(func.min(RankingRun.tonight))) or clock.tonight()
    end = until or clock.tonight()
    if end < since:
        message = (
            "The period ends before it begins. The first night comes first; the last day is not one of its nights."
        )
        raise invalid([FieldError("/until", "date", message)])
    if end > clock.tonight():
        raise invalid(
            [FieldError("/until", "date", "What has not happened cannot be run again: tonight at the latest.")]
        )
    return Period(since, end)


def counted(session: Session, period: Period, asked: Sequence[Asked], seen: Past, found: Rerun) -> WhatIf:
    """The counts of a period as it was and as a re-run says that it would have been."""
    then, now = beds(seen, found)
    ledger = _Ledger(session, period)
    nights, cents = ledger.totals()
    nights_now, cents_now = Counter(nights), Counter(cents)
    county_of, by_county = _counties(session), ledger.by_minor()
    by_minor_now = Counter(by_county)
    for slept in found.gone:
        for night, (bed, fund) in slept.nights.items():
            if period.first <= night < period.until:
                nights_now[fund] -= 1
                cents_now[fund] -= ledger.cents(bed, night)
                by_minor_now[slept.minor] -= 1
    for extra in found.extra:
        for night, fund in extra.nights:
            if period.first <= night < period.until:
                nights_now[fund] += 1
                cents_now[fund] += 0 if fund is None else ledger.rate(fund, extra.first)
                by_minor_now[extra.minor.id] += 1
    waited = _waited(session, period)
    return WhatIf(
        first=period.first,
        until=period.until,
        changes=[ChangeRead(fund=o.fund, valid_from=o.valid_from, limit=o.limit, value=o.value) for o in asked],
        turned_away=list(_turned_away(session, period, found.let)),
        placed=_figure(len(then), len(now)),
        would_gain=len(set(now.values()) - set(then.values())),
        would_lose=len(set(then.values()) - set(now.values())),
        nights=_figure(nights.total(), nights_now.total()),
        waited=_figure(len(waited), len(waited) - _spared(waited, found)),
        funds=list(_funds(session, ledger, (nights, nights_now), (cents, cents_now))),
        counties=list(_by_county(county_of, (then, now), (by_county, by_minor_now))),
        decisions=len(seen.decisions),
        derived=found.derived,
    )


def _figure(then: int, now: int) -> Figure:
    return Figure(how=RERUN, then=then, now=now)


class _Ledger:
    """The nights slept in a period, by stay: who paid, and what each cost."""

    def __init__(self, session: Session, period: Period) -> None:
        self._rows = session.execute(
            select(BedNight.bed_id, BedNight.night, BedNight.fund_id, BedNight.limit_id, BedNight.minor_id).where(
                BedNight.stay_id.is_not(None),
                period.of(BedNight.night),
            )
        ).all()
        limits = session.scalars(select(FundLimit).order_by(FundLimit.fund_id, FundLimit.position)).all()
        self._rates = {row.id: row.rate_cents or 0 for row in limits}
        self.limits: dict[str, list[FundLimit]] = {}
        for row in limits:
            self.limits.setdefault(row.fund_id, []).append(row)
        self._cents = {(row.bed_id, row.night): self._rates.get(row.limit_id or "", 0) for row in self._rows}

    def totals(self) -> tuple[Paid, Paid]:
        """Nights and cents by fund; None is nobody."""
        nights: Paid = Counter(row.fund_id for row in self._rows)
        cents: Paid = Counter()
        for row in self._rows:
            cents[row.fund_id] += self.cents(row.bed_id, row.night)
        return nights, cents

    def by_minor(self) -> Counter[str]:
        """Nights by young person."""
        return Counter(row.minor_id for row in self._rows)

    def cents(self, bed: str, night: date) -> int:
        """What a night cost that was slept; nothing where no rate is on record."""
        return self._cents.get((bed, night), 0)

    def rate(self, fund: str, first: date) -> int:
        """What a night of a stay from a day costs."""
        rows = self.limits.get(fund, [])
        at = governing(rows, first)
        return 0 if at is None else rows[at].rate_cents or 0

    def names_rates(self, fund: str) -> bool:
        """Whether every row of a fund's limits says what a night costs."""
        rows = self.limits.get(fund, [])
        return bool(rows) and all(row.rate_cents is not None for row in rows)


def _counties(session: Session) -> dict[str, str | None]:
    rows = select(MinorPlace.minor_id, MinorPlace.county).where(MinorPlace.basis == Basis.RESIDENCE)
    with whole_network(session):
        return dict(session.execute(rows).all())


def _waited(session: Session, period: Period) -> set[tuple[str, date]]:
    noticed = (Gap.source == GapSource.NIGHT, Gap.kind != GapKind.UNFUNDED_TONIGHT, period.of(Gap.night))
    return {
        (referral, night) for referral, night in session.execute(select(Gap.referral_id, Gap.night).where(*noticed))
    }


def _spared(waited: Iterable[tuple[str, date]], found: Rerun) -> int:
    """Nights on which somebody waited who would have had a bed."""
    slept = {(extra.referral, night) for extra in found.extra for night, _ in extra.nights}
    return len(slept.intersection(waited))


def _turned_away(session: Session, period: Period, let: Mapping[str, frozenset[str]]) -> Iterator[TurnedAway]:
    for fund in sorted(let):
        turned = set(
            session.scalars(
                select(Referral.minor_id)
                .join(RankingRun, RankingRun.referral_id == Referral.id)
                .join(FundRefusal, FundRefusal.run_id == RankingRun.id)
                .where(FundRefusal.fund_id == fund, period.of(FundRefusal.night))
            )
        )
        yield TurnedAway(fund=fund, turned_away=len(turned), let=len(let[fund]))


def _funds(
    session: Session, ledger: _Ledger, nights: tuple[Paid, Paid], cents: tuple[Paid, Paid]
) -> Iterator[FundFigures]:
    programs: dict[str, str | None] = dict(session.execute(select(Fund.id, Fund.program)).all())
    for fund in [*sorted(programs), None]:
        if fund is None or nights[0][fund] or nights[1][fund]:
            named = fund is not None and ledger.names_rates(fund)
            yield FundFigures(
                fund=fund,
                program=None if fund is None else programs[fund],
                nights=_figure(nights[0][fund], nights[1][fund]),
                cents=_figure(cents[0][fund], cents[1][fund]) if named else None,
            )


def _by_county(
    county_of: Mapping[str, str | None], placed: tuple[Mapping[str, str], Mapping[str, str]], nights: tuple[Any, Any]
) -> Iterator[CountyFigures]:
    by: list[Counter[str | None]] = [Counter(county_of.get(minor) for minor in one.values()) for one in placed]
    slept: list[Counter[str | None]] = [Counter(), Counter()]
    for at, one in enumerate(nights):
        for minor, count in one.items():
            slept[at][county_of.get(minor)] += count
    names = {name for one in (*by, *slept) for name in one}
    for name in sorted(names, key=lambda one: (one is None, one)):
        yield CountyFigures(
            county=name,
            placed=_figure(by[0][name], by[1][name]),
            nights=_figure(slept[0][name], slept[1][name]),
        )
