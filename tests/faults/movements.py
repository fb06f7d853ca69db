"""Every movement of the workflow, in any order, each told to the product and to the simple model of its ledger."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Select, func, select

from app.access.actor import Actor
from app.access.policy import AgencyKind, Role
from app.answers import runs
from app.answers.models import RankingRun
from app.beds import holds
from app.beds import ledger as real
from app.beds import service as beds
from app.beds.models import BedNight, FormerBedNight, Hold
from app.beds.schemas import BedStatusChange
from app.clock import MovableClock
from app.config import Settings
from app.db import Database
from app.errors import Problem
from app.facilities.models import Bed, BedStatus
from app.placements import due, offers, service
from app.placements.again import refer_again
from app.placements.holding import Asked, ask
from app.placements.rooms import suiting_rooms
from app.placements.snapshot import build
from app.placements.workflow import Answer, OfferCreate
from app.referrals.models import Referral, ReferralStatus
from app.referrals.schemas import ReferralAgain, ReferralCreate
from app.referrals.service import create_referral
from app.referrals.through import by_referral
from app.sealing import opening
from app.stays import movements
from app.stays import service as stays
from app.stays.codes import OfferStatus
from app.stays.models import Admission, Offer, Stay
from app.stays.schemas import DischargeCreate, ExtensionCreate, TransferCreate
from matching.clocks import past_of
from matching.codec import decode
from tests.conftest import EVENING
from tests.factories import EIGHT_ANSWERS, fund, house, load, network, new_agency
from tests.faults.model import KeptBed, Ledger, days
from tests.keys import keys_for_a_while
from tests.proofs import saw

Json = dict[str, Any]
HOUSES = ("fac_a", "fac_b", "fac_c", "fac_d")
GRANTED = {"fund_a": 60, "fund_b": 5, "fund_d": 60}
CAP = {"id": "cap_life", "limit": 9, "unit": "night", "window": "lifetime"}
REFUSALS = frozenset(
    {"bed_taken", "held_already", "offers_full", "referral_closed", "not_an_option", "money_held", "not_available",
     "safeguard_breach", "offer_ended", "hold_ran_out", "too_late", "not_now", "invalid", "conflict", "already_exists",
     "exception_needed", "asked_already"}
)  # fmt: skip
pick = st.integers(min_value=0, max_value=999)


@dataclass
class Living:
    """A stay, as the machine knows it."""

    minor: str
    facility: str
    bed: str | None
    admitted_on: date
    arrived: bool = False
    left: bool = False
    leaves: date | None = None
    """From that night on in the next placement."""
    card_known: bool = True
    """Whether the bed's card still tells of this stay."""


class Movements(RuleBasedStateMachine):
    """Two houses with two beds each, a fund with few nights, and whatever people may do."""

    fresh_url: ClassVar[Callable[[], AbstractContextManager[str]]]

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        url, keys = self.open.enter_context(type(self).fresh_url()), self.open.enter_context(keys_for_a_while())
        settings = Settings(database_url=url, keys=keys)
        self.clock = MovableClock(settings.time_zone, settings.night_turns_at, EVENING)
        self.database = Database(settings.database_url, self.clock, opening.keyring(settings))
        self.open.callback(self.database.close)
        agencies = {name: new_agency(self.database, AgencyKind.RESIDENTIAL) for name in HOUSES}
        caps: Json = {"fund_a": {"beds_per_night": 3, "clocks": [CAP]}, "fund_b": {}, "fund_d": {"max_age": 13}}
        funds = [fund(name, nights_left=nights, **caps[name]) for name, nights in GRANTED.items()]
        # One that does not take everybody, and one that nobody pays for whoever is this old.
        own: Json = {"fac_c": {"declines": ["arson"]}, "fac_d": {"funds": ["fund_d"]}}
        houses = [house(name, **{"funds": ["fund_a", "fund_b"], **own.get(name, {})}) for name in HOUSES]
        load(self.database, network(*houses, funds=funds), operators=agencies)
        self.coordinator = Actor(
            agency_id=new_agency(self.database),
            kind=AgencyKind.CHILD_PROTECTION,
            role=Role.INTAKE_COORDINATOR,
            person_id="pers_c",
        )
        self.staff = {
            name: Actor(
                agency_id=agency, kind=AgencyKind.RESIDENTIAL, role=Role.FACILITY_STAFF, person_id=f"pers_{name}"
            )
            for name, agency in agencies.items()
        }
        self.ledger = Ledger()
        self.minors: dict[str, str] = {}
        self.runs: dict[str, tuple[str, Json, int]] = {}
        self.offers: dict[str, Offer] = {}
        self.stays: dict[str, Living] = {}
        self.steps = 0
        self.refused = Problem("internal")

    def teardown(self) -> None:
        """Give the database back."""
        saw("movements of the ledger against a simple model of it", self.steps)
        self.open.close()

    @property
    def now(self) -> datetime:
        """The instant of the movement."""
        return self.clock.now()

    @property
    def tonight(self) -> date:
        """Its night."""
        return self.clock.tonight()

    def attempt(self, what: str, act: Callable[[], Any]) -> Any:
        """Do it, or be refused for a reason that is known: then nothing may have changed."""
        self.steps += 1
        # No two movements have one instant.
        self.clock.move(timedelta(milliseconds=1))
        try:
            done = act()
        except real.Taken as taken:
            event(f"{what}: taken {taken.what}")
            return None
        except Problem as refusal:
            if refusal.code not in REFUSALS:
                raise
            event(f"{what}: {refusal.code}")
            self.refused = refusal
            return None
        event(f"{what}: done")
        return done

    def written(self, what: str, act: Callable[[Any], Any]) -> Any:
        """The same in a writing session."""

        def whole() -> Any:
            with self.database.writing() as session:
                return act(session)

        return self.attempt(what, whole)

    @precondition(lambda self: len(self.minors) < 8)
    @rule(nights=st.sampled_from([1, 2, 4, 7, None]), ahead=st.sampled_from([0, 0, 1, 2]), arson=st.booleans())
    def refer(self, nights: int | None, ahead: int, arson: bool) -> None:
        """Someone needs a bed."""
        needed = (self.tonight + timedelta(days=ahead)).isoformat()
        needs = {"infants": 0, "conditions": ["arson"] if arson else []}
        minor = {**EIGHT_ANSWERS["minor"], "needs": needs}
        new = ReferralCreate.model_validate({"minor": minor, "needed_from": needed, "nights_needed": nights})
        made = self.written("refer", lambda s: create_referral(s, self.coordinator, new, self.now, self.tonight))
        self.minors[made.id] = made.minor.id

    @precondition(lambda self: any(living.left for living in self.stays.values()))
    @rule(at=pick, nights=st.sampled_from([2, 5, 9]))
    def refer_again(self, at: int, nights: int) -> None:
        """Someone who has left needs a bed again."""
        gone = sorted({living.minor for living in self.stays.values() if living.left})
        minor = gone[at % len(gone)]
        before = next(referral for referral, of in self.minors.items() if of == minor)
        new = ReferralAgain.model_validate({"needed_from": self.tonight.isoformat(), "nights_needed": nights})
        made = self.written(
            "refer again", lambda s: refer_again(s, self.coordinator, by_referral(before), new, self.now, self.tonight)
        )
        if made is not None:
            assert made.minor.id == minor
            self.minors[made.id] = minor

    def status(self, referral: str) -> ReferralStatus:
        """Where a referral stands."""
        with self.database.reading() as session:
            return session.get_one(Referral, referral).status

    @precondition(lambda self: self.minors)
    @rule(at=pick)
    def rank(self, at: int) -> None:
        """Decide where someone could go."""
        referral = list(self.minors)[at % len(self.minors)]
        decided = self.attempt("rank", lambda: service.rank(self.database, self.coordinator, referral))
        if decided is not None:
            self.runs[referral] = (decided.run_id, decided.answer, self.steps)

    @precondition(lambda self: self.runs)
    @rule(at=pick, which=pick, keep_bed=st.sampled_from([True, True, False]))
    def ask(self, at: int, which: int, keep_bed: bool) -> None:
        """Ask a house of a decision, which may be old, and keep the bed meanwhile or not."""
        referral = list(self.runs)[at % len(self.runs)]
        run, answer, ranked = self.runs[referral]
        entries = [entry for entry in (*answer["options"], *answer["later"]) if entry.get("bed")]
        if not entries:
            return
        body = OfferCreate.model_validate(
            {
                "run": run,
                "facility": entries[which % len(entries)]["facility"],
                "authority": "court_order",
                "choice_reason": "clinical_advice",
                "called": True,
            }
        )
        fresh = ranked == self.steps
        made = self.attempt("ask", lambda: ask(self.database, self.coordinator, Asked(referral, body, keep_bed)))
        if made is None:
            with self.database.reading() as session:
                open_ones = offers.list_offers(session, self.coordinator, referral, self.now)
            asked = any(offer.status is OfferStatus.OPEN for offer in open_ones)
            assert not fresh or asked or self._had_reason(referral, keep_bed), (
                f"a fresh option was refused: {self.refused.detail or self.refused}"
            )
            return
        self.offers[made[0]] = self.read(Offer, made[0])
        self._held(made[0])

    def _had_reason(self, referral: str, keep_bed: bool) -> bool:
        """Why even a fresh option is refused: a bed that a fund pays is counted where it is held, not where ranked."""
        held = any(row.hold is not None and row.fund is not None for row in self.ledger.in_force(self.now).values())
        return self.refused.code == "money_held" and held

    def _held(self, offer_id: str) -> None:
        offer = self.read(Offer, offer_id)
        if offer.hold_id is None:
            return
        hold: Hold = self.read(Hold, offer.hold_id)
        with self.database.reading() as session:
            _, answer = runs.stored_run(session, offer.run_id)
        funds = _funds(answer, offer.facility_id)
        nights = days(hold.first_night, hold.until_night - real.NIGHT)
        self.ledger.hold(hold.id, KeptBed(hold.minor_id, hold.bed_id, nights, hold.expires_at), funds, self.now)

    @precondition(lambda self: self.offers)
    @rule(at=pick, accept=st.sampled_from([True, True, False]))
    def answer(self, at: int, accept: bool) -> None:
        """A house says yes or no."""
        offer = self._offer(at)
        said = Answer.model_validate(
            {"accept": True} if accept else {"accept": False, "decided_by": "facility", "reason": "no_bed"}
        )
        actor = self.staff[offer.facility_id]
        done = self.attempt(
            "accept" if accept else "decline",
            lambda: offers.answer(self.database, actor, offer.facility_id, offer.id, said),
        )
        if done is None:
            return
        if not accept:
            self._drop(offer.hold_id)
            return
        for other in self.offers.values():
            if other.referral_id == offer.referral_id and other.id != offer.id:
                self._drop(other.hold_id if self.read(Offer, other.id).status is OfferStatus.STOOD_DOWN else None)
        if self._goes_on(offer):
            return
        taken = self.read(Offer, offer.id)
        if taken.hold_id != offer.hold_id:
            # It kept no bed, or was judged again since something had changed.
            self._drop(offer.hold_id)
            self._held_by_a_yes(offer.id)
        with self.database.reading() as session:
            stay_id = session.scalar(select(Admission.stay_id).where(Admission.offer_id == offer.id)) or ""
        stay: Stay = self.read(Stay, stay_id)
        self.ledger.accept(taken.hold_id or "", stay.id)
        self.stays[stay.id] = Living(stay.minor_id, offer.facility_id, stay.bed_id, stay.admitted_on)

    def _goes_on(self, offer: Offer) -> bool:
        """Whether a yes lets a stay go on that there is, instead of beginning one."""
        return False

    def _never_came(self, living: Living, stay_id: str) -> None:
        """What it does elsewhere that somebody does not come."""

    def _held_by_a_yes(self, offer_id: str) -> None:
        """A question that kept no bed takes one, on the latest decision for the referral."""
        offer = self.read(Offer, offer_id)
        hold: Hold = self.read(Hold, offer.hold_id or "")
        with self.database.reading() as session:
            latest = session.scalars(
                select(RankingRun)
                .where(RankingRun.referral_id == offer.referral_id)
                .order_by(RankingRun.decided_at.desc())
            ).all()
            answers = {run.id: runs.stored_run(session, run.id)[1] for run in latest}
            rows = session.execute(
                select(BedNight.night, BedNight.fund_id).where(
                    BedNight.bed_id == hold.bed_id, BedNight.minor_id == hold.minor_id
                )
            ).all()
        funds = dict(rows)
        assert any(
            {n: f for n, f in _funds(answer, offer.facility_id).items() if n in funds}
            == {n: f for n, f in funds.items() if f}
            for answer in answers.values()
        ), "nobody decided these payers"
        nights = days(hold.first_night, hold.until_night - real.NIGHT)
        self.ledger.hold(hold.id, KeptBed(hold.minor_id, hold.bed_id, nights, hold.expires_at), funds, self.now)

    @precondition(lambda self: self.offers)
    @rule(at=pick, undo=st.booleans())
    def withdraw(self, at: int, undo: bool) -> None:
        """The question is taken back."""
        offer = self._offer(at)
        done = self.written(
            "undo" if undo else "withdraw",
            lambda s: offers.withdraw(s, self.coordinator, offer.referral_id, offer.id, self.now, undo=undo),
        )
        if done is not None:
            self._drop(offer.hold_id)

    @rule(minutes=st.sampled_from([5, 11, 119, 120, 121, 600, 1440, 4320]))
    def time_passes(self, minutes: int) -> None:
        """Holds run out, nights go by."""
        self.steps += 1
        self.clock.move(timedelta(minutes=minutes))

    @rule()
    def what_is_due(self) -> None:
        """The worker does what time has brought: nothing that ran out is left, and no card tells of it."""
        self.steps += 1
        due.run(self.database)
        for hold, kept in self.ledger.holds.items():
            if kept.expires_at <= self.now:
                self.ledger.drop(hold)
        with self.database.reading() as session:
            assert holds.run_out(session, self.now) == []
            kept_for = {(hold.bed_id, hold.referral_id) for hold in holds.in_force(session, self.now)}
            coming = set(session.scalars(_coming()))
            for bed in session.scalars(select(Bed).where(Bed.status == BedStatus.HELD)):
                assert bed.id in coming or (bed.id, bed.held_for) in kept_for

    @precondition(lambda self: self.stays)
    @rule(at=pick)
    def arrive(self, at: int) -> None:
        """Someone comes."""
        stay_id, living = self._stay(at)
        tonight = self.tonight
        if self._moved("arrive", living, lambda s, a: stays.arrive(s, a, stay_id, self.now, tonight)):
            self.ledger.vacate(stay_id, living.admitted_on, tonight)
            living.admitted_on, living.arrived = max(living.admitted_on, tonight), True
            if not self.ledger.of_stay(stay_id):
                self.ledger.extend(stay_id, living.minor, living.bed or "", [tonight], None, self.now)

    @precondition(lambda self: self.stays)
    @rule(at=pick)
    def never_come(self, at: int) -> None:
        """Someone does not come."""
        stay_id, living = self._stay(at)
        if self._moved("not arrived", living, lambda s, a: stays.not_arrived(s, a, stay_id, self.now, self.tonight)):
            self.ledger.vacate(stay_id, living.admitted_on)
            living.left = True
            self._never_came(living, stay_id)

    @precondition(lambda self: self.stays)
    @rule(at=pick, back=st.sampled_from([0, 0, 1, 3]))
    def leave(self, at: int, back: int) -> None:
        """Someone leaves, or left some nights ago."""
        stay_id, living = self._stay(at)
        left_on = self.tonight - timedelta(days=back)
        body = DischargeCreate.model_validate({"reason": "completed", "destination": "family", "left_on": left_on})
        if self._moved("leave", living, lambda s, a: stays.discharge(s, a, stay_id, body, self.now, self.tonight)):
            self.ledger.vacate(stay_id, left_on)
            living.left = True

    @precondition(lambda self: self.stays)
    @rule(at=pick, which=pick)
    def move(self, at: int, which: int) -> None:
        """Another bed of the house."""
        stay_id, living = self._stay(at)
        letter = living.facility[-1]
        bed = f"bed_{letter}{1 + which % 2}"
        wanted = TransferCreate.model_validate({"bed": bed})
        done = self._moved(
            "move",
            living,
            lambda s, a: movements.move_to_bed(s, a, stay_id, wanted, self.now, self.tonight, rooms=suiting_rooms),
        )
        if done:
            first = max(living.admitted_on, self.tonight)
            had, living.bed = {} if living.bed is not None else self._come_back(stay_id, first), bed
            ends = max(self.read(Stay, stay_id).expected_until, first + real.NIGHT)
            self.ledger.move(stay_id, living.minor, bed, first, (living.leaves, ends), had, self.now)

    def _come_back(self, stay_id: str, first: date) -> dict[date, str | None]:
        """The nights of somebody who gave a bed up and has one again, and who pays them."""
        return {}

    @precondition(lambda self: self.stays)
    @rule(at=pick, more=st.integers(1, 5))
    def extend(self, at: int, more: int) -> None:
        """More nights."""
        stay_id, living = self._stay(at)
        own = self.ledger.of_stay(stay_id)
        first = own[-1] + real.NIGHT if own else living.admitted_on
        until = first + timedelta(days=more)
        body = ExtensionCreate.model_validate({"until": until})
        free = living.bed is not None and self.ledger.free(
            living.bed, living.minor, days(first, until - real.NIGHT), self.now
        )
        if self._moved(
            "extend",
            living,
            lambda s, a: movements.extend(s, a, stay_id, body, self.now, self.tonight, rooms=suiting_rooms),
        ):
            assert free
            nights = days(first, until - real.NIGHT)
            self.ledger.extend(stay_id, living.minor, living.bed or "", nights, None, self.now)

    @precondition(lambda self: self.stays)
    @rule(at=pick, back=st.integers(1, 4), payer=st.sampled_from(["fund_a", None]))
    def correct(self, at: int, back: int, payer: str | None) -> None:
        """Someone says who really paid a night that is over."""
        stay_id = list(self.stays)[at % len(self.stays)]
        night = self.tonight - timedelta(days=back)
        paid = {night: real.Payer(payer)}
        actor = replace(self.coordinator, role=Role.SUPERVISOR, person_id="pers_s")
        done = self.written(
            "correct",
            lambda s: movements.correct(s, actor, stay_id, paid, "The invoice says so.", self.now, self.tonight),
        )
        if done is not None:
            self.ledger.repay(stay_id, [night], payer)

    @rule(at=pick)
    def clean(self, at: int) -> None:
        """A bed that was left is ready again."""
        with self.database.reading() as session:
            left = session.scalars(select(Bed).where(Bed.status == BedStatus.CLEANING).order_by(Bed.id)).all()
        if left:
            bed = left[at % len(left)]
            change = BedStatusChange.model_validate({"status": "open", "version": bed.version})
            actor = self.staff[bed.facility_id]
            self.written(
                "clean",
                lambda s: beds.set_status(s, actor, bed.facility_id, bed.id, change, None, self.now, self.tonight),
            )

    @invariant()
    def the_ledger_is_the_model(self) -> None:
        """Every night has the holder and the payer that the model says, and the history has grown by as much."""
        with self.database.reading() as session:
            kept = BedNight.minor_id, BedNight.hold_id, BedNight.stay_id, BedNight.fund_id
            query = select(BedNight.bed_id, BedNight.night, *kept).where(BedNight.resident_id.is_(None))
            rows = session.execute(query).all()
            former = session.scalar(select(func.count()).where(FormerBedNight.stay_id.is_not(None)))
        assert {(row[0], row[1]): tuple(row[2:]) for row in rows} == {
            p: tuple(r)[:4] for p, r in self.ledger.nights.items() if r.resident is None
        }
        assert former == self.ledger.former

    @invariant()
    def every_count_is_a_count_over_the_ledger(self) -> None:
        """Nights left, occupancy and caps, as a decision would see them, against the model."""
        with self.database.reading() as session:
            seen = build(session, self.now, self.tonight)
            tonight = {"first": self.tonight, "until": self.tonight + real.NIGHT, "now": self.now}
            full = {n: session.scalar(select(real.FULLEST), {"house": n, **tonight}) for n in HOUSES}
        counted = self.ledger.in_force(self.now)
        for name in HOUSES:
            assert full[name] == sum(bed[4] == name[-1] and night == self.tonight for bed, night in counted)
        for row in seen["funds"]:
            used = sum(night.fund == row["id"] for night in counted.values())
            assert row["limits"][0]["nights_left"] == max(0, GRANTED[row["id"]] - used)
        self._caps(seen)

    def _caps(self, seen: Json) -> None:
        """What a cap has seen of each young person who waits is what the ledger has of them."""
        snapshot = decode(seen)
        minors = {minor.id: minor for minor in snapshot.minors}
        for referral in snapshot.referrals:
            own = [stay for stay in snapshot.stays if stay.minor == referral.minor]
            for payer in snapshot.funds:
                for cap in payer.limits[0].clocks:
                    past = past_of(cap, payer.id, minors[referral.minor], own, "fac_a", None, self.tonight, ())
                    assert len(past.paid) == self.ledger.paid(referral.minor, payer.id, self.tonight)

    @invariant()
    def cards_follow_the_ledger(self) -> None:
        """No card calls a bed open in which someone sleeps tonight, or held without a hold or an arrival to come."""
        with self.database.reading() as session:
            cards = {bed.id: bed for bed in session.scalars(select(Bed))}
            kept = {hold.bed_id for hold in session.scalars(select(Hold).where(Hold.ended_at.is_(None)))}
            coming = set(session.scalars(_coming()))
        for stay in self.stays.values():
            goes = stay.leaves is not None and stay.leaves <= self.tonight
            if stay.arrived and not stay.left and not goes and stay.card_known and stay.bed is not None:
                assert cards[stay.bed].status is BedStatus.OCCUPIED
        for bed in cards.values():
            if bed.status is BedStatus.HELD:
                assert bed.id in kept | coming
        for hold_id, hold in self.ledger.holds.items():
            row = self.ledger.nights.get((hold.bed, self.tonight))
            if (
                row is not None
                and row.hold == hold_id
                and hold.expires_at > self.now
                and hold.nights[0] == self.tonight
            ):
                assert cards[hold.bed].status is BedStatus.HELD

    def read(self, table: type[Any], identifier: str) -> Any:
        """A row as it stands."""
        with self.database.reading() as session:
            return session.get_one(table, identifier)

    def _offer(self, at: int) -> Offer:
        found: Offer = self.read(Offer, list(self.offers)[at % len(self.offers)])
        return found

    def _stay(self, at: int) -> tuple[str, Living]:
        stay_id = list(self.stays)[at % len(self.stays)]
        living = self.stays[stay_id]
        living.left = living.left or (living.leaves is not None and living.leaves <= self.tonight)
        return stay_id, living

    def _moved(self, what: str, living: Living, act: Callable[[Any, Actor], Any]) -> bool:
        # A house sees no stay that has ended: there the agency tries.
        actor = self.coordinator if living.left else self.staff[living.facility]
        done = self.written(what, lambda session: act(session, actor)) is not None
        assert not (done and living.left)
        return done

    def _drop(self, hold: str | None) -> None:
        if hold is not None:
            self.ledger.drop(hold)


def _coming() -> Select[Any]:
    """Beds that are kept for somebody on the way."""
    awaited = select(Stay.bed_id).join(Admission, Admission.stay_id == Stay.id)
    return awaited.where(Admission.arrived_at.is_(None), Stay.left_on.is_(None), Stay.bed_id.is_not(None))


def _funds(answer: Json, facility: str) -> dict[date, str | None]:
    """Who pays which night of a decision's option."""
    entry = next(e for e in (*answer["options"], *answer["later"]) if e["facility"] == facility)
    return {
        night: payer["fund"]
        for payer in entry["payers"]
        for night in days(date.fromisoformat(payer["from"]), date.fromisoformat(payer["until"]) - real.NIGHT)
    }
