"""A brute force over the rules page: contract JSON in, the four lists out.

Written to be obviously right and to share nothing with the engine it is held against: dates are
scanned one by one, beds are shared out by trying every way, nights are counted by writing them out.
"""

from datetime import date

from .ask import HOUSE, fund_lacks
from .facts import MET, NOT_MET, UNKNOWN, Json, by_id
from .funded import funded
from .judge import Outcomes, Setting, admission, earliest, findings, outcomes, placed
from .people import choose_bed

FACILITY_CODES = ("facility.", "unit.", "safeguard.")
AGENCY_CODES = ("licence.", "custody.", "minor.together", "funding.requires")
WAIVABLE = {
    "safeguard.territory",
    "facility.declines",
    "facility.admits",
    "facility.services",
    "unit.fit",
    "minor.refuses",
    "minor.together",
}
Funds = dict[str, dict[str, str]]


def who(code: str) -> str:
    """Name who could put a failed rule right."""
    fixed = {
        "safeguard.conflict": "no one",
        "safeguard.territory": "agency",
        "funding.accepted": "facility",
        "minor.refuses": "young person",
    }
    if code in fixed:
        return fixed[code]
    if code.startswith(AGENCY_CODES):
        return "agency"
    return "facility" if code.startswith(FACILITY_CODES) else "funder"


def waivable(code: str, facility: Json) -> bool:
    """Tell whether the tables let somebody record an exception."""
    if code == "safeguard.placement_kind":
        return bool(facility["kind"] != "secure_detention")
    return code in WAIVABLE or code.startswith("funding.")


def failed(house: Outcomes, funds: Funds) -> list[str]:
    """Give the codes that excluded the facility."""
    codes = {code for (code, _), outcome in house.items() if outcome == NOT_MET}
    if funds and all(NOT_MET in found.values() for found in funds.values()):
        codes |= {c for found in funds.values() for c, o in found.items() if o == NOT_MET}
    return sorted(codes)


def funds_in_doubt(funds: Funds) -> Funds:
    """Give the payers whose unknowns count: those without a not_met, where none is all met."""
    if any(set(found.values()) == {MET} for found in funds.values()):
        return {}
    return {fund: found for fund, found in funds.items() if NOT_MET not in found.values()}


def unknown(house: Outcomes, funds: Funds) -> list[str]:
    """Give the codes that leave the facility a question."""
    codes = {code for (code, _), outcome in house.items() if outcome == UNKNOWN}
    for found in funds_in_doubt(funds).values():
        codes |= {code for code, outcome in found.items() if outcome == UNKNOWN}
    return sorted(codes)


def lacking(setting: Setting, house: Outcomes, funds: Funds) -> set[str]:
    """Give every fact to ask for at one facility."""
    look, facts = setting.look(setting.start), set()
    for (code, _), outcome in house.items():
        if outcome == UNKNOWN:
            facts |= HOUSE[code](look)
    for fund, found in funds_in_doubt(funds).items():
        for code, outcome in found.items():
            if outcome == UNKNOWN:
                facts |= fund_lacks(setting.pair, fund, code, setting.start)
    return facts


def decided(fact: str, asks: list[set[str]]) -> int:
    """Count the facilities a fact decides."""
    return 1 if fact.startswith("facility.") else sum(fact in facts for facts in asks)


def text(on: date | None) -> str | None:
    """Write a date as the contract does."""
    return None if on is None else on.isoformat()


def option(setting: Setting) -> Json:
    """Write the bed and the nights of an option, or of a later one."""
    minor = setting.pair.minor
    provisional = [] if minor.get("history") == "complete" else ["minor.history"]
    none: Json = dict.fromkeys(("unit", "bed", "admit_on", "bed_until"))
    none |= dict.fromkeys(("funded_nights", "first_unfunded_night", "binding"))
    if not setting.bed_known:
        return none | {"payers": [], "provisional": provisional}
    unit, bed, end = choose_bed(setting.pair, setting.start, setting.need)
    return {
        "unit": unit["id"],
        "bed": bed["id"],
        "admit_on": text(setting.start),
        "bed_until": text(end),
        "provisional": provisional,
        **funded(setting.pair, setting.start, setting.need),
    }


def fixes(codes: list[str], facility: Json) -> list[Json]:
    """Write who could put each failed rule right."""
    return [{"rule": c, "who": who(c), "waivable": waivable(c, facility)} for c in codes]


def decide(snapshot: Json, referral_id: str) -> Json:
    """Decide one referral: the four lists, each in the order of facility ids."""
    referral = by_id(snapshot["referrals"], referral_id)
    lists: Json = {"options": [], "later": [], "needs_info": [], "excluded": []}
    asks: list[set[str]] = []
    for facility in sorted(snapshot["facilities"], key=lambda f: str(f["id"])):
        setting = admission(snapshot, referral, facility)
        house, funds = outcomes(setting)
        entry: Json = {"facility": facility["id"], "findings": findings(setting, house, funds)}
        verdict = placed(house, funds)
        if verdict == "excluded":
            codes = failed(house, funds)
            lists["excluded"].append(entry | {"failed": codes, "fix": fixes(codes, facility)})
        elif verdict == "needs_info":
            asks.append(lacking(setting, house, funds))
            lists["needs_info"].append(entry | {"unknown": unknown(house, funds)})
        elif setting.bed_known and setting.start == earliest(snapshot, referral):
            lists["options"].append(entry | option(setting))
        else:
            start = text(setting.start) if setting.bed_known else None
            lists["later"].append(entry | option(setting) | {"from": start})
    for entry, facts in zip(lists["needs_info"], asks, strict=True):
        ranked = sorted(facts, key=lambda fact: (-decided(fact, asks), fact))
        entry["ask"] = [{"fact": fact, "decides": decided(fact, asks)} for fact in ranked]
    return lists
