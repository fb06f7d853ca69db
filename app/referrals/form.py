"""The referral form: what was typed and chosen, as a referral, and a referral as what would be typed and chosen.

"Not known" is sent as null: never as none, zero or an empty list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.codes import storable
from app.minors.schemas import MinorRead
from app.referrals.schemas import ReferralRead
from app.web import answers
from app.web.answers import Form, Unreadable
from app.web.places import counties
from app.web.translation import gettext

Json = dict[str, Any]
LookUp = Callable[[list[str]], dict[str, str]]
"""Referral codes to the minors they are about, as far as the reader may see them."""

WITHOUT_COURT = ("none", "parent")
PREGNANT = "pregnant"
NIGHTS = "30"
LATEST = {"1": 0, "2": 1, "3": 3}
"""How many nights from tonight the first can be, where that was answered to when the bed is needed."""
ASKED_ANEW = (("needed", "1"), ("nights_needed", NIGHTS))
BLANK = Form(ASKED_ANEW)
PAST_ROWS = 2
MOST_PAST_ROWS = 12
FOLDED = {"nights_needed", "languages", "avoid_counties", "apart", "siblings", "prefer", "refuse", "history"} | {
    f"past_{part}_{n}" for part in ("fund", "from", "nights") for n in range(MOST_PAST_ROWS)
}
FIELDS = FOLDED | {
    *("age", "county", "county_elsewhere", "gender", "needed", "needed_from", "trafficking", "custody"),
    *("court_county", "infants", "infant_count", "conditions"),
}
"""The fields that a problem can stand beside; those that are folded away are opened for it."""


@dataclass(slots=True)
class Read:
    """What the form says, and what could not be read in it, by field."""

    minor: Json = field(default_factory=dict)
    referral: Json = field(default_factory=dict)
    past: list[Json] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, read: Callable[[], Any]) -> Any:
        """The value of a field; None, and a message, where it cannot be read."""
        try:
            return read()
        except Unreadable as error:
            self.errors[name] = str(error)
            return None


def read(form: Form, tonight: date, look_up: LookUp) -> Read:
    """Everything at once, so that every problem is shown at once."""
    out = Read()
    born_on, age_range = out.take("age", lambda: answers.age_or_birth_date(form.one("age"), tonight)) or (None, None)
    out.minor = {
        "born_on": born_on,
        "age_range": age_range,
        "gender": form.one("gender") or None,
        "residence": _residence(form, out),
        "trafficking": form.one("trafficking") or None,
        "custody": form.one("custody") or None,
        "jurisdiction": _court(form, out),
        "needs": {
            "infants": _infants(form, out),
            "conditions": _conditions(form, out),
            "languages": form.many("languages") or None,
        },
        "avoid": {"counties": _counties(form, out), "minors": _people(form, "apart", out, look_up)},
        "together_with": _people(form, "siblings", out, look_up),
        "wishes": {"prefer": form.many("prefer"), "refuse": form.many("refuse")},
        "history": form.one("history") or None,
    }
    out.referral = _when(form, out, tonight)
    out.referral["nights_needed"] = out.take(
        "nights_needed", lambda: answers.number(form.one("nights_needed"), 1, 3650)
    )
    out.past = _past(form, out)
    _contradictions(form, out)
    return out


def past_rows(form: Form) -> int:
    """How many rows for earlier stays to show: two, and one more for each press."""
    filled = [n for n in range(MOST_PAST_ROWS) if _said_of_past(form, n)]
    rows = max([PAST_ROWS - 1, *filled]) + 1 + (form.one("press") == "more_past")
    return min(rows, MOST_PAST_ROWS)


def filled(referral: ReferralRead, code_of: Mapping[str, str], tonight: date) -> Form:
    """The form as it would be filled in for a referral; `code_of` names people by their referral."""
    nights = ("nights_needed", str(referral.nights_needed or ""))
    return Form([*known(referral.minor, code_of), *_needed(referral, tonight), nights])


def known(minor: MinorRead, code_of: Mapping[str, str]) -> list[tuple[str, str]]:
    """The answers of the form that are known of a young person, whether or not anybody asked for a bed."""
    pairs = [("age", _age(minor)), ("gender", minor.gender or ""), ("trafficking", minor.trafficking or "")]
    pairs.append(("custody", minor.custody or ""))
    if minor.residence is not None:
        pairs.append(("county", "none" if minor.residence.none else minor.residence.county or ""))
    court_asked = minor.custody not in WITHOUT_COURT
    if court_asked and minor.jurisdiction is not None and minor.jurisdiction.county in counties():
        court = counties()[minor.jurisdiction.county]
        pairs.append(("court_county", f"{court.short}, {court.state}"))
    needs = minor.needs
    conditions = None if needs.conditions is None else [code for code in needs.conditions if code != PREGNANT]
    if conditions is not None:
        pairs += [("conditions", code) for code in conditions or ["none"]]
    if needs.infants == 0:
        pairs.append(("infants", PREGNANT if PREGNANT in (needs.conditions or ()) else "0"))
    elif needs.infants is not None:
        pairs += [("infants", "some"), ("infant_count", str(needs.infants))]
    pairs += [("languages", code) for code in needs.languages or ()]
    avoided = [counties()[fips] for fips in minor.avoid.counties if fips in counties()]
    pairs.append(("avoid_counties", "; ".join(f"{row.short}, {row.state}" for row in avoided)))
    for name, people in (("apart", minor.avoid.minors), ("siblings", minor.together_with)):
        pairs.append((name, ", ".join(code_of[person] for person in people or () if person in code_of)))
    for name, houses in (("prefer", minor.wishes.prefer), ("refuse", minor.wishes.refuse)):
        pairs += [(name, house) for house in houses]
    return [*pairs, ("history", minor.history or "")]


def _age(minor: MinorRead) -> str:
    if minor.born_on is not None:
        return f"{minor.born_on.month}/{minor.born_on.day}/{minor.born_on.year}"
    if minor.age_range is None:
        return ""
    low, high = minor.age_range
    return str(low) if low == high else f"{low}-{high}"


def _needed(referral: ReferralRead, tonight: date) -> list[tuple[str, str]]:
    if referral.needed_from is None or (referral.urgency == 1 and referral.needed_from <= tonight):
        return [("needed", str(referral.urgency))]
    on = referral.needed_from
    return [("needed", str(referral.urgency)), ("needed_from", f"{on.month}/{on.day}/{on.year}")]


def _residence(form: Form, out: Read) -> Json | None:
    elsewhere = out.take("county_elsewhere", lambda: answers.county(form.one("county_elsewhere")))
    county = form.one("county")
    if county and form.one("county_elsewhere") and "county_elsewhere" not in out.errors:
        out.errors["county_elsewhere"] = gettext("There is an answer above already: leave one of the two empty")
        return None
    if county == "none":
        return {"none": True}
    if county and county not in counties():
        out.errors["county"] = gettext("Choose one of the answers")
        return None
    fips = county or elsewhere
    return {"county": fips} if fips else None


def _court(form: Form, out: Read) -> Json | None:
    if form.one("court_county") and form.one("custody") in WITHOUT_COURT:
        out.errors["court_county"] = gettext("No court has custody by the answer above: change that, or empty this")
        return None
    fips = out.take("court_county", lambda: answers.county(form.one("court_county")))
    return {"county": fips} if fips else None


def _infants(form: Form, out: Read) -> int | None:
    said = form.one("infants")
    if said == "some":
        count: int | None = out.take("infant_count", lambda: answers.number(form.one("infant_count"), 1, 20))
        if count is None and "infant_count" not in out.errors:
            out.errors["infant_count"] = gettext("Write how many infants come along")
        return count
    if form.one("infant_count") not in ("", "0"):
        out.errors["infant_count"] = gettext("No child comes along by the answer above: change that, or empty this")
    return 0 if said in ("0", PREGNANT) else None


def _conditions(form: Form, out: Read) -> list[str] | None:
    marked = form.many("conditions")
    if not marked:
        # Houses ask for it as a condition, and a list of one would say that there is no other.
        if form.one("infants") == PREGNANT:
            out.errors["conditions"] = gettext(
                "Mark what else applies, or “none of these”: pregnant is on this list too"
            )
        return None
    if "none" in marked and len(marked) > 1:
        out.errors["conditions"] = gettext("Mark either “none of these” or what applies, not both")
        return None
    named = [code for code in marked if code != "none"]
    return [*named, PREGNANT] if form.one("infants") == PREGNANT else named


def _counties(form: Form, out: Read) -> list[str]:
    said = answers.parts(form.one("avoid_counties"))
    found = out.take("avoid_counties", lambda: [answers.county(part) for part in said])
    return list(dict.fromkeys(fips for fips in found or () if fips))


def _people(form: Form, name: str, out: Read, look_up: LookUp) -> list[str]:
    """The minors behind referral codes. One that is hidden reads like one that does not exist."""
    said = answers.parts(form.one(name))
    codes = list(dict.fromkeys(code for part in said for code in part.upper().replace(",", " ").split()))
    if not codes:
        return []
    found = look_up([code for code in codes if storable(code)])
    if len(found) < len(codes):
        out.errors[name] = gettext("Write codes of referrals that you can see, such as R-7KQ4Z")
    return list(dict.fromkeys(found[code] for code in codes if code in found))


def _when(form: Form, out: Read, tonight: date) -> Json:
    said = form.one("needed")
    planned: date | None = None
    if said == "4" or form.one("needed_from"):
        planned = out.take("needed_from", lambda: answers.night(form.one("needed_from")))
    if planned is not None and planned < tonight:
        out.errors["needed_from"] = gettext("The first night cannot lie in the past")
    elif planned is not None and planned > tonight + timedelta(days=LATEST.get(said, 9999)):
        out.errors["needed_from"] = gettext("This is later than the answer above: change that, or empty this")
    return {"needed_from": planned, "urgency": int(said) if said in {"1", "2", "3", "4"} else None}


def _contradictions(form: Form, out: Read) -> None:
    """Answers that each can be read, but not both be true."""
    if set(form.many("prefer")) & set(form.many("refuse")):
        out.errors["refuse"] = gettext("The same house is wished for and refused: choose one of the two")
    if set(out.minor["together_with"]) & set(out.minor["avoid"]["minors"]):
        out.errors["siblings"] = gettext("The same young person is to be kept apart from: name her or him in one place")


def _said_of_past(form: Form, n: int) -> bool:
    return any(form.one(f"past_{part}_{n}") for part in ("fund", "from", "nights"))


def _past(form: Form, out: Read) -> list[Json]:
    """Earlier stays: who paid, from which night, how many nights."""
    rows = []
    for n in range(MOST_PAST_ROWS):
        if not _said_of_past(form, n):
            continue
        fund = form.one(f"past_fund_{n}")
        if not fund:
            out.errors[f"past_fund_{n}"] = gettext(
                "Choose who paid these nights. If nobody knows, empty this line: caps count what is on record"
            )
        first = out.take(f"past_from_{n}", lambda n=n: answers.night(form.one(f"past_from_{n}")))  # type: ignore[misc]
        count = out.take(
            f"past_nights_{n}",
            lambda n=n: answers.number(form.one(f"past_nights_{n}"), 1, 3650),  # type: ignore[misc]
        )
        if count is None and f"past_nights_{n}" not in out.errors:
            out.errors[f"past_nights_{n}"] = gettext("Write how many nights this payer paid")
        rows.append({"row": n, "fund": fund, "first": first, "nights": count})
    return rows
