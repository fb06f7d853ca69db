"""The field's codes along the way from a question to a house to the end of a stay."""

from enum import StrEnum


class OfferStatus(StrEnum):
    """What has become of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    STOOD_DOWN = "stood_down"
    RAN_OUT = "ran_out"


class DecidedBy(StrEnum):
    """Whose no it is."""

    FACILITY = "facility"
    YOUNG_PERSON = "young_person"


class ChoiceReason(StrEnum):
    """Why another option than the first was taken."""

    YOUNG_PERSON_WISH = "young_person_wish"
    FIRST_DID_NOT_ANSWER = "first_did_not_answer"
    CLOSER_TO_SUPPORT = "closer_to_support"
    SAFER_DISTANCE = "safer_distance"
    SIBLING_OR_FRIEND = "sibling_or_friend"
    CLINICAL_ADVICE = "clinical_advice"


class Authority(StrEnum):
    """By what right a minor is placed."""

    CONSENT_MINOR = "consent_minor"
    CONSENT_PARENT = "consent_parent"
    CONSENT_AGENCY = "consent_agency"
    PROTECTIVE_CUSTODY = "protective_custody"
    COURT_ORDER = "court_order"


class Destination(StrEnum):
    """Where a young person goes from a stay."""

    FAMILY = "family"
    NEXT_PLACEMENT = "next_placement"
    INDEPENDENT = "independent"
    OTHER_CARE = "other_care"
    NOT_KNOWN = "not_known"


class StayEnd(StrEnum):
    """Why a stay ended; the HMIS values stand in domain.md's export."""

    COMPLETED = "completed"
    MAXIMUM_TIME = "maximum_time"
    YOUNG_PERSON_LEFT = "young_person_left"
    MISSING = "missing"
    HOUSE_ENDED = "house_ended"
    NOT_ARRIVED = "not_arrived"
    OTHER = "other"
