"""The matrix by fields: who is shown which fact of a young person, at which stage, held against a table by hand.

Marks are entered as facts, and every answer that reads, of the API and as a page, is asked of everybody. In fields.txt
stand who is to be shown each of them at which stage, and the only addresses at which it may stand at all.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from app.access import signin
from app.access.models import Agency
from app.access.policy import Role
from app.minors.records import record_code
from app.sharing.models import Relation
from app.sharing.service import grant
from tests.actors import add_person
from tests.app.asked import FLAG
from tests.app.stage import STREAMS, Stage, Stand, Who
from tests.app.test_matrix import ASKERS, PLACE, Asker, settings, stage, table
from tests.factories import Caller, made
from tests.proofs import TIMES, saw

__all__ = ["settings", "stage"]

# Of both kinds of database a proof asks; test_matrix.py asks both each time who gets an answer at all.
pytestmark = [] if TIMES > 1 else [pytest.mark.one_kind]

Json = dict[str, Any]
TABLE = Path(__file__).parent / "fields.txt"
STAGES = ("asked", "accepted", "living", "left", "withdrawn")
SOME = ("asked", "accepted", "withdrawn")
"""The stages of every run of the tests; a proof has all of them."""
WORK = {Role.INTAKE_COORDINATOR, Role.FACILITY_STAFF, Role.PARTNER, Role.SUPERVISOR}
NEAR = {Stand.OWN, Stand.HOUSE, Stand.RELEASED}
EMERGENCY = "emergency"
OPTION = re.compile(r"<option(?![^>]*\bselected)[^>]*>[^<]*")
"""What a form lets somebody choose is no fact of anybody."""
CASE = ("{referral_id}", "{minor_id}", "{stay_id}", "{source_id}")
# How each fact stands in an answer: as a code, and in words.
MARKS: dict[str, tuple[str, ...]] = {
    "given name": ("Zephyrine",),
    "family name": ("Quillfeather",),
    "called": ("Zeffqa",),
    "contact": ("404-555-0177",),
    "words": ("afraidofkestrels",),
    "birth date": ("2011-07-19", "July 19, 2011", "Jul 19"),
    "county found": ("13001", "Appling"),
    "county to avoid": ("13299", "Ware County"),
    "condition": ("canary_condition", "canary condition"),
    "language": ("canary_language", "canary language"),
    "address": ("Larkspurquay",),
    "flag words": ("mentionsgoldfinches",),
    "entry words": ("spokeofherons",),
    "earlier stay": ("Houseoflinnets",),
    "order": ("filewithmagpies",),
    "aftercare": ("Counselorstork",),
}
# What stands in directories too is a fact where an answer is about a young person.
OF_A_CASE = {
    "house": ("fac_a",),
    "house that said no": ("fac_b",),
    "payer": ("fund_a", "safe_harbor", "safe harbor"),
}
APART, SIBLING, LINKED = "person kept apart", "sibling", "linked record"


class World:
    """The stage, with marks as facts of the young person who waits, led from stage to stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.ids = stage, stage.ids
        client = stage.client
        self.own = Caller(client, stage.database, Role.SUPERVISOR, stage.agencies[Stand.OWN])
        self.staff = Caller(client, stage.database, Role.FACILITY_STAFF, stage.agencies[Stand.HOUSE])
        self.path, self.record = f"/v1/referrals/{self.ids['referral_id']}", f"/v1/minors/{self.ids['minor_id']}"
        self.marks = {**MARKS, **OF_A_CASE}
        self.ids["stay_id"] = "stay_none"
        self._enter()
        self._take_in_an_emergency()

    def _enter(self) -> None:
        own, ids = self.own, self.ids
        new = [str(made(own.post("/v1/minors", {"flag": FLAG}))["id"]) for _ in range(3)]
        apart, sibling, linked = new
        self.marks |= {APART: (apart,), SIBLING: (sibling,), LINKED: (linked, record_code(linked))}
        facts = {
            "born_on": "2011-07-19", "found": {"county": "13001"}, "avoid": {"counties": ["13299"], "minors": [apart]},
            "needs": {"infants": 0, "conditions": ["canary_condition"], "languages": ["canary_language"]},
            "together_with": [sibling],
        }  # fmt: skip
        version = made(own.get(self.path))["version"]
        made(own.patch(self.path, {"minor": facts, "version": version}))
        identity = {"given_names": "Zephyrine", "family_name": "Quillfeather", "called": "Zeffqa"}
        identity |= {"contact": "404-555-0177", "words": "afraidofkestrels"}
        made(own.put(f"{self.path}/identity", identity))
        made(own.post(f"{self.record}/flags", {**FLAG, "words": "mentionsgoldfinches"}))
        made(own.post(f"{self.record}/activities", {"kind": "school", "words": "spokeofherons"}))
        made(own.post(f"{self.record}/links", {"other": linked, "verdict": "different"}))
        past = {"outside_facility": "Houseoflinnets", "admitted_on": "2026-02-01", "left_on": "2026-02-05"}
        made(own.post(f"{self.path}/past-stays", past))
        until = (self.stage.clock.now() + timedelta(days=30)).isoformat()
        law = {"law": "court_order", "reference": "filewithmagpies", "items": ["born_on", "languages"]}
        law |= {"recipient": self.stage.agencies[Stand.RELEASED], "valid_until": until}
        self.basis = made(own.post(f"{self.path}/legal-bases", law))["id"]
        paper = {"purpose": "placement", "given": "written", "explained": True, "items": ["called", "conditions"]}
        paper |= {"signers": [{"relation": "minor"}, {"relation": "parent", "abuser": False}], "valid_until": until}
        paper["recipient"] = self.stage.agencies[Stand.HOUSE]
        self.paper = made(own.post(f"{self.path}/releases", paper))["id"]
        runs = Caller(self.stage.client, self.stage.database, Role.ADMINISTRATOR, self.stage.agencies[Stand.HOUSE])
        where = {"lines": ["12 Larkspurquay"], "shown": "on_screen"}
        made(runs.put(f"/v1/facilities/{ids['facility_id']}/address", where))

    def _take_in_an_emergency(self) -> None:
        """Somebody of an agency that has nothing to do with it has the record open."""
        stage, now = self.stage, self.stage.clock.now()
        with stage.database.writing() as session:
            person = add_person(
                session, stage.clock, Role.SUPERVISOR, session.get_one(Agency, stage.agencies[Stand.OTHER])
            )
            until = now + timedelta(days=9)
            minor_id, agency_id = self.ids["minor_id"], person.agency_id
            grant(session, minor_id, agency_id, Relation.EMERGENCY, now, until, person_id=person.id)
            person.emergency_until = until
            session.flush()
            stage.tokens[EMERGENCY] = signin.admit(session, person.id, now) or ""

    def go_to(self, name: str) -> None:
        """The act with which a stage begins."""
        answer = f"/v1/facilities/fac_a/offers/{self.ids['offer_id']}/answer"
        if name == "accepted":
            self.ids["stay_id"] = made(self.staff.post(answer, {"accept": True}))["stay_id"]
        elif name == "living":
            made(self.staff.post(f"/v1/stays/{self.ids['stay_id']}/arrival"))
        elif name == "left":
            home = {"reason": "completed", "destination": "family"}
            made(self.staff.post(f"/v1/stays/{self.ids['stay_id']}/discharge", home))
            plan = f"/v1/stays/{self.ids['stay_id']}/aftercare"
            items = [{"kind": "counseling", "with_whom": "Counselorstork"}]
            version = made(self.own.get(plan))["version"]
            made(self.own.put(plan, {"items": items, "version": version}))
        elif name == "withdrawn":
            for paper in (self.ids["release_id"], self.paper):
                made(self.own.post(f"{self.path}/releases/{paper}/withdrawal"))
            made(self.own.post(f"{self.path}/legal-bases/{self.basis}/end"))

    def stands_in(self, path: str, text: str) -> set[str]:
        """Which facts an answer shows."""
        shown = OPTION.sub("", text)
        about = any(step in path for step in CASE) and "{run_id}" not in path
        facts = self.marks if about else {name: marks for name, marks in self.marks.items() if name not in OF_A_CASE}
        return {name for name, marks in facts.items() if any(mark in shown for mark in marks)}


Allowed = dict[tuple[str, str], dict[Who, bool]]
Places = dict[tuple[str, str], set[str]]


def read_table() -> tuple[Allowed, Places]:
    """Who may be shown a fact at a stage, at every stage; and where it may stand, with the stands that see it there."""
    named: dict[tuple[str, str], dict[Who, bool]] = {}
    places: Places = {}
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        fact, second, rest = re.split(r"\s{2,}", line, maxsplit=2)
        if second.startswith("/"):
            assert (fact, second) not in places, f"twice: {line}"
            places[fact, second] = set(rest.split())
            continue
        *groups, bar, emergency = rest.split()
        assert (bar, len(groups), second in STAGES) == ("|", len(Role), True), f"no line of the table: {line}"
        letters = "".join(group * len(Stand) if len(group) == 1 else group for group in groups)
        assert len(letters) == len(ASKERS), line
        assert set(letters + emergency) <= set("y-"), line
        named[fact, second] = {
            **dict(zip(ASKERS, (letter == "y" for letter in letters), strict=True)), EMERGENCY: emergency == "y",
        }  # fmt: skip
    allowed: Allowed = {}
    for fact in {fact for fact, _ in named}:
        for before, name in pairwise((STAGES[0], *STAGES)):
            allowed[fact, name] = named.get((fact, name)) or allowed[fact, before]
    return allowed, places


def asked_at(places: Places) -> Iterator[tuple[str, list[Who]]]:
    """Every address that reads, and who asks it; but for a proof, what is about a case, asked by who works on some."""
    shown = {path for _, path in places}
    for (method, path), expected in table().items():
        about = path in shown or (any(step in path for step in CASE) and "{run_id}" not in path)
        if method == "GET" and path not in STREAMS and (about or TIMES > 1):
            of_use = {role for role in Role if set(expected[PLACE[Stand.OWN, role] :][: len(Stand)]) != {"."}}
            yield path, [*(asker for asker in askers() if asker[1] in of_use), EMERGENCY]


def askers() -> list[Asker]:
    """Everybody; but for a proof, who works on cases, and one of each agency that is to see nothing."""
    if TIMES > 1:
        return ASKERS
    return [(stand, role) for stand, role in ASKERS if role in WORK and (stand in NEAR or role is Role.SUPERVISOR)]


def stand_of(who: Who) -> str:
    """As the table names it."""
    return who if isinstance(who, str) else who[0].value


def test_every_fact_is_shown_to_those_whom_the_table_names_and_to_nobody_else(stage: Stage) -> None:
    allowed, places = read_table()
    world = World(stage)
    assert {fact for fact, _ in allowed} == set(world.marks) == {fact for fact, _ in places}
    wrong: set[str] = set()
    found: dict[tuple[str, str], set[Who]] = defaultdict(set)
    used, cells = set(), 0
    tried = STAGES if TIMES > 1 else SOME
    for name in STAGES:
        world.go_to(name)
        for path, people in asked_at(places) if name in tried else ():
            for who, answer in zip(people, stage.ask("GET", path, people), strict=True):
                assert answer.status < 500, (path, who)
                cells += len(world.marks)
                for fact in world.stands_in(path, answer.text) if answer.status == 200 else ():
                    found[fact, name].add(who)
                    used.add((fact, path))
                    if stand_of(who) not in places.get((fact, path), ()):
                        wrong.add(f"{fact} stands in {path} for {stand_of(who)}, while {name}")
    everybody: list[Who] = [*askers(), EMERGENCY]
    for fact, name in product(world.marks, tried):
        for who in everybody:
            may = allowed[fact, name][who]
            if may != (who in found[fact, name]):
                wrong.add(f"{fact}, {name}: {who} is {'' if may else 'not '}to be shown it")
    assert not wrong, "\n".join(sorted(wrong))
    assert used == set(places), "lines of addresses that show nothing: take them out of tests/app/fields.txt"
    saw("facts of a young person times answers in which they stood as the table says", cells)
