"""A stage for the workflow: houses that fit, an agency behind each, and a coordinator who refers."""

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.policy import AgencyKind, Role
from app.beds.models import BedNight
from app.clock import MovableClock
from app.db import Database
from app.placements.snapshot import build
from tests.factories import EIGHT_ANSWERS, Caller, fund, house, load, made, network, new_agency

Json = dict[str, Any]


class Scene:
    """Two houses that fit with one agency behind each, and a coordinator with a referral that is ranked."""

    def __init__(self, client: TestClient, database: Database, clock: MovableClock, *houses: Json) -> None:
        self.client, self.database, self.clock = client, database, clock
        self.agencies = {name: new_agency(database, AgencyKind.RESIDENTIAL) for name in ("fac_a", "fac_b")}
        houses = houses or (house("fac_a"), house("fac_b"), house("fac_c"))
        load(database, network(*houses, funds=[fund(nights_left=100)]), operators=self.agencies)
        self.coordinator = Caller(client, database, Role.INTAKE_COORDINATOR)
        self.staff = {n: Caller(client, database, Role.FACILITY_STAFF, a) for n, a in self.agencies.items()}

    def refer(self, nights: int | None = 10, **changes: Any) -> str:
        """The path of a referral."""
        body = {**EIGHT_ANSWERS, "nights_needed": nights, **changes}
        return str(self.coordinator.post("/v1/referrals", body).headers["Location"])

    def rank(self, path: str) -> tuple[str, Json]:
        """The id of a fresh decision, and the decision."""
        answer = self.coordinator.post(path + "/rankings")
        return str(answer.headers["Location"]).rsplit("/", 1)[1], made(answer)

    def ask(self, path: str, run: str, facility: str, kind: str = "holds", **more: Any) -> Any:
        """Ask a house, with a hold or without."""
        body = {
            "run": run,
            "facility": facility,
            "authority": "court_order",
            "choice_reason": "clinical_advice",
            **more,
        }
        return self.coordinator.post(f"{path}/{kind}", body)

    def answer(self, facility: str, offer: str, **said: Any) -> Any:
        """What a house says."""
        return self.staff[facility].post(f"/v1/facilities/{facility}/offers/{offer}/answer", said or {"accept": True})

    def nights(self) -> list[BedNight]:
        """The ledger as it stands."""
        with self.database.reading() as session:
            return list(session.scalars(select(BedNight).order_by(BedNight.night, BedNight.bed_id)))

    def snapshot(self) -> Json:
        """What the engine would look at."""
        with self.database.reading() as session:
            return build(session, self.clock.now(), self.clock.tonight())
