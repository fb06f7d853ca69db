"""What a key may do, in words of the pages."""

from app.access.policy import Permission
from app.web.translation import marked

P = Permission
MAY = {
    P.DIRECTORY_READ: marked("Read houses, units and beds"),
    P.DIRECTORY_WRITE: marked("Change houses, units and beds"),
    P.ADDRESS_WRITE: marked("Enter where a house is"),
    P.BED_STATUS_READ: marked("Read what beds are"),
    P.BED_STATUS_WRITE: marked("Say what beds are"),
    P.FUND_READ: marked("Read funds"),
    P.FUND_WRITE: marked("Change funds"),
    P.MINOR_READ: marked("Read profiles of young people, without identity"),
    P.MINOR_WRITE: marked("Change profiles of young people"),
    P.CONTINUUM_READ: marked("Read which agency offers what"),
    P.REFERRAL_READ: marked("Read referrals"),
    P.REFERRAL_WRITE: marked("Make and change referrals"),
    P.LOOKS_READ: marked("Read who looked at a record"),
    P.RANKING_READ: marked("Read decisions"),
    P.RANKING_RUN: marked("Ask for decisions"),
    P.PLAN_READ: marked("Read plans for everyone who waits"),
    P.PLAN_RUN: marked("Plan for everyone who waits"),
    P.HOLD_WRITE: marked("Hold beds and ask houses"),
    P.OFFER_READ: marked("Read what houses are asked"),
    P.OFFER_ANSWER: marked("Answer for a house"),
    P.STAY_READ: marked("Read stays"),
    P.STAY_WRITE: marked("Record arrivals, moves and ends of stays"),
    P.NEXT_ASK: marked("Ask for what follows a stay"),
    P.RELEASE_READ: marked("Read releases of information"),
    P.RELEASE_WRITE: marked("Record releases of information"),
    P.IDENTITY_WRITE: marked("Enter who a young person is, and read nothing"),
    P.ALERTS_READ: marked("Read alerts"),
    P.TASK_READ: marked("Read tasks"),
    P.TASK_WRITE: marked("Finish tasks"),
    P.OVERSEE: marked("Read a supervisor's tasks and gaps"),
    P.GAPS_READ: marked("Read the gap audit"),
    P.PEOPLE_READ: marked("Read who works at the agency"),
    P.AUDIT_READ: marked("Read the audit trail"),
    P.WEBHOOK_WRITE: marked("Name programs that are told"),
    P.TEST_CLOCK: marked("Move the clock of a demo"),
}
"""Of everything that a key may hold; what asks for a fresh proof is closed to keys."""


def said_of(permission: Permission) -> str:
    """The words, or the code of one that has none yet."""
    return MAY.get(permission, permission.value)
