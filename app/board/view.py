"""The bed board of a house in words: offers to answer, who is expected, and a card per bed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.policy import Permission
from app.access.service import called
from app.answers.names import fund_names
from app.beds import cards, confirming
from app.beds.board import read_board
from app.beds.due import OLD_AFTER
from app.beds.models import BedChange
from app.beds.schemas import BoardBed, BoardRead
from app.clock import Clock
from app.facilities.models import Bed, BedStatus
from app.placements import house_offers
from app.placements.workflow import HouseOffer
from app.stays import service as stays
from app.stays.called import stay_codes
from app.stays.moving_view import left_this_morning, morning, out_tonight, without_bed
from app.stays.schemas import StayRead
from app.web import words
from app.web.translation import gettext, marked, ngettext

Json = dict[str, Any]

CALL_FIRST_AFTER = timedelta(hours=12)
HISTORY = 5
FAR = timedelta(days=180)
"""Beyond this a date of the money's end is of no use tonight, and may be the day a fund itself ends, years from now."""
STATUS = {
    BedStatus.OPEN: (marked("Open"), "ok"),
    BedStatus.HELD: (marked("Held"), "ask"),
    BedStatus.OCCUPIED: (marked("Occupied"), ""),
    BedStatus.CLEANING: (marked("Cleaning"), "ask"),
    BedStatus.OFFLINE: (marked("Offline"), "bad"),
}
WHO = (
    ("verified", marked("A trafficked young person")),
    ("at_risk", marked("A young person at risk")),
    ("none", marked("Somebody else")),
    ("unknown", marked("Not known")),
)
"""The one question about an occupied bed."""
CAME = (("verified", marked("Trafficked")), ("at_risk", marked("At risk")), ("unknown", marked("Not known")))
OFFLINE_REASONS = (marked("Repair"), marked("Staff"), marked("Pest control"), marked("Another reason"))
OFFLINE_DAYS = ((1, marked("Tomorrow")), (3, marked("In 3 days")), (7, marked("In a week")), (0, marked("Not known")))
NO = (
    ("no_staffed_bed", "facility"),
    ("no_bed", "facility"),
    ("age", "facility"),
    ("acuity_medical", "facility"),
    ("acuity_psych", "facility"),
    ("gang_or_recruiter_conflict", "facility"),
    ("facility_other", "facility"),
    ("minor_declined", "young_person"),
)
"""At most eight reasons on the screen, each with whose no it is."""


@dataclass(frozen=True, slots=True)
class _House:
    """What the cards are made from."""

    board: BoardRead
    stays: Mapping[str, StayRead]
    codes: Mapping[str, str]
    funds: Mapping[str, str]
    left: frozenset[str]
    people: Mapping[str, str]
    changes: Mapping[str, Sequence[BedChange]]
    clock: Clock

    def ago(self, at: datetime) -> str:
        return words.ago(at, self.clock.now())

    def who(self, by: str | None) -> str | None:
        return None if by is None else self.people.get(by, by)


def board_view(session: Session, actor: Actor, facility_id: str, clock: Clock) -> Json:
    """Everything that the page shows."""
    now, tonight = clock.now(), clock.tonight()
    board = read_board(session, actor, facility_id, now, tonight)
    offers = house_offers.waiting(session, actor, facility_id, now) if actor.may(Permission.OFFER_ANSWER) else []
    here = stays.list_stays(session, actor, facility_id, now, tonight) if actor.may(Permission.STAY_READ) else []
    changes = cards.latest(session, [bed.id for bed in board.beds], HISTORY)
    did = {change.by for kept in changes.values() for change in kept if change.by is not None}
    house = _House(
        board=board,
        stays={stay.id: stay for stay in here},
        codes=stay_codes(session, [stay.id for stay in here]),
        funds=fund_names(session, {bed.tonight.fund for bed in board.beds if bed.tonight and bed.tonight.fund}),
        left=left_this_morning(session, [stay.id for stay in here]),
        people=called(session, actor, did | {bed.confirmed_by for bed in board.beds if bed.confirmed_by is not None}),
        changes=changes,
        clock=clock,
    )
    bedless = without_bed(session, here, clock)
    free = [(bed.id, bed.name) for bed in board.beds if bed.status is BedStatus.OPEN and bed.tonight is None]
    free += [(bed.id, bed.name) for bed in board.beds if bed.status is BedStatus.CLEANING and bed.tonight is None]
    may_move = actor.may(Permission.STAY_WRITE)
    return {
        "title": gettext("%(open)s of %(all)s beds open: %(house)s")
        % {
            "open": sum(bed.status is BedStatus.OPEN for bed in board.beds),
            "all": len(board.beds),
            "house": board.alias,
        },
        "here": f"/board/{facility_id}",
        "name": board.alias,
        "count": len(board.beds),
        "awake": _awake(session, board, tonight),
        "numbers": _numbers(house),
        "offers": [_offer(offer, clock) for offer in offers],
        "noes": [(reason, who, words.said(words.DECLINE_REASONS, reason)) for reason, who in NO],
        "expected": [_expected(stay, house) for stay in here if not stay.arrived and stay.left_on is None],
        "without_bed": [(stay.id, _code(stay, house)) for stay in here if stay.id in bedless],
        "away": [_away(stay, house) for stay in here if out_tonight(stay, tonight) is not None],
        "beds": [_bed(bed, house, may_move) for bed in board.beds],
        "free": free,
        "genders": [(code, gettext(text)) for code, text in words.GENDERS.items()],
        "came": [(code, gettext(text)) for code, text in CAME],
        "who": [(code, gettext(text)) for code, text in WHO],
        "offline_reasons": [gettext(text) for text in OFFLINE_REASONS],
        "offline_days": [(days, gettext(text)) for days, text in OFFLINE_DAYS],
        "reasons": [(code, gettext(text)) for code, text in words.STAY_ENDS.items()],
        "destinations": [(code, gettext(text)) for code, text in words.DESTINATIONS.items()],
        "morning": morning(clock),
        "may_move": may_move,
        "may_write": actor.may(Permission.DIRECTORY_WRITE),
    }


def status_words(status: BedStatus) -> str:
    """A status as people say it."""
    return gettext(STATUS[status][0])


def _awake(session: Session, board: BoardRead, tonight: date) -> Json:
    """What the press says of the staff: tonight's number, else the last one known for it to confirm, else none."""
    known = board.awake_staff_tonight
    said = confirming.said_before(session, board.facility_id, tonight) if known is None else known
    unsaid = None
    if known is None and said is not None:
        unsaid = gettext(
            "This is what was said last. Until it is confirmed for tonight, no answer counts on this house."
        )
    elif known is None:
        unsaid = gettext("Nobody has ever said it. Until somebody does, no answer to a referral counts on this house.")
    return {
        "typed": "" if said is None else str(said),
        "wrong": None,
        "unsaid": unsaid,
        "on_press": None if said is None else ngettext("and %(n)s awake tonight", "and %(n)s awake tonight", said),
    }


def _numbers(house: _House) -> list[tuple[str, str]]:
    """The house in numbers; whoever is still on the way has a bed, and is not there yet."""
    board = house.board
    stays = [house.stays.get(bed.tonight.stay_id or "") for bed in board.beds if bed.tonight is not None]
    expected = sum(stay is not None and not stay.arrived for stay in stays)

    def said(number: int | None) -> str:
        return gettext("not known") if number is None else str(number)

    return [
        (gettext("Licensed"), said(board.licensed)),
        (gettext("Staffed tonight"), said(board.staffed)),
        (gettext("Funded tonight"), said(board.funded)),
        (gettext("Occupied tonight"), str(board.occupied - expected)),
        *([(gettext("Expected tonight"), str(expected))] if expected else []),
    ]


def _offer(offer: HouseOffer, clock: Clock) -> Json:
    tonight = clock.tonight()
    needs = [words.code_words(code) for code in (*offer.conditions, *offer.services)]
    languages = [words.said(words.LANGUAGES, code) for code in offer.languages if code != "en"]
    infants = [ngettext("%(n)s infant", "%(n)s infants", offer.infants)] if offer.infants else []
    age = gettext("age not known") if offer.age == "not known" else gettext("age %(age)s") % {"age": offer.age}
    gender = [] if offer.gender is None else [words.said(words.GENDERS, offer.gender).lower()]
    paid = gettext("%(paid)s of %(all)s paid") % {"paid": offer.funded_nights, "all": words.nights(offer.nights)}
    return {
        "id": offer.id,
        "code": offer.code,
        "due": words.clock_time(offer.answer_by, clock.zone, tonight),
        "who": ", ".join([age, *gender, *infants]),
        "arrives": words.when(offer.admit_on, tonight),
        "bed": offer.bed,
        "paid": f"{paid}: {words.listed(offer.funds)}" if offer.funds else paid,
        "needs": words.listed([*needs, *languages]),
    }


def _code(stay: StayRead, house: _House) -> str:
    return house.codes.get(stay.id, gettext("A young person"))


def _away(stay: StayRead, house: _House) -> Json:
    return {"id": stay.id, "code": _code(stay, house), "said": out_tonight(stay, house.clock.tonight())}


def _expected(stay: StayRead, house: _House) -> Json:
    tonight = house.clock.tonight()
    bed = next((bed.name for bed in house.board.beds if bed.id == stay.bed_id), None)
    return {
        "id": stay.id,
        "code": _code(stay, house),
        "bed": bed,
        "when": words.when(stay.admitted_on, tonight),
        "now": stay.admitted_on <= tonight,
        "since": words.nights_since(stay.admitted_on, tonight),
    }


def _bed(bed: BoardBed, house: _House, may_move: bool) -> Json:
    tonight = house.clock.tonight()
    text, shade = STATUS[bed.status]
    stay = house.stays.get(bed.tonight.stay_id or "") if bed.tonight is not None else None
    leaves = stay if stay is not None and stay.arrived and stay.id not in house.left else None
    held = bed.status is BedStatus.HELD or (bed.tonight is not None and bed.tonight.by == "hold")
    fixed = held or (bed.tonight is not None and bed.tonight.by == "stay")
    last = next(iter(house.changes.get(bed.id, ())), None)
    return {
        "id": bed.id,
        "name": bed.name,
        "version": bed.version,
        "status": gettext(text),
        "shade": shade,
        "since": _since(bed, house),
        "confirmed": _confirmed(bed, house),
        "old": _old(bed, house),
        "why": bed.reason,
        "back": None if bed.offline_until is None else words.day(bed.offline_until, tonight),
        "who": _who(bed, stay, house),
        "unpaid": bed.tonight is not None and bed.tonight.by != "hold" and bed.tonight.fund is None,
        "next": [] if fixed else [s.value for s in (BedStatus.OPEN, BedStatus.CLEANING) if s is not bed.status],
        "words": {s.value: gettext(STATUS[s][0]) for s in STATUS},
        "may_fill": not fixed and bed.status is not BedStatus.OCCUPIED,
        "may_stop": not fixed and bed.status is not BedStatus.OFFLINE,
        "stay": leaves.id if leaves is not None and may_move else None,
        "undo": None if bed.undo_until is None or last is None else gettext(STATUS[last.was_status][0]),
        "history": [_changed(change, house) for change in house.changes.get(bed.id, ())],
    }


def _since(bed: BoardBed, house: _House) -> str | None:
    if bed.since is None:
        return None
    at = words.clock_time(bed.since, house.clock.zone, house.clock.tonight())
    who = house.who(bed.changed_by)
    return gettext("Since %(at)s") % {"at": at} if who is None else gettext("Since %(at)s, by %(who)s") % {
        "at": at, "who": who,
    }  # fmt: skip


def _confirmed(bed: BoardBed, house: _House) -> str:
    if bed.confirmed_at is None or bed.confirmed_by is None:
        return gettext("Never confirmed")
    ago = house.ago(bed.confirmed_at)
    return gettext("Confirmed %(ago)s by %(who)s") % {"ago": ago, "who": house.who(bed.confirmed_by)}


def _old(bed: BoardBed, house: _House) -> str | None:
    """What the age of a confirmation does to a bed: it ranks lower, or is never held without a call."""
    age = None if bed.confirmed_at is None else house.clock.now() - bed.confirmed_at
    if age is None or age >= CALL_FIRST_AFTER:
        return gettext("Call first: nobody confirmed this bed within 12 hours")
    return gettext("Confirm: it ranks lower after 4 hours") if age >= OLD_AFTER else None


def _who(bed: BoardBed, stay: StayRead | None, house: _House) -> str | None:
    """Who has the bed tonight, by a code or not at all; which night it is, and who pays."""
    found, tonight = bed.tonight, house.clock.tonight()
    if found is None:
        return None
    if found.by == "hold":
        return gettext("Held for an offer until it is answered")
    code = gettext("Listed by the house")
    if stay is not None:
        code = _code(stay, house)
    if stay is not None and not stay.arrived:
        return gettext("%(code)s is expected") % {"code": code}
    if stay is not None and stay.id in house.left:
        return gettext("%(code)s has left this morning") % {"code": code}
    night = [] if stay is None else [gettext("night %(n)s") % {"n": (tonight - stay.admitted_on).days + 1}]
    if found.fund is None or found.paid_until is None:
        return ", ".join([code, *night])
    if found.paid_until - tonight > FAR:
        far = gettext("paid for more than %(nights)s") % {"nights": words.nights(FAR.days)}
        return ", ".join([code, *night, far]) + f" ({house.funds.get(found.fund, found.fund)})"
    last = words.day(found.paid_until - timedelta(days=1), tonight)
    more = gettext("paid through %(day)s") % {"day": last}
    if stay is not None:
        nth = (found.paid_until - stay.admitted_on).days
        more = gettext("paid through %(day)s, which is night %(n)s") % {"day": last, "n": nth}
    return ", ".join([code, *night, more]) + f" ({house.funds.get(found.fund, found.fund)})"


def _changed(change: BedChange, house: _House) -> str:
    at = words.clock_time(change.at, house.clock.zone, house.clock.tonight())
    turned = f"{status_words(change.was_status)} \u2192 {status_words(change.status)}"
    who = house.who(change.by) or gettext("by itself")
    return f"{at}: {turned}, {who}" + (f" ({gettext('undo')})" if change.undoes is not None else "")


def lost_race(session: Session, actor: Actor, bed_id: str, wanted: str, clock: Clock) -> str:
    """Both values, and who: what was pressed, and what stands there instead."""
    bed, change = session.get_one(Bed, bed_id), cards.last_change(session, bed_id)
    by = None if change is None else change.by
    who = (
        gettext("by itself")
        if by is None
        else gettext("by %(who)s") % {"who": called(session, actor, [by]).get(by, by)}
    )
    return gettext(
        "You pressed %(mine)s. Meanwhile %(bed)s was set to %(theirs)s %(who)s, %(ago)s. Nothing of yours was changed."
    ) % {
        "mine": wanted,
        "bed": bed.name,
        "theirs": status_words(bed.status),
        "who": who,
        "ago": words.ago(clock.now() if change is None else change.at, clock.now()),
    }
