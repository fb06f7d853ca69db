"""What somebody reads of a quarter: a funder what was published of its own funds, the coalition's lead everything.

A funder's reading looks at published tables alone: nothing here leads from it to a referral or a young person.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, hidden
from app.audit.service import record
from app.clock import Clock
from app.funding.models import Fund, Funder
from app.gaps.models import DecisionCounted
from app.reports import counting, people, unlocks
from app.reports.counting import AND
from app.reports.declines import refused_though_met
from app.reports.models import PublishedTable, TableKind
from app.reports.publishing import read_back
from app.reports.quarters import Quarter
from app.reports.schemas import (
    CapsRead,
    DeclineCount,
    FairLine,
    FairnessRead,
    FundRead,
    ListLine,
    ListRead,
    NightsRead,
    QuarterRead,
    ReportRead,
    RuleCount,
    RulesRead,
    TogetherCount,
    TurnedAwayRead,
)
from matching.disclosure import Published, Sum


class Seen(NamedTuple):
    """One table by short names, in its order; None: not shown."""

    cells: Mapping[str, int | None]
    sums: Sequence[Sum]

    @classmethod
    def of(cls, names: Iterable[str], out: Published) -> "Seen":
        """A table whose cells have these names."""
        sums = [Sum(_short(row.whole), tuple(map(_short, row.parts))) for row in out.sums]
        return cls({_short(name): out.shown.get(name) for name in names}, sums)


LISTS = (*counting.BY, TableKind.BY_HOUSE_KIND, TableKind.BY_MONTH)
Tables = Mapping[tuple[str | None, TableKind], Seen]


def quarters(session: Session, actor: Actor, clock: Clock) -> list[QuarterRead]:
    """The quarters that the actor can read about, the newest first."""
    record(session, actor, "report.list", "agency", actor.agency_id)
    found = there_for(session, actor, clock)
    return [QuarterRead(quarter=one.name, first=one.first, until=one.until) for one in sorted(found, reverse=True)]


def report(session: Session, actor: Actor, clock: Clock, name: str) -> ReportRead:
    """The gap audit of a quarter; 404 for one of which there is nothing that the actor may see."""
    quarter = read_quarter(session, actor, clock, name)
    return _report(session, clock, quarter, funds_for(session, actor), whole=_whole(actor))


def published(session: Session, actor: Actor, clock: Clock, name: str) -> ReportRead:
    """What is out of a quarter and may be passed on, for the lead too; 404 where nothing is."""
    quarter = read_quarter(session, actor, clock, name)
    found = _report(session, clock, quarter, funds_for(session, actor), whole=False)
    if found.most_small is None:
        raise hidden(actor, "report.read", "quarter", quarter.name)
    return found


def read_quarter(session: Session, actor: Actor, clock: Clock, name: str) -> Quarter:
    """The quarter of this name, which the actor now reads about; 404 where there is nothing that she or he may see."""
    quarter = Quarter.read(name)
    if quarter is None or quarter not in there_for(session, actor, clock):
        raise hidden(actor, "report.read", "quarter", quarter.name if quarter else "")
    record(session, actor, "report.read", "quarter", quarter.name)
    return quarter


def there_for(session: Session, actor: Actor, clock: Clock) -> set[Quarter]:
    """The quarters that the actor can read about."""
    return _all(session, clock) if _whole(actor) else _published(session, actor)


def funds_for(session: Session, actor: Actor) -> dict[str, str | None]:
    """The funds that the actor can read about, with their programs: those of the own agency, and the lead all."""
    return _funds(session, None if _whole(actor) else actor.agency_id)


def for_operator(
    session: Session, clock: Clock, name: str | None, fund_ids: Sequence[str] | None, *, whole: bool
) -> ReportRead | None:
    """The same for whoever runs the deployment, of these funds or of all; None where there is nothing of it."""
    there = _all(session, clock) if whole else {Quarter.of(on) for on in session.scalars(select(PublishedTable.first))}
    quarter = max(there, default=None) if name is None else Quarter.read(name)
    if quarter is None or quarter not in there:
        return None
    record(session, None, "report.read", "quarter", quarter.name)
    out = select(PublishedTable.fund_id).where(PublishedTable.first == quarter.first)
    funds = _funds(session, None)
    there_too = funds.keys() if whole else set(session.scalars(out))
    asked = {id_: funds[id_] for id_ in funds if id_ in there_too and id_ in (fund_ids or funds)}
    return _report(session, clock, quarter, asked, whole=whole)


def _report(
    session: Session, clock: Clock, quarter: Quarter, funds: Mapping[str, str | None], *, whole: bool
) -> ReportRead:
    out = [] if whole else _published_of(session, quarter, funds)
    everybody = people.of_quarter(session, quarter) if whole else {}
    tables = _counted(session, clock.tonight(), quarter, funds, everybody) if whole else _as_published(out)
    network = tables.get((None, TableKind.NETWORK), Seen({}, ())).cells
    return ReportRead(
        quarter=quarter.name,
        first=quarter.first,
        until=quarter.until,
        whole=whole,
        most_small=max((row.most_small for row in out), default=None),
        asked=network.get("asked"),
        placed=network.get("placed"),
        never=network.get("never"),
        fairness=[_fair(kind, tables[None, kind]) for kind in counting.FAIR if (None, kind) in tables],
        funds=[_fund(fund_id, program, tables) for fund_id, program in funds.items()],
        refused_though_met=_refused(session, quarter) if whole else None,
        unlocks=unlocks.of_quarter(session, quarter, everybody) if whole else None,
    )


def _refused(session: Session, quarter: Quarter) -> list[DeclineCount]:
    return [
        DeclineCount(facility=house, alias=alias, reason=reason, count=count)
        for house, alias, reason, count in refused_though_met(session, quarter)
    ]


def _whole(actor: Actor) -> bool:
    """Whether everything is shown as it is: to who administers the whole network. Another agency's people, to whom
    the permission may come by their role, are readers like a funder's, of the funds that are theirs."""
    return actor.leads and actor.administers(None)


def _all(session: Session, clock: Clock) -> set[Quarter]:
    first = session.scalar(select(func.min(DecisionCounted.night)))
    found: set[Quarter] = set()
    if first is not None:
        one, last = Quarter.of(first), Quarter.of(clock.tonight())
        while one <= last:
            found.add(one)
            one = one.next
    return found


def _published(session: Session, actor: Actor) -> set[Quarter]:
    own = select(Fund.id).join(Funder).where(Funder.agency_id == actor.agency_id)
    return {Quarter.of(first) for first in session.scalars(
        select(PublishedTable.first).where(PublishedTable.fund_id.in_(own)).distinct()
    )}  # fmt: skip


def _funds(session: Session, agency_id: str | None) -> dict[str, str | None]:
    """The funds of an agency, or all of them, with their programs."""
    query = select(Fund.id, Fund.program)
    if agency_id is not None:
        query = query.join(Funder).where(Funder.agency_id == agency_id)
    return {row.id: row.program for row in session.execute(query.order_by(Fund.program, Fund.id))}


def _counted(
    session: Session, tonight: date, quarter: Quarter, funds: Iterable[str], everybody: counting.People
) -> Tables:
    found: dict[str | None, counting.Tables] = {None: counting.network(session, quarter, everybody, floor=None)}
    found |= {fund_id: counting.of_fund(session, quarter, fund_id, everybody, tonight, floor=None) for fund_id in funds}
    tables = {(fund_id, kind): table for fund_id, of in found.items() for kind, table in of.items()}
    return {key: Seen.of(table.cells, Published(table.cells, frozenset())) for key, table in tables.items()}


def _published_of(session: Session, quarter: Quarter, funds: Iterable[str]) -> Sequence[PublishedTable]:
    """What is out of a quarter: of these funds, and of the whole network; what-ifs are read by themselves."""
    whose = or_(PublishedTable.fund_id.in_(list(funds)), PublishedTable.fund_id.is_(None))
    of = (PublishedTable.first == quarter.first, PublishedTable.kind != TableKind.WHATIF, whose)
    return session.scalars(select(PublishedTable).where(*of)).all()


def _as_published(rows: Iterable[PublishedTable]) -> Tables:
    return {
        (row.fund_id, row.kind): Seen.of((cell["name"] for cell in row.cells), read_back(row))
        for row in rows
        if not row.withheld
    }


def _short(name: str) -> str:
    return name.rpartition("|")[2]


def _fair(kind: TableKind, seen: Seen) -> FairnessRead:
    """The lines of one list, by what its cells are called: kind, measure and group."""
    named = [name.split(":", 2) for name in seen.cells if name.startswith(f"{kind}:")]
    groups = dict.fromkeys(group for _, _, group in named)
    lines = [
        FairLine(group=group, **{measure: seen.cells[f"{kind}:{measure}:{group}"] for measure in FairLine.measures})
        for group in groups
    ]
    return FairnessRead(by=counting.FAIR[kind], lines=lines)


def _listed(kind: TableKind, seen: Seen) -> ListRead:
    return ListRead(by=kind.removeprefix("by_"), lines=_lines(kind, seen))


def _lines(name: str, seen: Seen) -> list[ListLine]:
    groups = {cell.split(":", 1)[1]: count for cell, count in seen.cells.items() if cell.startswith(f"{name}:")}
    return [ListLine(group=group, count=count) for group, count in groups.items()]


def _caps(seen: Seen) -> CapsRead:
    return CapsRead(reached=seen.cells["reached"], went=_lines("went", seen), caps=_lines("cap", seen))


def _fund(fund_id: str, program: str | None, tables: Tables) -> FundRead:
    kinds = (TableKind.TURNED_AWAY, TableKind.UNMET, TableKind.NIGHTS, TableKind.CAPS)
    turned, unmet, nights, caps = (tables.get((fund_id, kind)) for kind in kinds)
    return FundRead(
        fund=fund_id,
        program=program,
        turned_away=None if turned is None else _turned_away(turned),
        lists=[_listed(kind, tables[fund_id, kind]) for kind in LISTS if (fund_id, kind) in tables],
        unmet=None if unmet is None else RulesRead.model_validate(_together(unmet)),
        nights=None if nights is None else NightsRead(**{name: nights.cells[name] for name in NightsRead.model_fields}),
        caps=None if caps is None else _caps(caps),
    )


def _turned_away(seen: Seen) -> TurnedAwayRead:
    rules = [name.removeprefix("any:") for name in seen.cells if name.startswith("any:")]
    counts = [
        # Who stood alone in nobody's way has no cell: that is a count of none, and may be shown.
        RuleCount(rule=rule, turned_away=seen.cells[f"any:{rule}"], only=seen.cells.get(f"only:{rule}", 0))
        for rule in rules
    ]
    counts.sort(key=lambda row: (-(row.turned_away or row.only or 0), row.rule))
    return TurnedAwayRead.model_validate({**_together(seen), "let": seen.cells["let"], "rules": counts})


def _together(seen: Seen) -> dict[str, object]:
    """The list that adds up to the total; published, its small lines stand in one."""
    gathered = next((row.parts for row in seen.sums if row.whole == "others"), ())
    lines = [
        TogetherCount(rules=name.removeprefix("only:").split(AND), count=count)
        for name, count in seen.cells.items()
        if name.startswith("only:") and (name not in gathered or count is not None)
    ]
    return {"all": seen.cells["all"], "together": lines, "others": seen.cells.get("others"), "in_others": len(gathered)}
