"""The words of the shared record: flags, services and activities."""

from app.web.translation import marked

LEVELS = {"at_risk": marked("At risk"), "verified": marked("Verified")}
BASES = {
    "disclosure": marked("The young person said so"),
    "observation": marked("Somebody saw or heard it"),
    "screening": marked("A screening tool"),
    "court_finding": marked("A court found it"),
}
INDICATORS = {
    "missing_often": marked("Goes missing again and again"),
    "controlled": marked("Somebody speaks or decides for her or him"),
    "older_companion": marked("A much older friend or partner"),
    "gifts": marked("Money or things that nobody can explain"),
    "traded": marked("Sex for money, food, drugs or a place to sleep"),
    "advertised": marked("Pictures or ads online"),
    "marked": marked("A tattoo or brand that somebody else chose"),
    "several_phones": marked("More than one phone, or messages at all hours"),
    "hotels": marked("Hotel rooms, keys or receipts"),
    "injuries": marked("Injuries that were not treated"),
    "papers_kept": marked("Somebody else keeps the papers"),
    "debt": marked("Owes somebody money"),
    "afraid": marked("Afraid of somebody"),
    "school_left": marked("Stopped going to school"),
}
SCREEN_LEVELS = {
    "no_concern": marked("No concern"),
    "possible_concern": marked("Possible concern"),
    "clear_concern": marked("Clear concern"),
}
FLAG_ENDS = {
    "safe_now": marked("Safe now"),
    "not_confirmed": marked("It was not so"),
    "mistake": marked("Flagged by mistake"),
}
ACTIVITIES = {
    "outreach_contact": marked("Outreach contact"),
    "drop_in_visit": marked("Drop-in visit"),
    "shelter_night": marked("Shelter night"),
    "medical": marked("Medical care"),
    "counseling": marked("Counseling"),
    "forensic_interview": marked("Forensic interview"),
    "legal": marked("Legal help"),
    "court_date": marked("Court date"),
    "school": marked("School"),
    "mentoring": marked("Mentoring"),
    "support_group": marked("Support group"),
    "case_management": marked("Case management"),
    "safety_plan": marked("Safety plan"),
    "missing": marked("Missing"),
    "returned": marked("Returned"),
}
MOVEMENTS = {"arrived": marked("Arrived at a house"), "left": marked("Left a house")}
FOLLOW_UPS = {
    "follow_up_safe": marked("Follow-up: safe"),
    "follow_up_needs_help": marked("Follow-up: needs help"),
    "follow_up_not_reached": marked("Follow-up: not reached"),
    "follow_up_missing": marked("Follow-up: missing"),
}
KINDS = ACTIVITIES | MOVEMENTS | FOLLOW_UPS | {"conference": marked("Case conference")}

CARE = {
    "prevention": marked("Prevention"),
    "outreach": marked("Outreach"),
    "drop_in": marked("Drop-in center"),
    "emergency_shelter": marked("Emergency shelter"),
    "residential": marked("Residential care"),
    "health": marked("Health care"),
    "counseling": marked("Counseling"),
    "legal": marked("Legal help"),
    "education": marked("School and training"),
    "aftercare": marked("Aftercare"),
}
REFERRALS = {
    "open": marked("A bed is being looked for"),
    "placed": marked("Placed"),
    "withdrawn": marked("Withdrawn"),
    "closed": marked("Closed"),
}
REPORTS = {
    "report_police": marked("Report to law enforcement that she or he is missing"),
    "report_ncmec": marked("Report to NCMEC that she or he is missing: 1-800-843-5678"),
}
REPORTED = {"reported": marked("Reported"), "found_before": marked("Found before")}
