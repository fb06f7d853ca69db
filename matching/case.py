"""One minor at one facility on one admission date: what a rule looks at."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from matching.census import ONE_DAY, Census, House
from matching.facts import Bed, Facility, Minor, Resident, Stay, Unit
from matching.findings import Outcome


class Case:
    """The pair that is judged, with the people present and the nights needed.

    `until` is the first date after the need; `bed_known` says whether a night with a bed was found (otherwise the
    admission date is only the earliest night asked for). `referrals` are those whose held beds count as free;
    `judged` keeps what was found for siblings.
    """

    __slots__ = (
        "_counts",
        "_others",
        "admit_on",
        "bed_known",
        "census",
        "facility",
        "house",
        "judged",
        "minor",
        "referrals",
        "sibling_outcome",
        "siblings",
        "until",
    )

    def __init__(
        self,
        census: Census,
        minor: Minor,
        facility: Facility,
        admit_on: date,
        nights: int,
        *,
        referrals: frozenset[str],
        siblings: Sequence[Minor],
        bed_known: bool,
        sibling_outcome: "Callable[[Case, Minor], Outcome]",
    ) -> None:
        self.census = census
        self.minor = minor
        self.facility = facility
        self.house: House = census.house(facility)
        self.admit_on = admit_on
        self.until = admit_on + timedelta(days=nights)
        self.referrals = referrals
        self.siblings = siblings
        self.bed_known = bed_known
        self.sibling_outcome = sibling_outcome
        self._others: list[Resident] | None = None
        self._counts: dict[date, int] = {}
        self.judged: dict[str, Outcome] = {}

    @property
    def others(self) -> list[Resident]:
        """The residents present on the admission date, without the minor."""
        if self._others is None:
            self._others = self.house.others(self.admit_on, self.minor.id)
        return self._others

    def free_beds(self, unit: Unit, on: date) -> list[Bed]:
        """The beds of a unit that are free for the minor on a night."""
        return self.house.free_beds(unit, on, self.minor.id, self.referrals)

    def bed_until(self, unit: Unit, bed: Bed) -> date | None:
        """The first night of the need on which the minor can no longer have a bed that is free on the admission date.

        Somebody else has it then, or it closes; or somebody comes to a unit of one gender a night who is not known to
        be of the minor's.
        """
        return self.house.place_until(unit, bed, self.admit_on, self.until, self.minor.id, self.minor.gender)

    def others_on(self, on: date) -> list[Resident]:
        """The residents present on a date, without the minor."""
        return self.others if on == self.admit_on else self.house.others(on, self.minor.id)

    def count(self, on: date) -> int:
        """How many live there once the minor, and the siblings who wait too, have come; infants are not counted."""
        found = self._counts.get(on)
        if found is None:
            found = self._counts[on] = self._count(on)
        return found

    def _count(self, on: date) -> int:
        siblings = self.siblings if on == self.admit_on else self.census.waiting_siblings(self.minor, on)
        coming = 1 + len(siblings)
        present = len(self.others_on(on)) + self.house.unlisted(on)
        if self.bed_known:
            return present + coming
        return max(present + self.house.has_own(on, self.minor.id), coming)

    def continued(self) -> Stay | None:
        """The minor's stay in this same facility that the admission would go on with."""
        return self.continued_on(self.admit_on)

    def continued_on(self, on: date) -> Stay | None:
        """The stay that an admission on a date would go on with."""
        for stay in self.census.stays_of.get(self.minor.id, ()):
            if (
                stay.facility == self.facility.id
                and stay.admitted_on < on
                and (stay.left_on is None or stay.left_on > on)
            ):
                return stay
        return None

    def governing(self, on: date) -> date:
        """The date whose limit row governs an admission: that of the stay it goes on with, else its own."""
        stay = self.continued_on(on)
        return on if stay is None else stay.admitted_on

    def stay_dates(self) -> list[date]:
        """Dates on which an admission here would begin, or no longer, to go on with a stay."""
        return [
            day
            for stay in self.census.stays_of.get(self.minor.id, ())
            if stay.facility == self.facility.id
            for day in (stay.admitted_on + ONE_DAY, stay.left_on)
            if day is not None
        ]
