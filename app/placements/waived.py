"""A house that the engine excludes, asked for all the same: every rule against it waived, or only the money missing.

The engine names no bed for such a house. Its own look-ups choose one, on the snapshot of the decision: by where and
when it would have admitted, and among free beds alone. What other people stand in the way of is never told.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.answers.models import RankingRun
from app.clock import Clock
from app.errors import Problem
from app.exceptions import service as exceptions
from app.referrals.models import Referral
from app.referrals.service import urgency_of
from app.sharing.projection import AGENCY, project
from matching.admission import need_nights
from matching.census import Census
from matching.codec import decode
from matching.eligibility import Assessment, assess
from matching.facts import Bed
from matching.value import call_first

Json = dict[str, Any]

NIGHT = timedelta(days=1)


def entry(
    session: Session,
    referral: Referral,
    run: RankingRun,
    answer: Json,
    facility_id: str,
    now: datetime,
    *,
    unfunded: bool,
) -> Json | None:
    """The excluded house as if it were an option; None where the agency was not shown it as excluded.

    Raises what stands against it: a rule that nobody may waive, an exception that is missing, no bed.
    """
    seen = next((row for row in project(answer, viewer=AGENCY)["excluded"] if row["facility"] == facility_id), None)
    if seen is None:
        return None
    if not all(fix["waivable"] for fix in seen["fix"]):
        raise Problem("safeguard_breach")
    waived = exceptions.in_force(session, referral.id, facility_id, now)
    if unfunded:
        _only_money(seen, referral, run.tonight)
    elif missing := [rule for rule in seen["failed"] if rule not in waived]:
        raise Problem("exception_needed", extra={"rules": missing})
    whole = next((row for row in answer["excluded"] if row["facility"] == facility_id), None)
    _nothing_else(seen, whole)
    clock: Clock = session.info["clock"]
    # Who waives until an hour of a night does not pay that night any more.
    until = {rule: clock.night_of(at) for rule, at in waived.items()}
    return _placed(run, referral, facility_id, until, unfunded=unfunded)


def _only_money(seen: Json, referral: Referral, tonight: date) -> None:
    """Unfunded is for tonight, for who has no safe place, and where nothing but money is missing."""
    if any(not rule.startswith("funding.") for rule in seen["failed"]):
        raise Problem("not_an_option", "More than money is missing here.")
    if urgency_of(referral.urgency, referral.needed_from, tonight) != 1:
        raise Problem("not_an_option", "Without a payer only a young person with no safe place tonight is taken in.")


def _nothing_else(seen: Json, whole: Json | None) -> None:
    """Nothing that was not shown stands in the way, and no doubt: an unknown safeguard is not a pass.

    A house that was shown as a full one, on another night than the engine judged, has no bed for who reads it.
    """
    if any(f["outcome"] == "unknown" and not _of_fund(f["rule"]) for f in seen["findings"]):
        raise Problem("not_an_option", "Something about this house or this young person is not known yet. Ask first.")
    if whole is None or whole.get("as_full") is not None or set(whole["failed"]) != set(seen["failed"]):
        raise Problem("not_available")
    if any(f["outcome"] == "unknown" and not _of_fund(f["rule"]) for f in whole["findings"]):
        raise Problem("not_available")


def _of_fund(rule: str) -> bool:
    return rule.startswith("funding.") and rule != "funding.accepted"


def _placed(run: RankingRun, referral: Referral, facility_id: str, waived: dict[str, date], *, unfunded: bool) -> Json:
    snapshot = decode(run.snapshot)
    census = Census(snapshot)
    facility = next(row for row in snapshot.facilities if row.id == facility_id)
    assessment = assess(census, census.referrals[referral.id], facility, words=False)
    bed, first, bed_until = _bed(assessment, any_unit="unit.fit" in waived)
    if bed is None or (unfunded and first != run.tonight):
        raise Problem("not_available")
    if unfunded:
        bed_until = first + NIGHT
    end = first + timedelta(days=need_nights(census, census.referrals[referral.id]))
    return {
        "facility": facility_id,
        "bed": bed.id,
        "admit_on": first.isoformat(),
        "bed_until": None if bed_until is None else bed_until.isoformat(),
        "call_first": call_first(bed, snapshot.as_of),
        "payers": [] if unfunded else _payers(assessment, first, end, waived),
    }


def _bed(assessment: Assessment, *, any_unit: bool) -> tuple[Bed | None, date, date | None]:
    """The bed that the engine would have given; where the room's own rule is waived, the first free one by id."""
    found, case = assessment.admission, assessment.case
    if found.bed is not None or not any_unit:
        return found.bed, case.admit_on, found.bed_until
    free = [
        bed
        for unit in case.facility.units
        for bed in case.house.free_beds(unit, found.first, case.minor.id, case.referrals)
    ]
    bed = min(free, key=lambda row: row.id, default=None)
    until = None if bed is None else case.house.free_until(bed, found.first, case.until, case.minor.id)
    return bed, found.first, until


def _payers(assessment: Assessment, first: date, end: date, waived: dict[str, date]) -> list[Json]:
    """Who pays: as the engine covers the nights; where every payer is excluded, the first that is waived, as long."""
    if not all(payer.not_met for payer in assessment.payers):
        ranges = assessment.cover.payers
        return [{"fund": r.fund, "from": r.from_.isoformat(), "until": (r.until or end).isoformat()} for r in ranges]
    for payer in assessment.payers:
        codes = payer.not_met
        if not payer.unknown and all(code in waived for code in codes):
            until = min(end, *(waived[code] for code in codes))
            if until <= first:
                until = first + NIGHT
            fund = payer.funding.fund.id
            return [{"fund": fund, "from": first.isoformat(), "until": until.isoformat()}]
    return []
