"""Young people whom agencies of the invented state have flagged, so that a newcomer sees the shared record at work.

By the services that people use: flags, services, papers, an agreement, a conference to come, who offers what.
"""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.models import Agency, Person
from app.access.policy import Role
from app.clock import Clock
from app.demo.directory import AGENCIES
from app.facilities import continuum
from app.facilities.continuum import CareSent
from app.facilities.continuum_models import CareKind
from app.minors import activities, conferences, flags
from app.minors.conference_schemas import ConferenceSent, ConferenceTaskSent, DecisionSent
from app.minors.record_models import ActivityKind, FlagBasis, FlagLevel, Indicator, ScreenLevel
from app.minors.record_schemas import ActivitySent, FlagSent, MinorSent, Screening
from app.referrals.models import Referral, ReferralStatus
from app.referrals.through import Kind, Through
from app.releases import agreements
from app.releases import service as releases
from app.releases.schemas import AgreementSent, ReleaseCreate, SignatureSent, SignerSent
from app.sharing.codes import Given, Item, Purpose
from app.sharing.signers import SignerRelation

HOLDS = timedelta(days=90)
OFFERED = (
    ("drop_in", CareKind.DROP_IN, "Meals and showers", "Whoever comes", "555-0161", "Noon to midnight"),
    (
        "drop_in",
        CareKind.OUTREACH,
        "Outreach at night",
        "Young people outside",
        "555-0162",
        "Eight in the evening to four",
    ),
    ("shelters", CareKind.EMERGENCY_SHELTER, "Emergency shelter", "Runaway youth", "555-0163", "Day and night"),
    ("meadow", CareKind.AFTERCARE, "Mentors and groups", "Who has left a house", "555-0164", "Weekdays, nine to six"),
    ("lead", CareKind.PREVENTION, "Evenings for schools", "Schools, parents", "555-0165", "Weekdays, nine to five"),
)
CONTACT = "Person on duty"


def flag_some(session: Session) -> None:
    """Two young people who wait for a bed, and one of whom the drop-in alone knows."""
    clock: Clock = session.info["clock"]
    intake, drop_in = _actor(session, "coordinator"), _actor(session, "outreach")
    waiting = select(Referral.minor_id).where(
        Referral.agency_id == intake.agency_id, Referral.status == ReferralStatus.OPEN
    )
    known = session.scalars(waiting.order_by(Referral.code).limit(2)).all()
    if len(known) < 2:
        return
    first, second = known
    flags.add(session, intake, first, _verified(clock.today()), clock)
    flags.add(session, intake, second, _screened(clock.today()), clock)
    _enter(session, intake, first, clock, (9, ActivityKind.MEDICAL), (6, ActivityKind.CASE_MANAGEMENT),
           (2, ActivityKind.SAFETY_PLAN))  # fmt: skip
    seen = flags.begin(session, drop_in, MinorSent(flag=_observed(clock.today())), clock)
    _enter(session, drop_in, seen, clock, (12, ActivityKind.OUTREACH_CONTACT), (5, ActivityKind.DROP_IN_VISIT),
           (1, ActivityKind.COUNSELING))  # fmt: skip
    _release(session, intake, first, drop_in.agency_id, clock, Item.FLAGS, Item.SUPPORT)
    _release(session, drop_in, seen, intake.agency_id, clock, Item.FLAGS, Item.OUTREACH)
    _agree(session, clock, intake, drop_in)
    _confer(session, clock, intake, drop_in, first)
    for key, kind, name, whom, phone, hours in OFFERED:
        body = CareSent(kind=kind, name=name, for_whom=whom, counties=[], contact=CONTACT, phone=phone, hours=hours)
        continuum.add(session, _of(session, key), body, clock.now())


def _verified(today: date) -> FlagSent:
    seen = [Indicator.TRADED, Indicator.OLDER_COMPANION, Indicator.SEVERAL_PHONES]
    return FlagSent(level=FlagLevel.VERIFIED, basis=FlagBasis.DISCLOSURE, indicators=seen, review_by=today + HOLDS)


def _screened(today: date) -> FlagSent:
    tool = Screening(tool="cse_it", version="2.0", on=today - timedelta(days=3), level=ScreenLevel.POSSIBLE_CONCERN)
    return FlagSent(level=FlagLevel.AT_RISK, basis=FlagBasis.SCREENING, indicators=[Indicator.MISSING_OFTEN],
                    screening=tool, review_by=today + HOLDS)  # fmt: skip


def _observed(today: date) -> FlagSent:
    seen = [Indicator.HOTELS, Indicator.AFRAID]
    return FlagSent(level=FlagLevel.AT_RISK, basis=FlagBasis.OBSERVATION, indicators=seen, review_by=today + HOLDS)


def _enter(session: Session, actor: Actor, minor_id: str, clock: Clock, *what: tuple[int, ActivityKind]) -> None:
    for days, kind in what:
        on = clock.today() - timedelta(days=days)
        activities.add(session, actor, minor_id, ActivitySent(kind=kind, on=on), clock)


def _release(session: Session, actor: Actor, minor_id: str, to: str, clock: Clock, *items: Item) -> None:
    signers = [SignerSent(relation=SignerRelation.MINOR), SignerSent(relation=SignerRelation.PARENT, abuser=False)]
    body = ReleaseCreate(
        recipient=to, purpose=Purpose.TREATMENT, items=list(items), signers=signers, given=Given.WRITTEN,
        explained=True, valid_until=clock.now() + HOLDS,
    )  # fmt: skip
    releases.add(session, actor, Through(Kind.MINOR, minor_id), body, clock.now())


def _agree(session: Session, clock: Clock, *shares: Actor) -> None:
    lead, now = _of(session, "lead"), clock.now()
    body = AgreementSent(
        name="Memorandum of the county's agencies", approval="Counsel of the coalition, this fall",
        items=[Item.FLAGS, Item.MISSING], valid_until=now + timedelta(days=365),
    )  # fmt: skip
    agreement = agreements.add(session, lead, body, now).id
    for actor in shares:
        agreements.sign(session, actor, agreement, SignatureSent(signed=True, shares=True), now)
    agreements.sign(session, _of(session, "police"), agreement, SignatureSent(signed=True), now)


def _confer(session: Session, clock: Clock, intake: Actor, drop_in: Actor, minor_id: str) -> None:
    """One that was held this week, with a task for the drop-in, and one to come."""
    others = [drop_in.agency_id, _of(session, "police").agency_id, _of(session, "lead").agency_id]

    def call(days: int) -> str:
        on = (clock.now() + timedelta(days)).astimezone(clock.zone)
        ten = on.replace(hour=10, minute=0, second=0, microsecond=0)
        body = ConferenceSent(name="The county's team", held_at=ten, agencies=others)
        return conferences.call(session, intake, body, clock).id

    held = call(-2)
    call(5)
    case = conferences.put(session, intake, held, minor_id, clock).id
    decided = DecisionSent(words="A bed first. School from the house, and the same mentor as before.")
    conferences.decide(session, intake, held, case, decided, clock)
    due = clock.today() + timedelta(days=4)
    task = ConferenceTaskSent(words="Bring what was left at the drop-in", agency=drop_in.agency_id, due_on=due)
    conferences.give(session, intake, held, case, task, clock)


def _actor(session: Session, key: str) -> Actor:
    """Somebody of the demo, by the key of their card."""
    person = session.scalars(select(Person).where(Person.email == f"{key}@demo.example")).one()
    kind = session.get_one(Agency, person.agency_id).kind
    return Actor(agency_id=person.agency_id, kind=kind, role=person.role, person_id=person.id)


def _of(session: Session, key: str) -> Actor:
    """An agency's own administration."""
    name = next(card.name for card in AGENCIES if card.key == key)
    agency = session.scalars(select(Agency).where(Agency.name == name)).one()
    return Actor(agency_id=agency.id, kind=agency.kind, role=Role.ADMINISTRATOR)
