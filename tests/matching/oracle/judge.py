"""All findings of a pair, and the list in which they put the facility."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from .facts import MET, NOT_MET, UNKNOWN, Json, all_of, by_id, day, nights, opt_day, plus
from .house import NO_DATE, RULES, licence_capacity
from .payers import accepted, first_change, fund_changes, fund_outcomes
from .people import Pair, all_seated, siblings
from .safeguards import Look, conflict, population

Outcomes = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Setting:
    """A pair with its admission date, whether the bed date is known, and the need."""

    pair: Pair
    start: date
    bed_known: bool
    need: int

    def look(self, on: date) -> Look:
        """Look at the pair on a date, with the group of that date."""
        return Look(self.pair, on, self.bed_known, 1 + len(siblings(self.pair, on)))


def earliest(snapshot: Json, referral: Json) -> date:
    """Give E: the later of tonight and the first night needed."""
    tonight = day(snapshot["tonight"])
    return max(tonight, opt_day(referral.get("needed_from")) or tonight)


def fits(pair: Pair, on: date) -> bool:
    """Tell whether the group has its beds on the date and nobody there stands against it."""
    group = [pair, *siblings(pair, on)]
    look = Look(pair, on, True, len(group))
    against = [rule(look) == NOT_MET for rule in (population, conflict, licence_capacity)]
    return all_seated(group, on) and not any(against)


def admission(snapshot: Json, referral: Json, facility: Json) -> Setting:
    """Find the admission date by looking at every night of the horizon."""
    minor = by_id(snapshot["minors"], referral["minor"])
    pair = Pair(snapshot, minor, facility, (referral["id"],))
    horizon = snapshot["horizon_nights"]
    asked = referral.get("nights_needed")
    need = horizon if asked is None else min(asked, horizon)
    first = earliest(snapshot, referral)
    for on in nights(first, day(snapshot["tonight"]) + timedelta(days=horizon)):
        if fits(pair, on):
            return Setting(pair, on, True, need)
    return Setting(pair, first, False, need)


def house_outcomes(look: Look) -> Outcomes:
    """Judge every rule of the house and the minor but minor.together."""
    subject = look.facility["id"]
    found = {(code, subject): rule(look) for code, rule in RULES.items()}
    return found | {("funding.accepted", subject): accepted(look.pair)}


def placed(house: Outcomes, funds: dict[str, dict[str, str]]) -> str:
    """Name the list for a pair: excluded, needs_info or fits."""
    against = [NOT_MET in found.values() for found in funds.values()]
    if NOT_MET in house.values() or (funds and all(against)):
        return "excluded"
    paid = any(set(found.values()) == {MET} for found in funds.values())
    return "fits" if paid and UNKNOWN not in house.values() else "needs_info"


def sibling_outcome(look: Look, other: Pair) -> str:
    """Judge whether the house would take a sibling, on the same date and for the same group."""
    house = house_outcomes(replace(look, pair=other))
    verdict = placed(house, fund_outcomes(other, look.on))
    return {"excluded": NOT_MET, "needs_info": UNKNOWN, "fits": MET}[verdict]


def together(setting: Setting, on: date) -> str:
    """Judge minor.together for the group of a date: each as on the admission date.

    Whoever has joined since is counted with the group of the admission date.
    """
    group = siblings(setting.pair, on)
    counted = {other.minor["id"] for other in (*group, *siblings(setting.pair, setting.start))}
    look = Look(setting.pair, setting.start, setting.bed_known, 1 + len(counted), frozenset(counted))
    return all_of(sibling_outcome(look, other) for other in group)


def outcomes(setting: Setting) -> tuple[Outcomes, dict[str, dict[str, str]]]:
    """Judge every rule on the admission date: the house's and each fund's."""
    look = setting.look(setting.start)
    house = house_outcomes(look) | {("minor.together", look.facility["id"]): together(setting, setting.start)}
    return house, fund_outcomes(setting.pair, setting.start)


def house_change(setting: Setting, code: str, now: str) -> date | None:
    """Scan the later dates of the need for the first on which the rule says something else."""
    if code in NO_DATE or code == "funding.accepted":
        return None
    later = nights(plus(setting.start, 1), plus(setting.start, setting.need))
    if code == "minor.together":
        return first_change(now, later, lambda on: together(setting, on))
    return first_change(now, later, lambda on: RULES[code](setting.look(on)))


def finding(rule: str, subject: str, outcome: str, changes_on: date | None) -> Json:
    """Write one finding."""
    changed = None if changes_on is None else changes_on.isoformat()
    return {"rule": rule, "subject": subject, "outcome": outcome, "changes_on": changed}


def findings(setting: Setting, house: Outcomes, funds: dict[str, dict[str, str]]) -> list[Json]:
    """Write all findings with the dates on which they change."""
    found = [
        finding(code, subject, outcome, house_change(setting, code, outcome))
        for (code, subject), outcome in house.items()
    ]
    for fund_id, by_rule in funds.items():
        fund = by_id(setting.pair.snapshot["funds"], fund_id)
        changes = fund_changes(setting.pair, fund, setting.start, setting.need)
        found += [finding(c, fund_id, o, changes.get(c)) for c, o in by_rule.items()]
    return sorted(found, key=lambda f: (f["rule"], f["subject"]))
