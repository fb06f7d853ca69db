"""Agencies, people and keys from the command line. Whoever can run it on this host is the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from app.access import enrolment, service, signin
from app.access import keys as api_keys
from app.access.policy import AgencyKind, Permission, Role
from app.config import Settings
from app.console import AsJson, Refused, connected, say, show
from app.errors import Problem


def _group(summary: str) -> typer.Typer:
    return typer.Typer(help=summary, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


agencies = _group("Add and list agencies.")
users = _group("Add, list and disable people, and make the links by which they sign in.")
keys = _group("Make, list and revoke API keys.")

AgencyId = Annotated[str, typer.Argument(metavar="AGENCY", help="The agency's id.")]
_AGENCY, _PERSON = ("agency", "agencies list"), ("person", "users list")
InAgency = Annotated[str | None, typer.Option("--agency", help="Only those of this agency.")]


@contextmanager
def _look_up(what: str, listed_by: str) -> Iterator[None]:
    """Say of an id that is nobody's what it should have named, and how to find one."""
    try:
        yield
    except Problem as problem:
        if problem.code != "not_found":
            raise
        raise Refused(f"there is no such {what}; to see them: bednight {listed_by}") from None


@agencies.command("add")
def add_agency(name: str, kind: Annotated[AgencyKind, typer.Option()]) -> None:
    """Enter an agency and print its id."""
    with connected() as database, database.writing() as session:
        agency = service.add_agency(session, None, name=name, kind=kind, now=database.clock.now())
        typer.echo(agency.id)
    say(f"Next: bednight users add {agency.id} …   or   bednight keys add {agency.id} …")


@agencies.command("list")
def list_agencies(as_json: AsJson = False) -> None:
    """Print every agency."""
    with connected() as database, database.reading() as session:
        rows = session.scalars(service.agencies())
        show(({"id": a.id, "kind": a.kind, "name": a.name} for a in rows), as_json)


@users.command("add")
def add_user(
    agency: AgencyId,
    name: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option()],
    role: Annotated[Role, typer.Option()],
    facility: Annotated[list[str] | None, typer.Option(help="Facility staff: only these houses. Repeat it.")] = None,
) -> None:
    """Enter someone who works at an agency; print their id, and the link by which they set up their sign-in."""
    settings = Settings.from_env()
    with _look_up(*_AGENCY), connected(settings) as database, database.writing() as session:
        person = service.add_person(
            session,
            None,
            agency_id=agency,
            name=name,
            email=email,
            role=role,
            now=database.clock.now(),
            facility_ids=facility or (),
        )
        path = enrolment.issue(session, None, person.id, database.clock.now())
    typer.echo(person.id)
    _give(settings, path)


@users.command("enrol")
def enrol(
    person: Annotated[str, typer.Argument(metavar="PERSON")],
    lost: Annotated[
        bool, typer.Option("--lost", help="Their second factor is lost: you know that it is them.")
    ] = False,
) -> None:
    """Print a new link to set up a sign-in, or a new password: who has a second factor is asked for it.

    With --lost all that they had is forgotten, they are signed out everywhere, and a new factor is set up.
    """
    settings = Settings.from_env()
    with _look_up(*_PERSON), connected(settings) as database, database.writing() as session:
        make = enrolment.lost if lost else enrolment.issue
        path = make(session, None, person, database.clock.now())
    _give(settings, path)


def _give(settings: Settings, path: str) -> None:
    """A link, on stdout, and what it is."""
    typer.echo(f"{settings.url or 'http://127.0.0.1:8000'}{path}")
    say("The link works once, within an hour. Give it to them yourself: whoever has it sets the password.")


@users.command("list")
def list_users(agency: InAgency = None, as_json: AsJson = False) -> None:
    """Print everyone."""
    with connected() as database, database.reading() as session:
        rows = session.scalars(service.people(agency))
        fields = ("id", "agency_id", "role", "name", "email", "disabled_at")
        show(({field: getattr(person, field) for field in fields} for person in rows), as_json)


@users.command("disable")
def disable_user(person: Annotated[str, typer.Argument(metavar="PERSON")]) -> None:
    """Shut someone out, from the next request on."""
    with _look_up(*_PERSON), connected() as database, database.writing() as session:
        service.disable_person(session, None, person, database.clock.now())


@users.command("link")
def link(
    person: Annotated[str, typer.Argument(metavar="PERSON")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Print a sign-in link that works once, for 15 minutes, on this computer, where BEDNIGHT_LOGIN_LINKS=1."""
    with _look_up(*_PERSON), connected() as database, database.writing() as session:
        now = database.clock.now()
        # A demo's clock, which only its server knows, may be ahead of this one: no link ends before those of the demo.
        last = None if Settings.from_env().live else signin.last_link_ends(session)
        lasts = signin.LINK_LASTS if last is None else max(signin.LINK_LASTS, last - now)
        path = signin.issue_link(session, person, now, lasts)
    typer.echo(f"http://127.0.0.1:{port}{path}")


@keys.command("add")
def add_key(
    agency: AgencyId,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[Role, typer.Option()],
    days: Annotated[int, typer.Option(min=1, max=90)] = 90,
    permission: Annotated[list[Permission] | None, typer.Option(help="Only these of the role's. Repeat it.")] = None,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    settings = Settings.from_env()
    with _look_up(*_AGENCY), connected(settings) as database, database.writing() as session:
        key, secret = api_keys.issue(
            session,
            None,
            agency_id=agency,
            name=name,
            role=role,
            now=database.clock.now(),
            live=settings.live,
            lasts=timedelta(days=days),
            permissions=permission or None,
        )
    typer.echo(secret)
    say(f"This is key {key.id}. It is shown this once and ends on {key.expires_at:%Y-%m-%d}.")


@keys.command("list")
def list_keys(agency: InAgency = None, as_json: AsJson = False) -> None:
    """Print the keys, never what opens them."""
    with connected() as database, database.reading() as session:
        rows = session.scalars(api_keys.listed(agency))
        fields = ("id", "agency_id", "role", "name", "hint", "expires_at", "last_used_at", "revoked_at")
        show(({field: getattr(key, field) for field in fields} for key in rows), as_json)


@keys.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")]) -> None:
    """End a key, from the next request on."""
    with _look_up("key", "keys list"), connected() as database, database.writing() as session:
        api_keys.revoke(session, None, key, database.clock.now())
    say("The key is ended.")
