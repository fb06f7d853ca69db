"""Nights slept elsewhere, and coming back sooner: with the bed that was kept, or with another one."""

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.beds import ledger as real
from app.stays import absences
from app.stays.schemas import AbsenceCreate, ReturnCreate
from tests.faults.model import days
from tests.faults.movements import GRANTED, Movements, pick

BEDS = {"fund_a": 3}
"""How many a fund pays in one night, where it says so."""


class Absences(Movements):
    """Whoever stays may be away, and whoever is away may be back."""

    def __init__(self) -> None:
        super().__init__()
        self.out: dict[str, list[tuple[date, date]]] = {}
        self.were: dict[str, dict[date, str]] = {}
        """Who paid nights before nights away took them or their payer, until a decision says who pays."""
        self.given: dict[str, dict[date, str | None]] = {}
        """The same, of the last time alone."""

    @precondition(lambda self: self.stays)
    @rule(at=pick, ahead=st.integers(-1, 3), length=st.integers(1, 3), what=st.sampled_from(["paid", "kept", "given"]))
    def be_away(self, at: int, ahead: int, length: int, what: str) -> None:
        """Nights elsewhere: the bed is kept and paid, kept and not paid, or given up."""
        stay_id, living = self._stay(at)
        first = self.tonight + timedelta(days=ahead)
        until = first + timedelta(days=length)
        body = AbsenceCreate.model_validate(
            {"first": first, "until": until, "keep_bed": what != "given", "paid": what == "paid"}
        )
        if not self._moved(
            f"away, {what}", living, lambda s, a: absences.away(s, a, stay_id, body, self.now, self.tonight)
        ):
            return
        self.out.setdefault(stay_id, []).append((first, until))
        if what == "given":
            gone = self.ledger.vacate(stay_id, max(first, self.tonight))
            self._were(stay_id, {night: row.fund for night, row in gone.items()})
            living.bed = None
        elif what == "kept":
            nights = days(max(first, self.tonight), until - real.NIGHT)
            self._were(stay_id, {night: fund for night, fund in self._funds_of(stay_id).items() if night in nights})
            self.ledger.repay(stay_id, nights, None)

    @precondition(lambda self: self.out)
    @rule(at=pick, ahead=st.sampled_from([0, 0, 0, 1, -1]))
    def be_back(self, at: int, ahead: int) -> None:
        """Somebody is back with the bed that was kept, and it is paid as it was if the money is still there."""
        stay_id = list(self.out)[at % len(self.out)]
        living, on = self._stay(list(self.stays).index(stay_id))[1], self.tonight + timedelta(days=ahead)
        body = ReturnCreate.model_validate({"on": on})
        if not self._moved("back", living, lambda s, a: absences.back(s, a, stay_id, body, self.now, self.tonight)):
            return
        assert living.bed is not None
        until = self._cut(stay_id, on)
        nights = days(max(on, self.tonight), until - real.NIGHT)
        unpaid = [night for night, fund in self._funds_of(stay_id).items() if night in nights and fund is None]
        were = self.were.get(stay_id, {})
        wanted = {night: fund for night in unpaid if (fund := were.get(night)) is not None}
        if self.ledger.reaches(living.minor, wanted, GRANTED, BEDS, self.now):
            for night, fund in wanted.items():
                self.ledger.repay(stay_id, [night], fund)
                del were[night]

    def _come_back(self, stay_id: str, first: date) -> dict[date, str | None]:
        if any(start <= first < until for start, until in self.out.get(stay_id, ())):
            self._cut(stay_id, first)
        had = {night: fund for night, fund in self.given.get(stay_id, {}).items() if night >= first}
        wanted = {night: fund for night, fund in had.items() if fund is not None}
        paid = self.ledger.reaches(self.stays[stay_id].minor, wanted, GRANTED, BEDS, self.now)
        return had if paid else dict.fromkeys(had)

    def _cut(self, stay_id: str, on: date) -> date:
        """Let the nights away that a night is one of end with it; when they were to end."""
        start, until = next(span for span in self.out[stay_id] if span[0] <= on < span[1])
        self.out[stay_id].remove((start, until))
        if start < on:
            self.out[stay_id].append((start, on))
        return until

    def _funds_of(self, stay_id: str) -> dict[date, str | None]:
        return {night: row.fund for (_, night), row in self.ledger.nights.items() if row.stay == stay_id}

    def _were(self, stay_id: str, funds: dict[date, str | None]) -> None:
        self.were.setdefault(stay_id, {}).update({night: fund for night, fund in funds.items() if fund is not None})
        if funds:
            self.given[stay_id] = funds
