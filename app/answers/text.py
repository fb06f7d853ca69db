"""An answer as plain text for a message or a case note: codes, houses and numbers, no name of a person."""

from typing import Any

from app.web.translation import gettext

Json = dict[str, Any]


def as_text(view: Json) -> str:
    """The same answer as the page, line by line."""
    lines = [view["title"], view["summary"], view["ranked"]]
    lines += [line for line in (view["stale"], view["provisional"]) if line] + [""]
    for option in view["options"]:
        lines += [f"{option['rank']}. {option['name']} - {option['tag']}", *_place(option), ""]
    if view["later"]:
        lines.append(gettext("LATER"))
    for option in view["later"]:
        lines += [f"- {option['name']} - {option['tag']}", *_place(option), ""]
    if view["needs_info"]:
        lines.append(gettext("NEED TO KNOW FIRST"))
        lines += [f"- {row['name']}: {' '.join(row['missing'])} {_phone(row)}" for row in view["needs_info"]] + [""]
    if view["not_available"]:
        lines.append(gettext("NOT AVAILABLE NOW"))
        lines += [f"- {row['name']}: {row['text']} {_phone(row)}" for row in view["not_available"]] + [""]
    if view["excluded"]:
        lines.append(gettext("WHY NOT THE OTHERS"))
        for house in view["excluded"]:
            lines.append(f"- {', '.join(house['names'])}: {house['count']}")
            lines += [f"    {line}" for line in house["lines"]]
        lines.append("")
    return "\n".join([*lines, view["record"], ""])


def _place(option: Json) -> list[str]:
    call = gettext("Call first: this bed was not confirmed for 12 hours.") if option["call_first"] else ""
    after = f"{gettext('After that')}: {' '.join(option['after'])}" if option["after"] else ""
    said = [
        call,
        option["bed"],
        option["paid"],
        option["cliff"],
        after,
        option["where"],
        f"{'. '.join(option['reasons'])}.",
    ]
    return [f"   {line}" for line in [_phone(option), *said] if line]


def _phone(house: Json) -> str:
    return gettext("Call %(phone)s.") % {"phone": house["phone"]} if house["phone"] else ""
