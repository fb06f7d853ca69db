"""Putting the application together: routers, error handlers, the edge. Nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from app import (
    models,  # noqa: F401  (every table must be known before the first query)
    testclock,
)
from app.answers import whole_routes as whole
from app.beds import routes as beds
from app.board import pages as board_pages
from app.board import regional_pages, unit_pages
from app.clock import Clock, MovableClock, SystemClock
from app.config import Settings
from app.db import Database
from app.edge import Edge
from app.emergency import pages as emergency_pages
from app.emergency import routes as emergency
from app.entry import (
    agency_pages,
    agency_settings_pages,
    enrol_pages,
    key_pages,
    link_pages,
    passkey_pages,
    people_pages,
    prove_pages,
    security_pages,
    sign_in_pages,
)
from app.exceptions import routes as exception_routes
from app.exchange import routes as exchange
from app.expunging import pages as expunging_pages
from app.expunging import routes as expunging
from app.facilities import routes as facilities
from app.funding import routes as funding
from app.gaps import routes as gap_routes
from app.looks import pages as look_pages
from app.looks import routes as looks
from app.notices import pages as notice_pages
from app.notices.live import Live
from app.openapi import describe
from app.placements import (
    ending_routes,
    house_pages,
    next_pages,
    offer_pages,
    offer_routes,
    plan_pages,
    plan_routes,
    price_routes,
    todo_pages,
)
from app.placements import pages as placement_pages
from app.placements import referral_pages as asking_pages
from app.placements import routes as placements
from app.placements import stay_routes as placement_stay_routes
from app.placements.rooms import suiting_rooms
from app.problems import catalogue_page, install
from app.record import conference_pages, conference_routes, consent_pages, continuum_routes, reporting_routes
from app.record import link_pages as record_link_pages
from app.record import link_routes as record_links
from app.record import pages as record_pages
from app.record import routes as record
from app.reference import reference
from app.referrals import identity_pages, identity_routes, search_routes
from app.referrals import pages as referral_pages
from app.referrals import routes as referrals
from app.releases import agreement_routes, told_pages
from app.releases import pages as release_pages
from app.releases import policy_routes as sharing_policy
from app.releases import routes as releases
from app.reports import house_pages as house_reports
from app.reports import pages as report_pages
from app.reports import routes as reports
from app.sealing.opening import keyring
from app.stays import aftercare_pages, moving_pages, task_routes
from app.stays import pages as stay_pages
from app.stays import record_routes as records
from app.stays import routes as stay_routes
from app.tasks import routes as tasks
from app.web import pages
from app.whatif import pages as whatif_pages
from app.whatif import routes as whatif_routes
from app.worker import Worker

ROUTERS: tuple[APIRouter, ...] = (
    link_pages.router,
    sign_in_pages.router,
    enrol_pages.router,
    prove_pages.router,
    security_pages.router,
    passkey_pages.router,
    people_pages.router,
    agency_pages.router,
    agency_settings_pages.router,
    key_pages.router,
    funding.router,
    facilities.router,
    beds.router,
    referrals.router,
    identity_routes.router,
    search_routes.router,
    placements.router,
    looks.router,
    record_links.router,
    record.router,
    conference_routes.router,
    reporting_routes.router,
    continuum_routes.router,
    continuum_routes.pages,
    reporting_routes.pages,
    *expunging.routers,
    plan_routes.router,
    price_routes.router,
    records.router,
    whole.router,
    offer_routes.router,
    ending_routes.router,
    gap_routes.router,
    exception_routes.router,
    *releases.routers,
    agreement_routes.router,
    agreement_routes.pages,
    releases.told_router,
    sharing_policy.router,
    emergency.router,
    stay_routes.router,
    placement_stay_routes.router,
    tasks.router,
    task_routes.router,
    exchange.router,
    reports.router,
    house_reports.router,
    whatif_routes.router,
    notice_pages.router,
    referral_pages.router,
    identity_pages.router,
    placement_pages.router,
    asking_pages.router,
    offer_pages.router,
    stay_pages.router,
    moving_pages.router,
    aftercare_pages.router,
    next_pages.router,
    ending_routes.pages,
    house_pages.router,
    todo_pages.router,
    plan_pages.router,
    board_pages.router,
    unit_pages.router,
    regional_pages.router,
    look_pages.router,
    record_link_pages.router,
    consent_pages.router,
    conference_pages.router,
    record_pages.router,
    report_pages.router,
    house_reports.pages,
    whatif_pages.router,
    *expunging_pages.routers,
    *release_pages.routers,
    told_pages.router,
    emergency_pages.router,
)


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """The whole application over one database; reads the environment where no settings are given."""
    settings = settings or Settings.from_env()
    # The framework's own /docs loads script and style from other hosts, so there is one of our own.
    app = FastAPI(
        title="Bednight", version="1", docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=_lifespan
    )
    app.state.settings = settings
    app.state.clock = clock or SystemClock(settings.time_zone, settings.night_turns_at)
    app.state.database = Database(settings.database_url, app.state.clock, keyring(settings))
    app.state.live = Live(app.state.database, settings)
    app.state.worker = Worker(app.state.database, settings)
    app.state.suiting_rooms = suiting_rooms
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    install(app)
    pages.install(app)
    for router in ROUTERS:
        app.include_router(router)
    if isinstance(app.state.clock, MovableClock) and not settings.live:
        app.include_router(testclock.router)
    app.add_api_route("/docs", reference, response_class=HTMLResponse, include_in_schema=False)
    app.add_api_route("/errors", catalogue_page, response_class=HTMLResponse, include_in_schema=False)
    app.add_middleware(Edge, max_body_bytes=settings.max_body_bytes)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with app.state.worker.beside_the_server():
        yield
    app.state.database.close()
