"""One minor at one facility on one admission date: what a rule looks at."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from matching.census import Census, House
from matching.facts import Facility, Minor, Resident, Stay
from matching.findings import Outcome


class Case:
    """The pair that is judged, with the people present and the nights needed.

    `until` is the first date after the need; `bed_known` says whether a night with a bed was found (otherwise the
    admission date is only the earliest night asked for). `referrals` are those whose held beds count as free.
    """

    __slots__ = (
        "_counts",
        "_others",
        "admit_on",
        "bed_known",
        "census",
        "facility",
        "house",
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

    @property
    def others(self) -> list[Resident]:
        """The residents present on the admission date, without the minor."""
        if self._others is None:
            self._others = self.house.others(self.admit_on, self.minor.id)
        return self._others

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
        for stay in self.census.stays_of.get(self.minor.id, ()):
            if (
                stay.facility == self.facility.id
                and stay.admitted_on < self.admit_on
                and (stay.left_on is None or stay.left_on > self.admit_on)
            ):
                return stay
        return None
