"""Every ranking of tonight, confirmed by the checker that shares no code with the solver."""

from matching.check import faults
from matching.decision_form import decision_document
from matching.facts import Snapshot
from matching.ranking import rank


def unconfirmed(snapshot: Snapshot) -> dict[str, list[str]]:
    """The faults found in the ranking of each referral that waits; nothing for one that is confirmed."""
    found = {
        referral.id: faults(decision_document(rank(snapshot, referral.id)), snapshot) for referral in snapshot.referrals
    }
    return {referral: list(lines) for referral, lines in found.items() if lines}
