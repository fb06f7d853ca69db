"""An answer as a page shows it: titles, sentences and groups, from what this viewer may see of the decision."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.answers.against import alike, excluded, named, needs_info
from app.answers.bars import cover, first_night, payer_rows
from app.answers.compare import tables, why
from app.answers.names import Names
from app.answers.outlooks import told
from app.answers.questions import ask_box
from app.answers.reasons import changes, others, reasons, still_to_come, where
from app.sharing.projection import NOT_AVAILABLE
from app.web import words
from app.web.translation import gettext, ngettext

Json = dict[str, Any]

SOON = timedelta(days=7)
CLOSEST = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """A press on a bed that was refused: what was chosen, and what is wrong at which field."""

    facility: str
    authority: str
    authority_until: str
    choice_reason: str
    called: list[str]
    wrong: dict[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """What the page knows beside the decision: the referral in short, and the hours."""

    code: str
    summary: str
    tonight: date
    now: datetime
    decided_at_local: str
    run_id: str
    version: int
    needed_nights: int
    siblings: bool
    stale: str | None
    may_rank: bool
    may_hold: bool
    gender: str | None
    custody: str | None
    links: dict[str, str]
    tried: Tried | None = None
    asks_only: frozenset[str] = frozenset()
    """Houses that are asked without keeping a bed: one is kept already, or the young person has one."""
    rights: tuple[tuple[str, str], ...] = ()
    """By what rights a bed can be held, in words that say when each would end."""
    asked: frozenset[str] = frozenset()
    """Houses whose answer is waited for: they are not asked twice."""
    outlook: Json | None = None
    """What comes after the options, as far as the viewer may see it."""


def ranking_view(decision: Json, names: Names, about: About) -> Json:
    """Everything that the ranking page shows, ready to be laid out."""
    dated = [entry for entry in decision["later"] if entry.get("code") != NOT_AVAILABLE]
    full = [entry for entry in decision["later"] if entry.get("code") == NOT_AVAILABLE]
    after = told(about.outlook, decision, names, about.tonight)
    options = [_option(entry, names, about) | {"after": after.get(entry["facility"])} for entry in decision["options"]]
    later = [_option(entry, names, about) for entry in dated]
    called = [option["name"] for option in options]
    for at, option in enumerate(options):
        option["why"] = why(decision["options"], at, called[at + 1] if at + 1 < len(called) else None)
    turned_away = [excluded(entry, names) for entry in decision["excluded"]]
    possible = [house for house in turned_away if not house["never"]]
    closest = sorted(possible, key=lambda house: (not house["fixable"], house["failing"], house["name"]))
    return {
        "title": f"{about.code}: {title(decision, about.tonight)}",
        "summary": about.summary,
        "ranked": gettext("Ranked %(at)s by rules %(rules)s.")
        % {"at": about.decided_at_local, "rules": decision["rules_version"]},
        "stale": about.stale,
        "note": None,
        "ask": ask_box(decision, about.gender) if about.may_rank else None,
        "provisional": _provisional(decision),
        "hold": _hold_form(about),
        "wrong": about.tried is not None,
        "options_title": _options_title(decision, about.tonight),
        "options": options,
        "planned": any(option["after"] for option in options),
        "compared": tables(decision["options"], called),
        "later": later,
        "needs_info": [needs_info(entry, names, about.gender) for entry in decision["needs_info"]],
        "not_available": [named(entry, names) | {"text": entry["text"]} for entry in full],
        "siblings": about.siblings,
        "excluded": alike(turned_away),
        "turned_away": len(turned_away),
        "closest": closest[:CLOSEST],
        "opening": _opening(dated, names, about.tonight),
        "record": gettext("On record as %(run)s, rules %(rules)s, engine %(engine)s. It can be derived again.")
        % {"run": about.run_id, "rules": decision["rules_version"], "engine": decision["engine_version"]},
        "version": about.version,
        "may_rank": about.may_rank,
        "links": about.links,
    }


def title(decision: Json, tonight: date) -> str:
    """The answer in a few words: "2 beds tonight, 1 tomorrow", or that none fits."""
    parts = [_beds(decision["options"], "admit_on", tonight)] if decision["options"] else []
    dated = [entry for entry in decision["later"] if entry.get("from")]
    parts += [_beds(dated, "from", tonight, bare=bool(parts))] if dated else []
    if not decision["options"]:
        none = gettext("No bed fits tonight")
        return f"{none}, {parts[0]}" if parts else none
    return ", ".join(parts)


def _beds(entries: list[Json], key: str, tonight: date, *, bare: bool = False) -> str:
    """How many beds, and from when the first of them: later nights are never counted as tonight's."""
    first = min(date.fromisoformat(entry[key]) for entry in entries)
    same = all(date.fromisoformat(entry[key]) == first for entry in entries)
    on = words.when(first, tonight)
    when = on if same else gettext("%(when)s or later") % {"when": on}
    count = str(len(entries)) if bare else ngettext("%(n)s bed", "%(n)s beds", len(entries))
    return f"{count} {when}"


def _options_title(decision: Json, tonight: date) -> str:
    if not decision["options"]:
        return ""
    on = words.when(date.fromisoformat(decision["options"][0]["admit_on"]), tonight)
    return on[:1].upper() + on[1:]


def _option(entry: Json, names: Names, about: About) -> Json:
    """One house that could take the young person: what to know before the call, and what to say on it."""
    admit_on = first_night(entry)
    when = words.when(admit_on, about.tonight)
    bed = names.bed(entry["bed"]) if entry["bed"] else None
    need = max(about.needed_nights, entry["funded_nights"])
    funded_by = [
        gettext("%(nights)s by %(fund)s") % {"nights": row["nights"], "fund": row["name"]}
        for row in payer_rows(entry, names, need, about.tonight)
        if row["fund"]
    ]
    return named(entry, names) | {
        "rank": entry.get("rank"),
        "first": entry.get("rank") == 1,
        "hold": _hold(entry, admit_on, about),
        "tag": gettext("Fits %(when)s") % {"when": when},
        "bed": _bed(entry, bed, about),
        "call_first": entry["call_first"],
        "say": gettext("Ask for %(bed)s for %(code)s, %(when)s.")
        % {"bed": bed or gettext("a bed"), "code": about.code, "when": when},
        "paid": _paid(entry["funded_nights"], need, funded_by),
        "cover": cover(entry, need),
        "cliff": _cliff(entry, about.tonight),
        "where": where(entry, names),
        "reasons": reasons(entry, names),
        "others": others(entry["network"]),
        "still_to_come": still_to_come(entry),
        "changes": changes(entry, names, about.tonight),
        "payers": payer_rows(entry, names, need, about.tonight),
        "why": None,
        "after": None,
    }


def _hold(entry: Json, admit_on: date, about: About) -> Json | None:
    """The button that holds this bed, and whether the house must have been called."""
    if not about.may_hold:
        return None
    when = words.when(admit_on, about.tonight)
    press = (
        gettext("Hold bed for 2 hours") if admit_on == about.tonight else gettext("Hold bed %(when)s") % {"when": when}
    )
    asks_only = entry["facility"] in about.asks_only
    if asks_only:
        press = gettext("Ask this house")
    tried = about.tried
    said = tried is not None and tried.facility == entry["facility"]
    return {
        "press": None if entry["facility"] in about.asked else press,
        "at": about.links["ask"] if asks_only else None,
        "called": entry["call_first"] and entry["facility"] not in about.asked,
        "ticked": tried is not None and entry["facility"] in tried.called,
        "wrong": tried.wrong.get("called") if tried is not None and said else None,
    }


def _hold_form(about: About) -> Json | None:
    """What is asked once for whichever bed is held: by what right, and why not the first."""
    if not about.may_hold:
        return None
    tried = about.tried
    usual = words.AUTHORITY_OF_CUSTODY.get(about.custody or "", "")
    return {
        "rights": about.rights,
        "right": usual if tried is None else tried.authority,
        "until": "" if tried is None else tried.authority_until,
        "reasons": [(code, gettext(text)) for code, text in words.CHOICE_REASONS.items()],
        "reason": "" if tried is None else tried.choice_reason,
        "wrong": {} if tried is None else tried.wrong,
    }


def _bed(entry: Json, bed: str | None, about: About) -> str:
    """Which bed, and when a person last said that what we show is true."""
    at = entry["bed_confirmed_at"]
    confirmed = (
        gettext("confirmed %(ago)s") % {"ago": words.ago(datetime.fromisoformat(at), about.now)}
        if at
        else gettext("never confirmed")
    )
    named = f"{bed}, {confirmed}" if bed else confirmed[:1].upper() + confirmed[1:]
    if entry["bed_until"] is None:
        return f"{named}."
    until = words.day(entry["bed_until"], about.tonight)
    return gettext("%(bed)s. Free until %(day)s, then another bed is needed.") % {"bed": named, "day": until}


def _paid(funded: int, need: int, funded_by: list[str]) -> str:
    head = gettext("Paid: %(funded)s of %(need)s nights") % {"funded": funded, "need": need}
    return f"{head}. {words.listed(funded_by)}." if funded_by else f"{head}."


def _cliff(entry: Json, tonight: date) -> str | None:
    if entry["first_unfunded_night"] is None:
        return None
    text = gettext("Nobody pays from %(day)s") % {"day": words.day(entry["first_unfunded_night"], tonight)}
    if entry["binding"] is None:
        return f"{text}."
    return f"{text}: {words.said(words.BINDING, entry['binding'])}."


def _opening(dated: list[Json], names: Names, tonight: date) -> str | None:
    soon = [entry for entry in dated if date.fromisoformat(entry["from"]) - tonight <= SOON]
    if not soon:
        return None
    parts = [f"{names.house(e['facility']).name} {words.when(date.fromisoformat(e['from']), tonight)}" for e in soon]
    return gettext("Opening within 7 days: %(houses)s.") % {"houses": words.listed(parts)}


def _provisional(decision: Json) -> str | None:
    places = decision["options"] + decision["later"]
    if not any("minor.history" in entry["provisional"] for entry in places):
        return None
    return gettext("Caps are counted as far as earlier stays are on record: whether that is all of them is not known.")
