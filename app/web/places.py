"""Names of counties and States: what people say and read in place of FIPS codes."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.web.translation import gettext
from app.web.words import CUSTODY


@dataclass(frozen=True, slots=True)
class County:
    """A county as people name it."""

    fips: str
    state: str
    name: str

    @property
    def city(self) -> bool:
        """Whether it is a city that belongs to no county. Texas numbers its last counties like one."""
        return self.fips[2:] >= "510"

    @property
    def short(self) -> str:
        """The name; where a county and a city share it, with which of the two it is."""
        shared = len(_by_name()[_plain(self.name), self.state]) > 1
        return f"{self.name} {'city' if self.city else 'County'}" if shared else self.name

    @property
    def label(self) -> str:
        """The name with what such a place is called there."""
        if self.city:
            return gettext("%(name)s (city)") % {"name": self.name}
        if self.state in {"AK", "DC", "PR"}:
            return self.name
        if self.state == "LA":
            return gettext("%(name)s Parish") % {"name": self.name}
        return gettext("%(name)s County") % {"name": self.name}


@cache
def counties() -> dict[str, County]:
    """Every county by its code."""
    text = files("app.web").joinpath("data/counties.csv").read_text(encoding="utf-8")
    rows = (County(row["fips"], row["state"], row["name"]) for row in csv.DictReader(text.splitlines()))
    return {row.fips: row for row in rows}


@cache
def neighbours() -> dict[str, frozenset[str]]:
    """The counties of the same State that share a line with each, by code."""
    found: dict[str, set[str]] = {fips: set() for fips in counties()}
    text = files("app.web").joinpath("data/neighbours.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        found[row["fips"]].add(row["beside"])
        found[row["beside"]].add(row["fips"])
    return {fips: frozenset(beside) for fips, beside in found.items()}


@cache
def tiles() -> dict[str, tuple[int, int]]:
    """Where each county stands on the grid of its State: column and row, from the north-west, by code."""
    text = files("app.web").joinpath("data/tiles.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["fips"]: (int(row["column"]), int(row["row"])) for row in rows}


@cache
def _by_name() -> dict[tuple[str, str], list[County]]:
    named: dict[tuple[str, str], list[County]] = {}
    for row in counties().values():
        cities = (f"{row.name} city", f"city of {row.name}") if row.city else ()
        for name in {_plain(said) for said in (row.name, *cities)}:
            named.setdefault((name, row.state), []).append(row)
    return named


def counties_of(states: Iterable[str]) -> list[County]:
    """The counties of some States, by State and name."""
    wanted = set(states)
    return sorted((row for row in counties().values() if row.state in wanted), key=lambda row: (row.state, row.name))


def counties_meant(said: str) -> list[County]:
    """The counties that "Fulton, GA", "Fulton County, GA" or a code may mean: two where a city has a county's name."""
    text = said.strip()
    if text in counties():
        return [counties()[text]]
    name, _, state = text.rpartition(",")
    found = _by_name().get((_plain(name), state.strip().upper()), [])
    if len(found) > 1 and re.search(r"\bcounty\b", name.lower()):
        return [row for row in found if not row.city]
    return found


def county_name(fips: str, home_state: str | None = None) -> str:
    """The county with its State, or without where that is the reader's own."""
    county = counties().get(fips)
    if county is None:
        return fips
    return county.label if county.state == home_state else f"{county.label}, {county.state}"


def _plain(name: str) -> str:
    bare = re.sub(r"\b(county|parish|borough|census area)\b", "", name.lower())
    return re.sub(r"[^a-z]", "", bare.replace("saint ", "st "))


def spoken(text: str, most: int = 3) -> str:
    """A text with county codes as names; of a long list the first few, and how many more."""

    def named(found: re.Match[str]) -> str:
        rows = [counties().get(code) for code in re.findall(r"\d{5}", found[0])]
        known = [row for row in rows if row is not None]
        if len(known) < len(rows):
            return found[0]
        if len(known) == 1:
            return f"{known[0].label}, {known[0].state}"
        first = ", ".join(row.short for row in known[: most if len(known) > most + 1 else len(known)])
        rest = len(known) - most
        if len(known) <= most + 1:
            return gettext("the counties %(names)s") % {"names": first}
        return gettext("the counties %(names)s and %(n)s more") % {"names": first, "n": rest}

    return re.sub(r"(?<![\w-])\d{5}(?:, \d{5})*(?![\w-])", named, text)


def plainly(text: str) -> str:
    """A text of the engine for a page: counties by name, custody and other codes in words."""

    def said(found: re.Match[str]) -> str:
        return gettext(CUSTODY[f"ward_{found[1]}"]).lower()

    return re.sub(r"\bward[_ ](state|justice)\b", said, spoken(text)).replace("_", " ")
