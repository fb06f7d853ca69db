"""Who may do what: the one table. A route names a permission, a role holds permissions, nothing else decides."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class AgencyKind(StrEnum):
    """What an agency is to a young person."""

    LAW_ENFORCEMENT = "law_enforcement"
    CHILD_PROTECTION = "child_protection"
    JUVENILE_COURT = "juvenile_court"
    PROBATION = "probation"
    SCHOOL = "school"
    HEALTH = "health"
    OUTREACH = "outreach"
    DROP_IN = "drop_in"
    SHELTER = "shelter"
    RESIDENTIAL = "residential"
    FUNDER = "funder"
    COALITION_LEAD = "coalition_lead"


class Role(StrEnum):
    """What a person or a key is there to do, within one agency."""

    INTAKE_COORDINATOR = "intake_coordinator"
    FACILITY_STAFF = "facility_staff"
    FUNDER_ANALYST = "funder_analyst"
    PARTNER = "partner"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing that a route may ask for. Which minors or houses it reaches is decided in `app/sharing`."""

    SELF = "self"
    """See one's own home page, sign out."""
    DIRECTORY_READ = "directory_read"
    DIRECTORY_WRITE = "directory_write"
    CONTINUUM_READ = "continuum_read"
    """See what agencies offer along the continuum of care, and whom to call: for whoever works with young people."""
    ADDRESS_WRITE = "address_write"
    """Enter where a house is; no route reads it back."""
    BED_STATUS_READ = "bed_status_read"
    BED_STATUS_WRITE = "bed_status_write"
    FUND_READ = "fund_read"
    FUND_WRITE = "fund_write"
    MINOR_READ = "minor_read"
    MINOR_WRITE = "minor_write"
    REFERRAL_READ = "referral_read"
    REFERRAL_WRITE = "referral_write"
    LOOKS_READ = "looks_read"
    """See who looked at the records of the own agency's young people."""
    RANKING_READ = "ranking_read"
    RANKING_RUN = "ranking_run"
    FINDINGS_WHOLE = "findings_whole"
    """See findings about other people too; each view needs a reason and is audited."""
    PLAN_READ = "plan_read"
    """See the plans for everyone who waits, as far as they are about the own referrals; the lead alone makes any."""
    PLAN_RUN = "plan_run"
    """Plan for everyone who waits at once: for the agency that leads the coalition."""
    HOLD_WRITE = "hold_write"
    """Hold a bed for a referral, put the question to a house, take it back."""
    EXCEPTION_SECOND = "exception_second"
    """Agree to a colleague's exception: a person who signed in, since two keys may be one person's."""
    OFFER_READ = "offer_read"
    OFFER_ANSWER = "offer_answer"
    ADDRESS_READ = "address_read"
    """See where a house is, on the way to it: for the people who bring a young person, never a program."""
    STAY_READ = "stay_read"
    STAY_WRITE = "stay_write"
    PAYER_CORRECT = "payer_correct"
    """Put right who paid nights that are over, with a reason: money is counted by it, so a supervisor signs in for it.

    Of the agency that placed, or of the one that runs the house. Who works in a house is not asked to say who pays it,
    and a fund's own people see counts, never a row about a young person.
    """
    NEXT_ASK = "next_ask"
    """Ask for what follows a stay: house staff too, for who walked in and is nobody else's to place."""
    RELEASE_READ = "release_read"
    RELEASE_WRITE = "release_write"
    IDENTITY_READ = "identity_read"
    """See who a young person is: of the own agency, and of another what a release or a law names to an agency that runs
    no house. It asks again who it is, and never a program; each look is on record."""
    IDENTITY_TOLD = "identity_told"
    """See what a release or a law names to the own house, once it has said yes: for those who receive her or him, and
    who stand in for them. Others of the same agency have no need to know."""
    MINOR_EXPUNGE_ASK = "minor_expunge_ask"
    """Ask that a young person's record be made unreadable for good."""
    MINOR_EXPUNGE_DECIDE = "minor_expunge_decide"
    """Agree to what somebody else asked for, or refuse it."""
    MINOR_SEARCH = "minor_search"
    """Ask whether the own agency has a young person's record: a person, twenty times within an hour."""
    IDENTITY_WRITE = "identity_write"
    """Enter who a young person is, which tells whoever enters it nothing."""
    EMERGENCY_ACCESS = "emergency_access"
    """See one record of another agency for an hour, when nobody can be asked: told at once, and reviewed."""
    EMERGENCY_REVIEW = "emergency_review"
    """Say whether a colleague's emergency access was justified: a person who signed in, like any second person."""
    ALERTS_READ = "alerts_read"
    """Be told who may be probing the engine; who reads no referral is told which agency does, and not for whom."""
    TASK_READ = "task_read"
    TASK_WRITE = "task_write"
    OVERSEE = "oversee"
    """A supervisor's own tasks, and the gaps of the own agency's referrals."""
    GAPS_READ = "gaps_read"
    """Read the gap audit, which is counts alone: what is published of the own funds; whoever leads, everything."""
    PEOPLE_READ = "people_read"
    PEOPLE_WRITE = "people_write"
    AUDIT_READ = "audit_read"
    WEBHOOK_WRITE = "webhook_write"
    """Name the programs of the own agency that are told, and see what they were told."""
    TEST_CLOCK = "test_clock"
    """Move the time of a demo; a deployment has no clock that can be moved, and no route that asks for this."""


P = Permission

_EVERYONE = frozenset({P.SELF})
_CASE_READ = frozenset(
    {P.MINOR_READ, P.REFERRAL_READ, P.RANKING_READ, P.OFFER_READ, P.ADDRESS_READ, P.STAY_READ, P.RELEASE_READ}
    | {P.PLAN_READ, P.LOOKS_READ, P.IDENTITY_READ}
)
_CASE_WRITE = frozenset(
    {P.MINOR_WRITE, P.REFERRAL_WRITE, P.RANKING_RUN, P.PLAN_RUN, P.HOLD_WRITE, P.NEXT_ASK, P.RELEASE_WRITE}
    | {P.EXCEPTION_SECOND, P.IDENTITY_WRITE, P.EMERGENCY_ACCESS, P.MINOR_EXPUNGE_ASK}
    | {P.MINOR_SEARCH}
)
_TASKS = frozenset({P.TASK_READ, P.TASK_WRITE})
_DIRECTORY = frozenset({P.DIRECTORY_READ, P.CONTINUUM_READ, P.FUND_READ, P.BED_STATUS_READ})

POLICY: Mapping[Role, frozenset[Permission]] = {
    Role.INTAKE_COORDINATOR: _EVERYONE | _DIRECTORY | _CASE_READ | _CASE_WRITE | _TASKS | {P.STAY_WRITE, P.TEST_CLOCK},
    Role.FACILITY_STAFF: _EVERYONE
    | {P.DIRECTORY_READ, P.BED_STATUS_READ, P.BED_STATUS_WRITE, P.OFFER_READ, P.OFFER_ANSWER, P.STAY_READ, P.STAY_WRITE}
    | {P.REFERRAL_READ, P.CONTINUUM_READ, P.NEXT_ASK, P.ADDRESS_WRITE, P.IDENTITY_READ, P.IDENTITY_TOLD}
    | _TASKS,
    # A funder sees counts, never a row about a minor.
    Role.FUNDER_ANALYST: _EVERYONE | {P.FUND_READ, P.FUND_WRITE, P.GAPS_READ},
    # Schools, courts, outreach: they flag and refer, and read what was shared with them.
    Role.PARTNER: _EVERYONE
    | {P.MINOR_READ, P.MINOR_WRITE, P.REFERRAL_READ, P.REFERRAL_WRITE, P.LOOKS_READ}
    | {P.IDENTITY_READ, P.IDENTITY_WRITE, P.MINOR_SEARCH, P.CONTINUUM_READ},
    Role.SUPERVISOR: _EVERYONE
    | _DIRECTORY
    | _CASE_READ
    | _CASE_WRITE
    | _TASKS
    | {P.STAY_WRITE, P.PAYER_CORRECT, P.FINDINGS_WHOLE, P.ALERTS_READ, P.OVERSEE, P.TEST_CLOCK}
    | {P.EMERGENCY_REVIEW, P.MINOR_EXPUNGE_DECIDE, P.IDENTITY_TOLD},
    Role.ADMINISTRATOR: _EVERYONE
    | _DIRECTORY
    | {P.DIRECTORY_WRITE, P.ADDRESS_WRITE, P.BED_STATUS_WRITE, P.FUND_WRITE, P.PEOPLE_READ}
    | {P.GAPS_READ}
    | {P.WEBHOOK_WRITE, P.TEST_CLOCK},
    # May let people in, and for that reason has no case access of their own.
    Role.SECURITY_ADMINISTRATOR: _EVERYONE | {P.PEOPLE_READ, P.PEOPLE_WRITE, P.AUDIT_READ, P.ALERTS_READ},
    Role.AUDITOR: _EVERYONE | {P.AUDIT_READ, P.PEOPLE_READ},
}

# What asks for a fresh sign-in cannot be asked of a key.
CLOSED_TO_KEYS: frozenset[Permission] = frozenset(
    {P.SELF, P.FINDINGS_WHOLE, P.ADDRESS_READ, P.PAYER_CORRECT, P.PEOPLE_WRITE, P.EXCEPTION_SECOND, P.IDENTITY_READ}
    | {P.EMERGENCY_ACCESS, P.EMERGENCY_REVIEW}
    | {P.MINOR_EXPUNGE_ASK, P.IDENTITY_TOLD, P.MINOR_EXPUNGE_DECIDE, P.MINOR_SEARCH}
)

# What reaches past the own case, or lets people in, asks again who it is; `Actor.fresh` says it of an address.
FRESH: frozenset[Permission] = frozenset(
    {P.FINDINGS_WHOLE, P.PEOPLE_WRITE, P.EXCEPTION_SECOND, P.IDENTITY_READ, P.EMERGENCY_ACCESS}
    | {P.MINOR_EXPUNGE_ASK, P.IDENTITY_TOLD, P.MINOR_EXPUNGE_DECIDE}
)
PROVED_WITHIN = timedelta(minutes=5)
BOARD: frozenset[Permission] = frozenset({P.SELF, P.BED_STATUS_READ, P.BED_STATUS_WRITE})
"""What stays open for the shift on a device of the house, when nobody has pressed anything for a while."""
