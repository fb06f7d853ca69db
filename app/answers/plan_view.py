"""A joint plan in the words of its page: who would go where, why, and what is known of how good it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.answers.names import Names, names_in
from app.clock import Clock
from app.referrals.models import Referral, ReferralStatus
from app.web import words
from app.web.places import plainly
from app.web.translation import gettext, marked, ngettext

Json = dict[str, Any]

WHY_NONE = {
    "no_option": marked("No house could take this young person tonight."),
    "no_place_left": marked("Houses could, but their places, or the money for them, are needed for others."),
}
CAREFUL = {
    "residents.stay": marked("Everyone who lives in a house is taken to stay there tonight."),
    "money.stays": marked("What a fund pays now, or keeps for a hold, is not given to anybody else."),
    "last_resort.alone": marked("A payer of last resort waits as if each young person came alone."),
    "payers.tried": marked("Where a fund may not reach for all, not every way to share it is tried."),
    "siblings.later": marked("For a sibling who needs a bed later, none is kept by the plan."),
}


def plan_view(session: Session, actor: Actor, plan: Json, clock: Clock, since: Mapping[str, str]) -> Json:
    """Everything that the page of a plan shows, ready to be laid out: who has waited longest first.

    `since`: by referral, what became of it since the plan was made.
    """
    lines, unplaced = plan["lines"], plan["unplaced"]
    entries = [{**row, "findings": []} for row in lines]
    names = names_in(session, {"options": entries, "later": [], "needs_info": [], "excluded": []})
    referrals = _referrals(session, [row["referral"] for row in (*lines, *unplaced)])

    def in_turn(row: Json) -> tuple[int, datetime, str]:
        return row["urgency"], referrals[row["referral"]].created_at, row["referral"]

    lines, unplaced = sorted(lines, key=in_turn), sorted(unplaced, key=in_turn)

    def who(row: Json) -> Json:
        return _who(row, referrals, actor) | {
            "since": gettext(since[row["referral"]]) if row["referral"] in since else None
        }

    decided = datetime.fromisoformat(plan["decided_at"])
    placed = sum(plan["placed_by_urgency"])
    return {
        "title": gettext("Plan for the night of %(day)s") % {"day": words.day(plan["tonight"], clock.tonight())},
        "made": gettext("Made %(ago)s by rules %(rules)s.")
        % {"ago": words.ago(decided, clock.now()), "rules": plan["rules_version"]},
        "old": plan["tonight"] != clock.tonight().isoformat(),
        "changed": ngettext(
            "%(n)s of these referrals is not as it was: it is marked. Make a new plan for the rest.",
            "%(n)s of these referrals are not as they were: they are marked. Make a new plan for the rest.",
            len(since),
        )
        if since
        else None,
        "counts": _counts(placed, sum(plan["unplaced_by_urgency"]), plan["later"]),
        "proved": proved(plan),
        "groups": [
            {"title": gettext(title), "rows": rows}
            for urgency, title in words.URGENCY.items()
            if (rows := [who(row) | _line(row, names, referrals, clock) for row in lines if row["urgency"] == urgency])
        ],
        "unplaced": [
            who(row) | {"urgency": gettext(words.URGENCY[row["urgency"]]), "why": gettext(WHY_NONE[row["why"]])}
            for row in unplaced
        ],
        "others": _others(plan["others_placed"], plan["others_unplaced"]),
        "careful": [gettext(CAREFUL.get(row["code"], row["text"])) for row in plan["careful"]],
        "record": gettext("On record as %(run)s. It can be looked at again by the checker.") % {"run": plan["id"]},
    }


def _counts(placed: int, unplaced: int, later: int) -> str:
    parts = [
        ngettext("%(n)s with a bed", "%(n)s with a bed", placed),
        ngettext("%(n)s without", "%(n)s without", unplaced),
    ]
    if later:
        parts.append(ngettext("%(n)s for a later night", "%(n)s for a later night", later))
    return f"{', '.join(parts)}."


def proved(plan: Json) -> str:
    """What is known of how good a plan is."""
    if plan["proof"] == "optimal":
        if plan["unique"] is False:
            return gettext("Proved: no plan is better. Others are as good.")
        return gettext("Proved: no plan is better.")
    if plan["unplaced_by_urgency"] == plan["least_unplaced_by_urgency"]:
        return gettext("Time ran out: nobody more could have a bed, but a plan may be better in other things.")
    return gettext("Time ran out: there may be a better plan.")


def _line(row: Json, names: Names, referrals: dict[str, Referral], clock: Clock) -> Json:
    """One line: where, which bed, who pays how long, and why."""
    house, tonight = names.house(row["facility"]), clock.tonight()
    payers = [
        gettext("%(fund)s until %(day)s")
        % {"fund": names.fund(payer["fund"]), "day": words.day(payer["until"], tonight)}
        for payer in row["payers"]
    ]
    until = row["paid_until"]
    return {
        "house": house.name,
        "region": house.region,
        "phone": house.phone,
        "bed": names.bed(row["bed"]),
        "call_first": row["call_first"],
        "paid": gettext("%(nights)s paid: %(payers)s.")
        % {"nights": words.nights(row["paid_nights"]), "payers": words.listed(payers)},
        "cliff": until
        and gettext("From %(day)s nobody pays, or the bed is not free.") % {"day": words.day(until, tonight)},
        "shared": row["money_shared"],
        "together": [referrals[one].code for one in row["together_with"] if one in referrals],
        "provisional": bool(row["provisional"]),
        "why": [plainly(term["text"]) for term in row["terms"] if term["value"]],
    }


def _who(row: Json, referrals: dict[str, Referral], actor: Actor) -> Json:
    """The code of a referral, and the press that ranks it where it is the own agency's and waits."""
    referral = referrals.get(row["referral"])
    own = referral is not None and referral.agency_id == actor.agency_id and referral.status is ReferralStatus.OPEN
    return {
        "code": referral.code if referral is not None else row["referral"],
        "href": f"/referrals/{row['referral']}",
        "rank": f"/referrals/{row['referral']}/rankings" if own and actor.may(Permission.RANKING_RUN) else None,
    }


def _referrals(session: Session, ids: list[str]) -> dict[str, Referral]:
    return {row.id: row for row in session.scalars(select(Referral).where(Referral.id.in_(ids)))}


def _others(placed: int, unplaced: int) -> str | None:
    if not placed + unplaced:
        return None
    said = {"placed": placed, "unplaced": unplaced}
    return gettext("Of other agencies: %(placed)s with a bed, %(unplaced)s without.") % said
