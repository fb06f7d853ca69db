"""The words that pages use for codes, dates and times, each ready for translation."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.web.translation import gettext, marked, ngettext

RULES = {
    "safeguard.population": marked("Who lives here"),
    "safeguard.egress": marked("Way out in a fire"),
    "safeguard.fire_clearance": marked("Fire clearance"),
    "safeguard.outside_contact": marked("Contact with the outside"),
    "safeguard.remote": marked("Remote place"),
    "safeguard.equal_activities": marked("Activities"),
    "safeguard.awake_staff": marked("Awake staff at night"),
    "safeguard.education": marked("Schooling"),
    "safeguard.grievance_contact": marked("Someone to complain to"),
    "safeguard.placement_kind": marked("Kind of house"),
    "safeguard.conflict": marked("People to keep apart"),
    "safeguard.territory": marked("Place to avoid"),
    "licence.in_force": marked("Licence in force"),
    "licence.age": marked("Licensed ages"),
    "licence.gender": marked("Licensed genders"),
    "licence.capacity": marked("Licensed capacity"),
    "licence.infants": marked("Licensed for infants"),
    "facility.declines": marked("What the house declines"),
    "facility.admits": marked("Whom the house admits"),
    "facility.services": marked("Services"),
    "unit.fit": marked("Room"),
    "custody.interstate": marked("Approval between States"),
    "minor.refuses": marked("The young person's no"),
    "minor.together": marked("Siblings together"),
    "funding.accepted": marked("Payers accepted"),
    "funding.in_force": marked("Fund open"),
    "funding.age_band": marked("Age"),
    "funding.residence": marked("County or State"),
    "funding.custody": marked("Custody"),
    "funding.trafficking": marked("Trafficking status"),
    "funding.gender": marked("Gender"),
    "funding.facility_kind": marked("Kind of house paid"),
    "funding.requires": marked("Approval needed"),
    "funding.ages_out": marked("Age limit of the fund"),
    "funding.clock": marked("Stay cap"),
    "funding.beds": marked("Beds the fund pays a night"),
    "funding.budget": marked("Nights the fund has left"),
    "funding.last_resort": marked("Payer of last resort"),
}

# What ends the paid nights, as the half of a sentence: "Nobody pays from Dec 5: …".
BINDING = {
    "licence.in_force": marked("the licence ends"),
    "licence.age": marked("the young person grows out of the licensed ages"),
    "funding.ages_out": marked("the young person grows out of the fund's age limit"),
    "funding.clock": marked("the fund's stay cap is reached"),
    "funding.budget": marked("the fund has no nights left"),
    "funding.beds": marked("the fund's beds are taken"),
}

WHO = {
    "funder": marked("Funder"),
    "facility": marked("House"),
    "agency": marked("Placing or licensing agency"),
    "young person": marked("Young person"),
    "no one": marked("No one"),
}

GENDERS = {"female": marked("Female"), "male": marked("Male"), "nonbinary": marked("Nonbinary")}
TRAFFICKING = {
    "verified": marked("Verified"),
    "at_risk": marked("At risk"),
    "screening_pending": marked("Screening pending"),
}
CUSTODY = {
    "none": marked("Nobody"),
    "parent": marked("Parent or guardian"),
    "dependent": marked("Dependent of a court"),
    "ward_state": marked("Ward of the state"),
    "ward_justice": marked("Juvenile justice"),
    "tribal": marked("Tribal"),
}
WHOLE_REASONS = {
    "safety_concern": marked("A concern for somebody's safety"),
    "complaint": marked("A complaint about this answer"),
    "court_asks": marked("A court asks"),
    "case_review": marked("A review of the case"),
}
CONDITIONS = {
    "arson": marked("Fire-setting"),
    "aggression": marked("Aggression"),
    "detox": marked("Needs detox"),
    "acuity_medical": marked("Acute medical need"),
    "acuity_psych": marked("Acute psychiatric need"),
    "sexual_behaviour": marked("Sexual behaviour towards others"),
    "run_risk": marked("Ran away before"),
    "disability_access": marked("Needs step-free access"),
}
LANGUAGES = {
    "en": marked("English"),
    "es": marked("Spanish"),
    "fr": marked("French"),
    "ht": marked("Haitian Creole"),
    "pt": marked("Portuguese"),
    "vi": marked("Vietnamese"),
    "zh": marked("Chinese"),
    "ko": marked("Korean"),
    "am": marked("Amharic"),
    "ar": marked("Arabic"),
    "asl": marked("American Sign Language"),
}

# A missing fact as the end of a question: "Ask on the call: who has legal custody?"
QUESTIONS = {
    "minor.born_on": marked("what is the birth date?"),
    "minor.residence.county": marked("in which county does the young person live?"),
    "minor.residence.state": marked("in which State does the young person live?"),
    "minor.residence.place": marked("in which city does the young person live?"),
    "minor.found.county": marked("in which county was the young person found?"),
    "minor.found.state": marked("in which State was the young person found?"),
    "minor.found.place": marked("in which city was the young person found?"),
    "minor.jurisdiction.county": marked("which county's court has the case?"),
    "minor.jurisdiction.state": marked("which State's court has the case?"),
    "minor.jurisdiction.place": marked("which city's court has the case?"),
    "minor.gender": marked("what gender does the young person state?"),
    "minor.custody": marked("who has legal custody?"),
    "minor.trafficking": marked("is trafficking verified, or is the young person at risk?"),
    "minor.needs.infants": marked("does an infant come along?"),
    "minor.needs.conditions": marked("is there any condition that a house may exclude?"),
    "minor.approvals": marked("which approvals are granted?"),
    "minor.history": marked("where did the young person stay before, and who paid?"),
}
HOUSE_FACTS = {
    "facility.population": marked("whether only trafficked minors live there"),
    "facility.licence.status": marked("whether the licence is in force"),
    "facility.licence.valid_from": marked("since when it is licensed"),
    "facility.licence.expires_on": marked("until when it is licensed"),
    "facility.licence.capacity": marked("for how many it is licensed"),
    "facility.licence.min_age": marked("from which age it is licensed"),
    "facility.licence.max_age": marked("to which age it is licensed"),
    "facility.licence.genders": marked("for which genders it is licensed"),
    "facility.licence.infants": marked("whether infants may come along"),
    "facility.services": marked("which services it offers"),
    "facility.admits": marked("whom it admits"),
    "facility.residents": marked("who else lives there"),
    "facility.residents.age": marked("how old those are who live there"),
    "facility.residents.gender": marked("which gender those are who live there"),
    "facility.residents.minor": marked("who those are who live there"),
    "facility.residents.trafficking": marked("whether those who live there are trafficked minors"),
    "facility.declines": marked("what it declines"),
    "facility.funds": marked("which payers it accepts"),
    "facility.county": marked("in which county it is"),
    "facility.point": marked("how far it is from the places to avoid"),
    "facility.staffing.night_ratio": marked("how many young people one awake worker looks after"),
    "facility.staffing.awake_staff_tonight": marked("how many workers are awake tonight"),
    "facility.safeguards.egress": marked("how the doors are locked"),
    "facility.safeguards.fire_clearance": marked("a current fire clearance"),
    "facility.safeguards.outside_contact": marked("the rule on contact with the outside"),
    "facility.safeguards.remote": marked("whether community or transport is within reach"),
    "facility.safeguards.equal_activities": marked("whether every child may join the same activities"),
    "facility.safeguards.awake_night_staff": marked("whether staff is awake at night"),
    "facility.safeguards.education": marked("whether schooling goes on"),
    "facility.safeguards.grievance_contact": marked("whom outside a young person can complain to"),
}
AUTHORITIES = {
    "protective_custody": marked("Protective custody"),
    "court_order": marked("Court order"),
    "consent_agency": marked("Consent of the agency that has custody"),
    "consent_parent": marked("Consent of a parent"),
    "consent_minor": marked("The young person's own consent, where the law allows"),
}
# What the answer about custody makes likely; it stands in the form for the coordinator to see and change.
AUTHORITY_OF_CUSTODY = {
    "parent": "consent_parent",
    "dependent": "court_order",
    "ward_state": "court_order",
    "ward_justice": "court_order",
    "tribal": "court_order",
}
CHOICE_REASONS = {
    "young_person_wish": marked("The young person asked for it"),
    "first_did_not_answer": marked("The first house did not answer"),
    "closer_to_support": marked("Closer to people who help"),
    "safer_distance": marked("Safer distance"),
    "sibling_or_friend": marked("A sibling or friend"),
    "clinical_advice": marked("Clinical advice"),
}
DECLINE_REASONS = {
    "no_bed": marked("No bed after all"),
    "no_staffed_bed": marked("Not enough staff for this bed"),
    "minor_declined": marked("The young person said no"),
    "age": marked("Age"),
    "custody": marked("Custody"),
    "residence": marked("County or State"),
    "cap_exhausted": marked("Nights used up"),
    "payer": marked("No payer"),
    "sex_or_gender_licence": marked("Licensed for another gender"),
    "acuity_medical": marked("Medical needs"),
    "acuity_psych": marked("Needs in mental health"),
    "detox_needed": marked("Detox needed first"),
    "aggression": marked("Aggression"),
    "arson": marked("Fire-setting"),
    "sexual_behaviour": marked("Sexual behaviour"),
    "gang_or_recruiter_conflict": marked("A conflict in the house"),
    "run_risk": marked("Risk of running away"),
    "distance": marked("Distance"),
    "language": marked("Language"),
    "parenting": marked("Pregnant or with a child"),
    "disability_access": marked("Access with a disability"),
    "safeguard_fail": marked("A safeguard is not met"),
    "facility_other": marked("Another reason of the house"),
    "no_response": marked("No answer"),
}
STAY_ENDS = {
    "completed": marked("Completed"),
    "maximum_time": marked("Reached the maximum time allowed"),
    "young_person_left": marked("The young person left"),
    "missing": marked("Missing"),
    "house_ended": marked("The house ended the stay"),
    "other": marked("Another reason"),
}
DESTINATIONS = {
    "family": marked("Family"),
    "next_placement": marked("Another placement"),
    "independent": marked("Own place"),
    "other_care": marked("Hospital or other care"),
    "not_known": marked("Not known"),
}
URGENCY = {
    1: marked("No safe place tonight"),
    2: marked("Within 24 hours"),
    3: marked("Within 3 days"),
    4: marked("Planned"),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def said(table: dict[str, str], code: str) -> str:
    """The words of a code; a code without words is shown as it is, readable."""
    return gettext(table[code]) if code in table else code_words(code)


def code_words(code: str) -> str:
    """A code as words, for what a network has named itself: `school_on_site` is "school on site"."""
    return code.rpartition(".")[2].replace("_", " ")


def day(value: date | str, tonight: date | None = None) -> str:
    """A night or day as people say it; the year where it is not the one of tonight."""
    on = date.fromisoformat(value) if isinstance(value, str) else value
    short = f"{gettext(MONTHS[on.month - 1])} {on.day}"
    return short if tonight is not None and abs((on - tonight).days) < 300 else f"{short}, {on.year}"


def nights_since(first: date, tonight: date) -> list[tuple[str, str]]:
    """The nights of which somebody may say that they were slept already: the first one kept, and last night."""
    last = tonight - timedelta(days=1)
    return [(on.isoformat(), day(on, tonight)) for on in sorted({first, last}) if first <= on <= last]


def when(on: date, tonight: date) -> str:
    """The start of a stay: tonight, tomorrow, or its date."""
    if on == tonight:
        return gettext("tonight")
    if (on - tonight).days == 1:
        return gettext("tomorrow")
    return gettext("on %(day)s") % {"day": day(on, tonight)}


def clock_time(at: datetime, zone: ZoneInfo, tonight: date) -> str:
    """An hour as people say it; with its day where it is not tonight or the morning after."""
    there = at.astimezone(zone)
    near = there.date() == tonight or (there.date() - tonight).days == 1
    return f"{there:%H:%M}" if near else f"{day(there.date(), tonight)}, {there:%H:%M}"


def ago(then: datetime, now: datetime) -> str:
    """How long since, in one unit: minutes, hours, days."""
    minutes = max(0, int((now - then).total_seconds() // 60))
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(n)s min ago", "%(n)s min ago", minutes)
    if minutes < 48 * 60:
        return ngettext("%(n)s hour ago", "%(n)s hours ago", minutes // 60)
    return ngettext("%(n)s day ago", "%(n)s days ago", minutes // (24 * 60))


def nights(n: int) -> str:
    """A number of nights."""
    return ngettext("%(n)s night", "%(n)s nights", n)


def listed(parts: Iterable[str]) -> str:
    """Parts as a sentence lists them: "a", "a and b", "a, b and c"."""
    items = list(parts)
    if len(items) < 2:
        return "".join(items)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(items[:-1]), "last": items[-1]}
