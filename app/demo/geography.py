"""The counties of the demo: real outlines' centroids, invented regions and weights (see data/README.md)."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.demo.draw import Draw

STATE = "GA"
Place = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class County:
    """A county: where its middle is, which region it is in, and how many young people of the demo live there."""

    fips: str
    state: str
    name: str
    latitude: float
    longitude: float
    region: str
    weight: int


@cache
def counties() -> tuple[County, ...]:
    """The forty counties, in the order of the file."""
    text = files("app.demo").joinpath("data/counties.csv").read_text(encoding="utf-8")
    return tuple(
        County(
            row["fips"],
            row["state"],
            row["name"],
            float(row["latitude"]),
            float(row["longitude"]),
            row["region"],
            int(row["weight"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def county(name: str) -> County:
    """The county of that name."""
    return next(one for one in counties() if one.name == name)


def codes(*regions: str) -> list[str]:
    """The FIPS codes of the counties of these regions."""
    return [one.fips for one in counties() if one.region in regions]


def place(one: County) -> Place:
    """A county as a minor's residence, found-at or jurisdiction."""
    return {"county": one.fips, "place": None, "state": one.state}


def point_near(draw: Draw, one: County) -> list[float]:
    """An invented point within some ten kilometres of the county's middle, to three decimals."""
    return [round(one.latitude + draw.jitter(0.07), 3), round(one.longitude + draw.jitter(0.07), 3)]


def draw_county(draw: Draw, region: str | None = None) -> County:
    """A county by weight, from one region or from all."""
    return draw.weighted([(one, one.weight) for one in counties() if region in (None, one.region)])
