"""Pages: one Jinja environment, one frame, and how a page is sent."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.access.actor import Actor
from app.access.guard import csrf_token
from app.access.policy import Permission, Role
from app.clock import MovableClock
from app.db import new_id
from app.idempotency import FORM_KEY
from app.web import words
from app.web.translation import gettext, marked, plural

# Where "Exit this page" leads: plain, public, and nothing to do with us.
EXIT_TO = "https://www.weather.gov/"

WARNED_BEFORE = timedelta(minutes=2)

ROLES = {
    Role.INTAKE_COORDINATOR: marked("Coordinator"),
    Role.FACILITY_STAFF: marked("House staff"),
    Role.FUNDER_ANALYST: marked("Funder"),
    Role.PARTNER: marked("Partner agency"),
    Role.SUPERVISOR: marked("Supervisor"),
    Role.ADMINISTRATOR: marked("Administrator"),
    Role.SECURITY_ADMINISTRATOR: marked("Security administrator"),
    Role.AUDITOR: marked("Auditor"),
}
# What a refusal means to a person; the catalogue's own words are for programs.
NEXT_STEPS = {
    "not_signed_in": marked(
        "You have not signed in on this computer, or you were away too long and it ended by itself."
    ),
    "proof_needed": marked(
        "What you asked for needs a proof of the last five minutes. It takes a moment, and leads back here."
    ),
    "forbidden": marked("Your role does not include this. Your agency's administrator can change that."),
    "not_found": marked("It does not exist, or it is not yours to see: here both look the same."),
    "stale_update": marked("Open it again: it shows what stands there now. Then repeat your change."),
    "referral_closed": marked("Nothing more can be asked for it. Open a new referral."),
    "internal": marked("Try again. If it goes on, call and say the number below."),
    "busy": marked("Wait a moment, then try again. What you typed is still in the form."),
}
LINKS = (
    # House staff read the referrals of their own walk-ins, but their home is the board.
    ("home", "/", marked("Referrals"), Permission.MINOR_READ),
    ("minors", "/minors", marked("Flagged"), Permission.MINOR_READ),
    ("board", "/board", marked("Beds"), Permission.BED_STATUS_WRITE),
    ("beds", "/beds", marked("Beds"), Permission.RANKING_READ),
    ("tasks", "/tasks", marked("Tasks"), Permission.BED_STATUS_READ),
    ("reports", "/reports", marked("Gap audit"), Permission.GAPS_READ),
    ("people", "/people", marked("People"), Permission.PEOPLE_READ),
)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(gettext, plural, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {"day": words.day, "code_words": words.code_words}
    return environment


TEMPLATES = _environment()


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    actor: Actor | None = None,
    here: str = "",
    status: int = 200,
    exit_link: bool = False,
) -> HTMLResponse:
    """Render a template inside the frame. `exit_link` stands on every page that shows a minor's data."""
    frame = _frame(request, actor, here, exit_link=exit_link)
    html = TEMPLATES.get_template(template).render(context, frame=frame)
    # Indentation serves who writes a template, not who waits for it on a phone.
    return HTMLResponse("\n".join(filter(None, map(str.strip, html.splitlines()))), status_code=status)


def _frame(request: Request, actor: Actor | None, here: str, *, exit_link: bool) -> dict[str, Any]:
    """What stands around every page: links, role, the number to call, the way out."""
    settings = request.app.state.settings
    return {
        "links": [
            {"href": href, "text": gettext(text), "here": name == here}
            for name, href, text, permission in LINKS
            if actor is not None and actor.may(permission)
        ],
        "role": gettext(ROLES[actor.role]) if actor is not None else None,
        "live": settings.live,
        "links_here": settings.login_links,
        "on_call": settings.on_call_phone,
        "exit_to": EXIT_TO if exit_link else None,
        "emergency": _emergency(request, actor),
        "locked": actor is not None and actor.locked,
        "idle": _warned_after(request, actor),
        "hidden": _hidden(request) if actor is not None else "",
    }


def _emergency(request: Request, actor: Actor | None) -> str | None:
    """Until when somebody sees a record that nobody let them see: each of their pages says so."""
    clock = request.app.state.clock
    if actor is None or actor.emergency_until is None or actor.emergency_until <= clock.now():
        return None
    return words.clock_time(actor.emergency_until, clock.zone, clock.tonight())


def _warned_after(request: Request, actor: Actor | None) -> int | None:
    """Seconds after which a script says that the session is about to end; a demo's clock stands still."""
    if actor is None or actor.locked or isinstance(request.app.state.clock, MovableClock):
        return None
    idles: timedelta = request.app.state.settings.session_idles
    return max(1, int((idles - WARNED_BEFORE).total_seconds()))


def _hidden(request: Request) -> Markup:
    """What every form carries unseen: that a page of ours sent it, and the key by which the same press acts once."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format("form_token", csrf_token(request)) + field.format(FORM_KEY, new_id("form"))


def install(app: FastAPI) -> None:
    """Serve style, script and icon, and let refusals be read as pages of ours."""
    # The same for everyone, so that its length tells nothing: a page's own text is never compressed beside a secret.
    app.mount("/static", GZipMiddleware(StaticFiles(packages=[("app.web", "static")]), 500), name="static")
    app.state.problem_page = problem_page


def next_step(code: str, fix: str) -> str:
    """What a person can do after a refusal; `fix`: what the catalogue tells programs."""
    said = NEXT_STEPS.get(code)
    return gettext(said) if said is not None else fix


def problem_page(request: Request, document: Mapping[str, Any]) -> str:
    """A refusal for a person: what it means, and what to do next."""
    to = request.url.path if request.method == "GET" else "/"
    context = {**document, "fix": next_step(document["code"], document["fix"]), "to": to}
    return TEMPLATES.get_template("web/problem.html").render(context, frame=_frame(request, None, "", exit_link=False))
