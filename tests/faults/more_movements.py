"""Movements beside the plain way: a house's own list, confirming, excluded houses, and the next placement."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import func, select

from app.answers import runs
from app.beds import confirming
from app.beds import ledger as real
from app.beds import service as beds
from app.beds.models import BedNight, FormerBedNight, Hold, Movement
from app.beds.schemas import BedStatusChange, ConfirmationCreate
from app.exceptions import service as exceptions
from app.exceptions.schemas import ExceptionCreate
from app.facilities.models import Bed
from app.placements import next_placement
from app.placements.holding import Asked, ask
from app.placements.workflow import OfferCreate
from app.stays.models import Admission, Offer, Stay
from app.stays.schemas import NextCreate
from tests.faults.absences import BEDS, Absences
from tests.faults.model import KeptBed, days
from tests.faults.movements import GRANTED, HOUSES, Json, Living, pick

BOARD = {"bed_b2": "fac_b", "bed_c2": "fac_c", "bed_d1": "fac_d"}
"""Beds in which the houses put people of their own: the others stay free for whoever is referred."""


class EveryMovement(Absences):
    """All of them."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: dict[str, str] = {}
        """Who is in a bed by the house's own list: the resident's id by bed."""
        self.shortened: dict[str, dict[date, str | None]] = {}
        """Who paid the nights of a stay that its next placement took."""
        self.before: dict[str, str] = {}
        """The stay that a referral goes on from."""

    @rule(
        at=pick, status=st.sampled_from(["occupied", "occupied", "open", "cleaning"]), until=st.sampled_from([None, 2])
    )
    def say_on_the_board(self, at: int, status: str, until: int | None) -> None:
        """Somebody the house does not name is in a bed, or nobody is any more."""
        bed_id = sorted(BOARD)[at % len(BOARD)]
        bed: Bed = self.read(Bed, bed_id)
        said: Json = {"status": status, "version": bed.version}
        if status == "occupied":
            ends = None if until is None else self.tonight + timedelta(days=until)
            said["occupant"] = {"until": None if ends is None else ends.isoformat()}
        change, actor, tonight = BedStatusChange.model_validate(said), self.staff[BOARD[bed_id]], self.tonight
        done = self.written(
            f"board: {status}",
            lambda s: beds.set_status(s, actor, bed.facility_id, bed_id, change, None, self.now, tonight),
        )
        if done is None:
            return
        if bed_id in self.listed:
            self.ledger.vacate(self.listed.pop(bed_id), tonight)
        if status == "occupied":
            with self.database.reading() as session:
                rows = session.execute(
                    select(BedNight.night, BedNight.resident_id)
                    .where(BedNight.bed_id == bed_id, BedNight.resident_id.is_not(None), BedNight.night >= tonight)
                    .order_by(BedNight.night)
                ).all()
            self.listed[bed_id] = rows[0].resident_id
            taken = sorted(n for (b, n), _ in self.ledger.in_force(self.now).items() if b == bed_id and n > tonight)
            free_until = min([*taken, tonight + real.REACH])
            nights = days(tonight, (free_until if until is None else tonight + timedelta(days=until)) - real.NIGHT)
            self.ledger.occupy(self.listed[bed_id], bed_id, nights, self.now)

    @rule(name=st.sampled_from(HOUSES), awake=st.sampled_from([None, 0, 2]))
    def confirm(self, name: str, awake: int | None) -> None:
        """A house says that all is as it is shown, and who is awake: nobody moves by that."""
        new = ConfirmationCreate.model_validate({"awake_staff_tonight": awake})
        self.written("confirm", lambda s: confirming.confirm(s, self.staff[name], name, new, self.now, self.tonight))

    @precondition(lambda self: self.minors)
    @rule(at=pick, which=pick, keep_bed=st.booleans())
    def ask_where_nobody_pays(self, at: int, which: int, keep_bed: bool) -> None:
        """A bed for tonight alone, although nobody pays it."""
        found = self._excluded(at, which, lambda entry: all(code.startswith("funding.") for code in entry["failed"]))
        if found is not None:
            referral, run, entry = found
            self._asked_beside(referral, run, entry, keep_bed, unfunded_reason="no other bed tonight")

    @precondition(lambda self: self.minors)
    @rule(at=pick, which=pick, keep_bed=st.booleans(), lasts=st.sampled_from([1, 40, 4000]))
    def ask_by_exception(self, at: int, which: int, keep_bed: bool, lasts: int) -> None:
        """Each rule against a house is waived by whoever's it is, for so many hours, and the house is asked."""
        found = self._excluded(at, which, lambda entry: all(fix["waivable"] for fix in entry["fix"]))
        if found is None:
            return
        referral, run, entry = found
        for fix in entry["fix"]:
            body = ExceptionCreate.model_validate({
                "run": run, "facility": entry["facility"], "rule": fix["rule"],
                "party": fix["who"].replace(" ", "_"), "role": "Director", "reason": "a bed tonight",
                "until": (self.now + timedelta(hours=lasts)).isoformat(),
            })  # fmt: skip
            self._waived(referral, body)
        self._asked_beside(referral, run, entry, keep_bed)

    def _waived(self, referral: str, body: ExceptionCreate) -> None:
        self.written("except", lambda s: exceptions.add(s, self.coordinator, referral, body, self.now))

    def _excluded(self, at: int, which: int, fits: Any) -> tuple[str, str, Json] | None:
        """A house that a fresh decision excludes, if the referral still waits; else one of an old decision."""
        self.rank(at)
        referral = list(self.minors)[at % len(self.minors)]
        run, answer, _ = self.runs.get(referral, ("", {"excluded": []}, 0))
        entries = [entry for entry in answer["excluded"] if fits(entry)]
        return (referral, run, entries[which % len(entries)]) if entries else None

    def _asked_beside(self, referral: str, run: str, entry: Json, keep_bed: bool, **more: str) -> None:
        body = OfferCreate.model_validate({
            "run": run, "facility": entry["facility"], "authority": "court_order", "called": True,
            "choice_reason": "clinical_advice", **more,
        })  # fmt: skip
        what = "ask unfunded" if more else "ask by exception"
        made = self.attempt(what, lambda: ask(self.database, self.coordinator, Asked(referral, body, keep_bed)))
        if made is None:
            return
        offer: Offer = self.read(Offer, made.offer_id)
        self.offers[offer.id] = offer
        if offer.hold_id is not None:
            assert not offer.unfunded or self._tonight_alone(offer.hold_id)
            self._hold_as_it_is(offer.hold_id)

    def _tonight_alone(self, hold_id: str) -> bool:
        hold: Hold = self.read(Hold, hold_id)
        rows = self._rows_of(hold)
        return (hold.first_night, hold.until_night) == (self.tonight, self.tonight + real.NIGHT) and not any(
            rows.values()
        )

    def _hold_as_it_is(self, hold_id: str) -> None:
        """Who pays is in no decision: the engine gave the house no payers."""
        hold: Hold = self.read(Hold, hold_id)
        nights = days(hold.first_night, hold.until_night - real.NIGHT)
        kept = KeptBed(hold.minor_id, hold.bed_id, nights, hold.expires_at)
        self.ledger.hold(hold.id, kept, self._rows_of(hold), self.now)

    def _rows_of(self, hold: Hold) -> dict[date, str | None]:
        query = select(BedNight.night, BedNight.fund_id).where(
            BedNight.bed_id == hold.bed_id, BedNight.minor_id == hold.minor_id
        )
        with self.database.reading() as session:
            return dict(session.execute(query).all())

    def _held_by_a_yes(self, offer_id: str) -> None:
        offer: Offer = self.read(Offer, offer_id)
        with self.database.reading() as session:
            _, answer = runs.stored_run(session, offer.run_id)
        if offer.unfunded or any(entry["facility"] == offer.facility_id for entry in answer["excluded"]):
            self._hold_as_it_is(offer.hold_id or "")
        else:
            super()._held_by_a_yes(offer_id)

    @precondition(lambda self: any(living.arrived and not living.left for living in self.stays.values()))
    @rule(at=pick, ahead=st.sampled_from([None, 0, 1, 3]), nights=st.sampled_from([None, 2, 6]))
    def refer_on(self, at: int, ahead: int | None, nights: int | None) -> None:
        """The next placement is looked for, from the cliff on or from a night that is named."""
        here = [stay_id for stay_id, living in self.stays.items() if living.arrived and not living.left]
        stay_id = here[at % len(here)]
        needed = None if ahead is None else (self.tonight + timedelta(days=ahead)).isoformat()
        body = NextCreate.model_validate({"needed_from": needed, "nights_needed": nights})
        asked = self.attempt("refer on", lambda: next_placement.ask(self.database, self.coordinator, stay_id, body))
        if asked is None:
            return
        with self.database.reading() as session:
            _, answer = runs.stored_run(session, asked.run_id)
        self.minors[asked.referral_id] = self.stays[stay_id].minor
        self.before[asked.referral_id] = stay_id
        self.runs[asked.referral_id] = (asked.run_id, answer, self.steps)

    @precondition(lambda self: len(self.minors) > len(self.runs))
    @rule(at=pick, which=st.sampled_from([0, 0, 1, 2]))
    def come_in(self, at: int, which: int) -> None:
        """The plain way without a pause: decided, asked, a yes, and there."""
        waiting = [referral for referral in self.minors if referral not in self.runs]
        referral = waiting[at % len(waiting)]
        self.rank(list(self.minors).index(referral))
        if (stay := self._accepted(referral, which, keep_bed=True)) is not None:
            self.arrive(list(self.stays).index(stay))

    @precondition(lambda self: any(living.arrived and not living.left for living in self.stays.values()))
    @rule(at=pick, ahead=st.sampled_from([None, 0, 1, 3]), which=pick, keep_bed=st.booleans(), there=st.booleans())
    def go_elsewhere(self, at: int, ahead: int | None, which: int, keep_bed: bool, there: bool) -> None:
        """From one placement into the next without a pause; whoever is expected tonight arrives there, or does not."""
        known = set(self.minors)
        self.refer_on(at, ahead, 5)
        for referral in set(self.minors) - known:
            if (stay := self._accepted(referral, which, keep_bed)) is not None and there:
                self.arrive(list(self.stays).index(stay))

    def _accepted(self, referral: str, which: int, keep_bed: bool) -> str | None:
        """Ask a house of the latest decision, which says yes; the stay that begins, if one does."""
        if referral not in self.runs:
            return None
        asked, living = set(self.offers), set(self.stays)
        self.ask(list(self.runs).index(referral), which, keep_bed)
        for offer in set(self.offers) - asked:
            self.answer(list(self.offers).index(offer), True)
        return next(iter(set(self.stays) - living), None)

    def _had_reason(self, referral: str, keep_bed: bool) -> bool:
        """Nor are two beds kept for who has one until then."""
        own = keep_bed and referral in self.before and self.refused.code == "not_now"
        return own or super()._had_reason(referral, keep_bed)

    def _goes_on(self, offer: Offer) -> bool:
        """What a yes does to the stay before: it is shortened, or, where it is in the same house, goes on itself."""
        stay_id = self.before.get(offer.referral_id)
        if stay_id is None or self.stays[stay_id].left:
            return False
        living, stay = self.stays[stay_id], self.read(Stay, stay_id)
        if stay.left_on is not None:
            gone = self.ledger.vacate(stay_id, stay.left_on)
            self.shortened[stay_id] = {night: row.fund for night, row in gone.items()}
            living.leaves = stay.left_on
            return False
        with self.database.reading() as session:
            assert session.scalar(select(Admission.stay_id).where(Admission.offer_id == offer.id)) is None
            query = select(BedNight.night, BedNight.fund_id).where(BedNight.stay_id == stay_id)
            rows: Mapping[date, str | None] = dict(session.execute(query).all())
            repaid = session.scalars(
                select(FormerBedNight.night).where(
                    FormerBedNight.stay_id == stay_id,
                    FormerBedNight.movement == Movement.REPAID,
                    FormerBedNight.moved_at == self.now,
                )
            ).all()
        own = set(self.ledger.of_stay(stay_id))
        assert own <= set(rows), "a stay that goes on lost a night"
        for night in set(repaid):
            self.ledger.repay(stay_id, [night], rows[night])
            self.were.get(stay_id, {}).pop(night, None)
        for night in sorted(set(rows) - own):
            self.ledger.extend(stay_id, living.minor, stay.bed_id, [night], rows[night], self.now)
        return True

    def _never_came(self, living: Living, stay_id: str) -> None:
        """Whoever does not come is still where she or he was."""
        with self.database.reading() as session:
            referral = session.scalar(
                select(Offer.referral_id)
                .join(Admission, Admission.offer_id == Offer.id)
                .where(Admission.stay_id == stay_id)
            )
        was = self.before.get(referral or "")
        if was is not None and self.read(Stay, was).left_on is None:
            self.stays[was].left, self.stays[was].leaves, self.stays[was].card_known = False, None, False
            self._put_back(was, self.stays[was])

    def _put_back(self, stay_id: str, living: Living) -> None:
        """The nights of before until somebody else has the bed; with none from tonight on there is no bed."""
        had = self.shortened.pop(stay_id, {})
        if not had or living.bed is None:
            return
        taken = {
            n for (b, n), row in self.ledger.in_force(self.now).items() if living.bed == b or row.minor == living.minor
        }
        own = list(takewhile(lambda night: night not in taken, days(min(had), max(had))))
        wanted = {night: fund for night in own if (fund := had.get(night)) is not None}
        paid = self.ledger.reaches(living.minor, wanted, GRANTED, BEDS, self.now)
        for night in own:
            self.ledger.extend(stay_id, living.minor, living.bed, [night], had.get(night) if paid else None, self.now)
        if len(own) < len(days(min(had), max(had))) and (min(had) + timedelta(days=len(own))) <= self.tonight:
            living.bed, self.given[stay_id] = None, had

    @invariant()
    def the_house_s_own_list_is_the_model(self) -> None:
        """Every night of somebody whom a house lists, and the history of those."""
        with self.database.reading() as session:
            query = select(BedNight.bed_id, BedNight.night, BedNight.resident_id)
            rows = session.execute(query.where(BedNight.resident_id.is_not(None))).all()
            former = session.scalar(select(func.count()).where(FormerBedNight.resident_id.is_not(None)))
        assert {(bed, night): resident for bed, night, resident in rows} == {
            place: row.resident for place, row in self.ledger.nights.items() if row.resident is not None
        }
        assert former == self.ledger.former_listed
