"""The matrix goes on: whoever opened the record in an emergency, and keys with scopes, held against tables by hand."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.access import keys, signin
from app.access.models import Agency
from app.access.policy import CLOSED_TO_KEYS, POLICY, Permission, Role
from app.referrals.models import Referral
from app.sharing.models import Relation
from app.sharing.service import grant
from app.stays.models import Stay
from tests.actors import add_person
from tests.app.stage import Stage, Stand
from tests.app.test_matrix import PLACE, Route, settings, stage, table
from tests.proofs import TIMES, saw

__all__ = ["settings", "stage"]

SCOPES = Path(__file__).parent / "scopes.txt"
LINE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) +(/v1\S+) +(\w+)(?: \+ (case|directory_write))?$")
TAKERS = (Role.INTAKE_COORDINATOR, Role.SUPERVISOR)
# What an hour opens of one record, to read alone: what is known of the need, what was decided, asked, and where she is,
# by the house's alias. Neither who she is, nor an address, nor a release, nor anything that writes.
IN_AN_EMERGENCY: set[Route] = {
    ("GET", "/minors/{minor_id}"),
    ("GET", "/referrals/{referral_id}"),
    ("GET", "/referrals/{referral_id}/offers/{offer_id}"),
    ("GET", "/referrals/{referral_id}/rankings/{run_id}"),
    ("GET", "/referrals/{referral_id}/rankings/{run_id}/text"),
    ("GET", "/stays/{stay_id}"),
    ("GET", "/v1/minors/{minor_id}"),
    ("GET", "/v1/referrals/{referral_id}"),
    ("GET", "/v1/referrals/{referral_id}/offers"),
    ("GET", "/v1/referrals/{referral_id}/offers/{offer_id}"),
    ("GET", "/v1/referrals/{referral_id}/rankings/{run_id}"),
    ("GET", "/v1/referrals/{referral_id}/rankings/{run_id}/outlook"),
    ("GET", "/v1/stays/{stay_id}"),
    ("GET", "/v1/stays/{stay_id}/warnings"),
}


def taken(stage: Stage, lasts: timedelta) -> dict[Role, str]:
    """People of an agency that has nothing to do with either case, each with both records open for so long."""
    now, other = stage.clock.now(), stage.agencies[Stand.OTHER]
    with stage.database.writing() as session:
        agency = session.get_one(Agency, other)
        waits, lives = (
            session.get_one(Referral, stage.ids["referral_id"]).minor_id,
            session.get_one(Stay, stage.ids["stay_id"]).minor_id,
        )
        for role in TAKERS:
            person = add_person(session, stage.clock, role, agency)
            for minor_id in (waits, lives):
                grant(session, minor_id, other, Relation.EMERGENCY, now - lasts, now + lasts, person_id=person.id)
            person.emergency_until = now + lasts
            session.flush()
            stage.tokens[f"{role} {lasts}"] = signin.admit(session, person.id, now) or ""
    return {role: f"{role} {lasts}" for role in TAKERS}


def test_an_emergency_opens_one_record_to_read_for_an_hour(stage: Stage) -> None:
    open_to, over_for = taken(stage, timedelta(hours=1)), taken(stage, timedelta(0))
    wrong, asked = [], 0
    of_somebody = {route: expected for route, expected in table().items() if "{" in route[1] or TIMES > 1}
    for route, expected in of_somebody.items():
        for role in TAKERS:
            before = expected[PLACE[Stand.OTHER, role]]
            during = "y" if route in IN_AN_EMERGENCY else before
            got = [answer.letter for answer in stage.ask(*route, (open_to[role], over_for[role]))]
            asked += 2
            if got != [during, before]:
                wrong.append(f"{' '.join(route)}: {role.value} got {got}, and is to get {[during, before]}")
    assert not wrong, "\n".join(wrong)
    assert set(table()) > IN_AN_EMERGENCY
    saw("cells of the access matrix in an emergency", asked)


def scopes() -> dict[Route, tuple[str, str | None]]:
    rows: dict[Route, tuple[str, str | None]] = {}
    for line in SCOPES.read_text().splitlines():
        if line and not line.startswith("#"):
            found = LINE.match(line)
            assert found is not None, f"no line of the table: {line}"
            assert (found[1], found[2]) not in rows, f"twice: {line}"
            rows[found[1], found[2]] = (found[3], found[4])
    return rows


def key(stage: Stage, role: Role, *held: Permission) -> str:
    """Whoever asks by a key of the referring agency that may do this of its role, and no more."""
    name = " ".join(("key", role, *sorted(held)))
    if name not in stage.tokens:
        with stage.database.writing() as session:
            _, stage.tokens[name] = keys.issue(
                session, None, agency_id=stage.agencies[Stand.OWN], name="a program", role=role,
                now=stage.clock.now(), live=False, permissions=held,
            )  # fmt: skip
    return name


CASE = frozenset({Permission.MINOR_READ, Permission.REFERRAL_READ, Permission.STAY_READ})


def also_held(also: str | None, held: frozenset[Permission]) -> frozenset[Permission]:
    """What a scope needs beside it, of what the role holds: any one of these."""
    wanted = CASE if also == "case" else frozenset({Permission.DIRECTORY_WRITE}) if also else frozenset()
    return wanted & held


def alone(letter: str, also: str | None) -> str:
    """What the scope gets without what it needs beside it: nobody is seen, or it is not the role's to do."""
    return letter if letter != "y" else "-" if also == "case" else "."


@pytest.mark.one_kind
def test_a_key_opens_what_its_scope_says_and_nothing_else(stage: Stage) -> None:
    wrong, asked = [], 0
    assert {route for route in table() if route[1].startswith("/v1/")} == set(scopes()), "tests/app/scopes.txt"
    for route, (scope, also) in scopes().items():
        expected, wanted = table()[route], {}
        for role in Role:
            letter, held = expected[PLACE[Stand.OWN, role]], POLICY[role] - CLOSED_TO_KEYS
            everything = [one for one in held if one.value != scope]
            wanted[key(stage, role, *everything)] = "."
            if scope in held:
                opens, more = Permission(scope), also_held(also, held)
                wanted[key(stage, role, opens)] = alone(letter, also) if more else letter
                wanted |= {key(stage, role, opens, one): letter for one in more}
                wanted[key(stage, role, *held)] = letter
        got = [answer.letter for answer in stage.ask(*route, wanted)]
        asked += len(got)
        wrong += [
            f"{' '.join(route)}: {who} got {one}, and is to get {letter}"
            for (who, letter), one in zip(wanted.items(), got, strict=True)
            if one != letter
        ]
    assert not wrong, "\n".join(wrong)
    saw("cells of the access matrix by keys with scopes", asked)
