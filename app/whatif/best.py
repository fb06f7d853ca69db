"""The best few changes of a period: found as a design problem over its gaps and beds, then confirmed by re-running it.

For who administers the whole network: nothing here is fit to publish.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.clock import Clock
from app.codes import trail_id
from app.funding.models import Fund
from app.whatif.past import past
from app.whatif.schemas import BestFew, BestRead, LeverRead
from app.whatif.service import Told, counted, period_of
from matching.few import Measure, Way, curve, ways
from matching.whatif import Past, reruns
from matching.whatif_limits import put_aside


def best(
    session: Session,
    clock: Clock,
    most: int,
    by: Measure = "people",
    *,
    first: date | None = None,
    until: date | None = None,
    told: Told = lambda done, of: None,
) -> BestRead:
    """Find, for one rule of a fund put aside, two, and so on, the ones that do most; each confirmed by the re-run."""
    period = period_of(session, clock, first, until)
    programs = dict(session.execute(select(Fund.id, Fund.program)).all())
    seen = past(session, period, programs.keys())
    found = list(_ways(seen, told))
    lines = curve(found, most, by)
    for fund in sorted({lever.fund for line in lines for lever in line.levers}):
        record(session, None, "whatif.run", "fund", trail_id(fund))
    again = reruns(seen, [[put_aside(*lever) for lever in line.levers] for line in lines], told=told)
    return BestRead(
        first=period.first,
        until=period.until,
        by=by,
        could=len({way.minor for way in found}),
        curve=[
            BestFew(
                most=line.most,
                levers=[LeverRead(fund=one.fund, program=programs[one.fund], rule=one.rule) for one in line.levers],
                value=line.value,
                bound=line.bound,
                proved=line.proved,
                rerun=counted(session, period, [], seen, rerun),
            )
            for line, rerun in zip(lines, again, strict=True)
        ],
    )


def _ways(seen: Past, told: Told) -> Iterator[Way]:
    """The ways of those who came to no bed, from each decision about them; none to a house that had said no."""
    housed = {one.minor for one in seen.decisions if one.came is not None}
    slept: defaultdict[str, set[date]] = defaultdict(set)
    for key, nights in seen.fixed.items():
        slept[key] |= nights
    for one in seen.decisions:
        for night, (bed, _) in one.came.nights.items() if one.came is not None else ():
            slept[bed].add(night)
    for done, one in enumerate(seen.decisions, 1):
        told(done, len(seen.decisions))
        if one.settled or one.minor in housed or one.minor in seen.fixed:
            continue
        look = seen.look(one.run)
        if look is not None:
            found = ways(look.snapshot, one.referral, slept)
            yield from (way for way in found if (way.referral, way.facility) not in seen.declined)
