"""Duplicates among 5,000 invented people: how often the right one is found, and stands first, and in what time.

`python -m benchmarks.duplicates`, or with another number of people.
"""

import random
import sys
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from app.minors.likeness import THRESHOLDS, Compared, Described
from benchmarks.figures import write

TODAY = date(2026, 11, 21)


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words(
    """aaliyah abigail adriana aisha alejandra alexis alicia alondra amanda amber ana andrea angel angela anthony
antonio ariana ashley aurora autumn bailey beatriz bianca brandon breanna brianna brooke caitlin camila carla
carlos carmen caroline cassandra catherine celeste chantel charlotte chelsea christian christina claire
crystal daisy dana daniel danielle david deja delilah denise desiree destiny diamond diana dominique ebony
elena elijah elizabeth emily emma erica esmeralda esperanza eva faith fatima gabriela genesis gloria grace
guadalupe hailey hannah heather hope imani india isabel jada jamal jasmine jayla jennifer jessica jocelyn
jordan jose joy juan julia juliana kaitlyn karen karina kayla kelsey kendra kiara kimberly kyla latoya laura
leah leticia lily linda lisa lourdes lucia luis madison makayla maria mariah maribel marisol megan melissa
mercedes mia michael michelle miguel miranda monica morgan nadia naomi natalia nia nicole nina olivia paige
paola patricia precious rachel raven rebecca robin rosa ruby sabrina samantha sandra sara savannah selena
serena shania shayla sierra skylar sofia stephanie summer sydney tamara tanya tatiana taylor tiana tiffany
tyra valeria vanessa veronica victoria violet whitney ximena yasmin yesenia zoe"""
)
FAMILY = _words(
    """adams aguilar alexander allen alvarez anderson andrews armstrong arnold bailey baker banks barnes bell bennett
black boyd bradley brooks brown bryant burns butler campbell carroll carter castillo castro chavez clark cole
coleman collins contreras cook cooper cox crawford cruz cunningham daniels davis delgado diaz dixon duncan
dunn edwards elliott ellis estrada evans ferguson fernandez fields fisher flores ford foster fox franklin
freeman garcia gardner garza george gibson gilbert gomez gonzales gordon graham grant gray green greene
griffin guerrero gutierrez guzman hall hamilton harper harris harrison hart hawkins hayes henderson henry
hernandez herrera hicks hill holmes howard hudson hughes hunt hunter jackson james jenkins jimenez johnson
johnston jones jordan kelley kelly kennedy kim king knight lane lawrence lee lewis long lopez marshall martin
martinez mason matthews mcdonald medina mendez mendoza meyer miller mills mitchell montgomery moore morales
moreno morgan morris murphy murray myers nelson nguyen nichols ortega ortiz owens palmer parker patel
patterson payne perez perkins perry peters peterson phillips pierce porter powell price ramirez ramos reed
reyes reynolds rice richardson riley rios rivera robertson robinson rodriguez rogers rojas romero ross ruiz
russell ryan salazar sanchez sanders sandoval santiago santos schmidt scott shaw silva simmons simpson smith
snyder soto spencer stephens stevens stewart stone sullivan taylor thomas thompson torres tran tucker turner
valdez vargas vasquez vega wagner walker wallace ward warren washington watkins watson weaver webb welch wells
west wheeler white williams willis wilson wood woods wright young"""
)
STREET = _words(
    """angel baby bella blaze candy cherry chica coco cookie cupcake diamond diva dove dream fancy foxy ginger glo
goldie honey ice jazz jewel joker kitty lady lala legacy lex lola luna mami mars melo mimi minnie misty moon
nova peaches pebbles pinky pixie princess queen rain red rosie sage shorty sky smiley spice star storm sugar
sunny sweets tiny toy vixen zsa"""
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Found:
    """What the queries came to: `first` where the right one stood first; recall and precision at each threshold."""

    first: float
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    median_ms: float
    worst_ms: float


def people(count: int, draw: random.Random) -> list[Described]:
    """Invented people, ten to twenty years old; a third of them with another name or two."""
    made = []
    for at in range(count):
        others = draw.sample(STREET, draw.choice((1, 2))) if draw.random() < 0.35 else []
        born = TODAY - timedelta(days=draw.randrange(3_650, 7_300))
        made.append(Described(f"min_{at}", draw.choice(GIVEN), draw.choice(FAMILY), tuple(others), born))
    return made


def entered_again(one: Described, draw: random.Random) -> Described:
    """The same person as somebody else enters her or him: misspelt, by another name, swapped, with a wrong date."""
    again = replace(one, id="again")
    if draw.random() < 0.35:
        again = replace(again, given=misspelt(again.given, draw))
    if draw.random() < 0.35:
        again = replace(again, family=misspelt(again.family, draw))
    if one.others and draw.random() < 0.4:  # the street name is what was given
        again = replace(again, given=one.others[0], others=())
    if draw.random() < 0.1:
        again = replace(again, given=again.family, family=again.given)
    if draw.random() < 0.15:
        again = replace(again, born_on=another_day(one.born_on or TODAY, draw))
    return again


def misspelt(name: str, draw: random.Random) -> str:
    """One letter left out, doubled, exchanged or swapped with the next one."""
    at = draw.randrange(1, max(2, len(name) - 1))
    head, tail = name[:at], name[at:]
    ways = (
        head + tail[1:],
        head + tail[:1] + tail,
        head + draw.choice(LETTERS) + tail[1:],
        head + tail[1:2] + tail[:1] + tail[2:],
    )
    return draw.choice(ways)


def another_day(day: date, draw: random.Random) -> date:
    """Day and month swapped where that is a date, else another year or another day."""
    way = draw.randrange(3)
    if way == 0 and day.day <= 12:
        return day.replace(month=day.day, day=day.month)
    if way == 1 and (day.month, day.day) != (2, 29):
        return day.replace(year=day.year + draw.choice((-1, 1)))
    return day.replace(day=1 + (day.day + draw.randrange(27)) % 28)


def measured(count: int, queries: int, seed: int = 7) -> Found:
    """Compare the people with as many queries, each of whom is one of them, entered again."""
    draw = random.Random(seed)  # noqa: S311 - invented people, not secrets
    everybody = people(count, draw)
    compared = Compared(everybody)
    first, times = 0, []
    right, shown = np.zeros(len(THRESHOLDS)), np.zeros(len(THRESHOLDS))
    for one in draw.sample(everybody, queries):
        again = entered_again(one, draw)
        began = time.process_time()
        found = compared.like(again, TODAY)
        times.append(time.process_time() - began)
        first += bool(found) and found[0].id == one.id
        for at, least in enumerate(THRESHOLDS):
            over = [other for other in found if other.score >= least]
            right[at] += any(other.id == one.id for other in over)
            shown[at] += len(over)
    return Found(
        first=first / queries,
        recall=tuple(float(n) / queries for n in right),
        precision=tuple(float(n) for n in right / np.maximum(shown, 1)),
        median_ms=1000 * float(np.median(times)),
        worst_ms=1000 * max(times),
    )


def main(count: int = 5_000, queries: int = 2_000) -> str:
    """Measure, and write the section."""
    found = measured(count, queries)
    head = ("shown from", "the right one is among them", "of those shown, the right one")
    by_threshold = zip(THRESHOLDS, found.recall, found.precision, strict=True)
    rows = [(least, f"{recall:.1%}", f"{precision:.1%}") for least, recall, precision in by_threshold]
    note = (
        f"{queries:,} queries among {count:,} invented people: misspelt (35 % of given and of family names), under a"
        f" street name, swapped (10 %), with a wrong birth date (15 %). The right one stood first in {found.first:.1%}."
        f" Processor time of a query, after decryption: median {found.median_ms:.1f} ms, most {found.worst_ms:.1f} ms."
    )
    return write("Duplicates inside an agency", "python -m benchmarks.duplicates", head, rows, note)


if __name__ == "__main__":
    sys.stdout.write(main(*map(int, sys.argv[1:])) + "\n")
