"""A minor's profile in the contract's form, and as columns and rows hold it."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.codes import Basis
from app.db import new_id
from app.minors.models import Avoided, Wish

Json = dict[str, Any]

FACTS = ("born_on", "gender", "custody", "trafficking", "approvals", "history")
NEEDS = ("services", "services_required", "languages", "conditions", "infants")
_PLACE = ("county", "place", "state", "none")


def minor_form(row: Any, rows: Mapping[str, Iterable[Any]]) -> Json:
    """The profile of a minor: its row, and `places`, `avoids`, `wishes`, `apart` and `siblings` that belong to it."""
    form: Json = {"id": row.id} | {name: getattr(row, name) for name in FACTS}
    form["age_range"] = None if row.age_min is None else [row.age_min, row.age_max]
    form["needs"] = {name: getattr(row, name) for name in NEEDS}
    form |= dict.fromkeys(Basis)
    for place in rows.get("places", ()):
        form[place.basis] = {name: getattr(place, name) for name in _PLACE}
    form["avoid"] = _avoid_form(rows.get("avoids", ()))
    form["avoid"]["minors"] = sorted(pair.other_id for pair in rows.get("apart", ()))
    form["together_with"] = sorted(pair.sibling_id for pair in rows.get("siblings", ()))
    wishes: dict[Wish, list[str]] = {Wish.PREFER: [], Wish.REFUSE: []}
    for row in rows.get("wishes", ()):
        wishes[row.wish].append(row.facility)
    form["wishes"] = {wish.value: sorted(houses) for wish, houses in wishes.items()}
    return form


def minor_columns(form: Mapping[str, Any]) -> Json:
    """The columns of a minor's own row."""
    low, high = form["age_range"] or (None, None)
    columns: Json = {name: form[name] for name in FACTS} | {"age_min": low, "age_max": high}
    return columns | {name: form["needs"][name] for name in NEEDS}


def place_rows(minor_id: str, form: Mapping[str, Any]) -> list[Json]:
    """The rows of the counties that are known."""
    known = [(basis, form[basis]) for basis in Basis if form[basis] is not None]
    return [
        {"minor_id": minor_id, "basis": basis, **{name: place[name] for name in _PLACE}}
        for basis, place in known
        if any(place[name] for name in _PLACE)
    ]


def avoid_rows(minor_id: str, avoid: Mapping[str, Any]) -> list[Json]:
    """The rows of the places where a minor is not safe; the people stand in another table."""
    nothing = dict.fromkeys(("county", "facility", "latitude", "longitude", "kilometres"))
    rows: list[Json] = [{"kind": Avoided.COUNTY, "county": county} for county in avoid["counties"] or ()]
    rows += [{"kind": Avoided.FACILITY, "facility": facility} for facility in avoid["facilities"] or ()]
    rows += [
        {"kind": Avoided.CIRCLE, "latitude": latitude, "longitude": longitude, "kilometres": kilometres}
        for latitude, longitude, kilometres in avoid["circles"] or ()
    ]
    return [{**nothing, **row, "id": new_id("avoid"), "minor_id": minor_id} for row in rows]


def wish_rows(minor_id: str, wishes: Mapping[str, Any]) -> list[Json]:
    """The rows of a young person's wishes."""
    return [
        {"minor_id": minor_id, "facility": facility, "wish": wish}
        for wish in Wish
        for facility in sorted(set(wishes[wish.value] or ()))
    ]


def _avoid_form(rows: Iterable[Any]) -> Json:
    form: Json = {"counties": [], "circles": [], "facilities": []}
    for row in rows:
        if row.kind == Avoided.COUNTY:
            form["counties"].append(row.county)
        elif row.kind == Avoided.FACILITY:
            form["facilities"].append(row.facility)
        else:
            form["circles"].append([row.latitude, row.longitude, row.kilometres])
    return {kind: sorted(found) for kind, found in form.items()}
