"""What the data says tonight, counted over the engine's own answers: nothing here is known beforehand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from app.web.words import RULES
from matching.census import Census
from matching.eligibility import Assessment, assess
from matching.facts import Snapshot

_SOON = timedelta(days=7)
_ANY_YOUNG_PERSON = {"safeguard.population", "safeguard.placement_kind"}
Doors = Sequence[Assessment]
"""Every house's answer to one who waits."""


@dataclass(frozen=True, slots=True)
class Tonight:
    """Counts over everyone who waits."""

    waiting: int
    with_bed: int
    """A bed is free on the first night needed, every rule is met, and a fund pays."""
    without: int
    soon: int
    """Of those without: such a bed frees within seven days."""
    one_answer_away: int
    """Of those without, and not soon: a house would be decided by a fact that is missing."""
    money_ends: int
    """Of those with a bed: in every house the paid nights end before the need does."""
    binding: str | None
    """What ends them most often in the house that pays longest, and for how many."""
    binding_count: int
    refusal: str | None
    """Of those without: the rule that turned them away at most doors, and at how many."""
    refusal_count: int
    open_beds: int
    """Beds that stand open in houses for trafficked minors only."""

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """The same as a person would say it."""
        waiting = _number(self.waiting, "young person waits", "young people wait")
        has, none = _number(self.with_bed, "has", "have"), _number(self.without, "has", "have")
        open_beds = _number(self.open_beds, "bed stands", "beds stand")
        said = [
            f"{waiting}. {has} a bed that is free on the first night, fits and is paid; {none} none. "
            f"{open_beds} open in houses for trafficked minors only.",
        ]
        if self.binding:
            said.append(
                f"Of the {self.with_bed} with a bed, {_number(self.money_ends, 'needs', 'need')} more nights than "
                f"anybody pays. What ends the paid nights most often: {_rule(self.binding)}, {self.binding_count}."
            )
        if self.without:
            said.append(
                f"Of the {self.without} without, {self.soon} can have one within seven days, and "
                f"{_number(self.one_answer_away, 'more waits', 'more wait')} for an answer."
                + (f" What closes most doors: {_rule(self.refusal)}, {self.refusal_count}." if self.refusal else "")
            )
        return said


def _number(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _rule(code: str) -> str:
    """A rule in words, with its code."""
    return f"{RULES.get(code, code).lower()} ({code})"


def tonight(snapshot: Snapshot) -> Tonight:
    """Judge every house for everyone who waits, and count."""
    census = Census(snapshot)
    doors = [[assess(census, referral, house) for house in snapshot.facilities] for referral in snapshot.referrals]
    with_bed = [row for row in doors if _options(row)]
    without = [row for row in doors if not _options(row)]
    ends = [binding for row in with_bed if (binding := _longest(row).binding()) is not None]
    soon = [row for row in without if _frees_soon(row, snapshot)]
    asking = [row for row in without if row not in soon and any(door.verdict == "needs_info" for door in row)]
    binding, binding_count = _commonest(Counter(ends))
    refusal, refusal_count = _commonest(Counter(code for row in without for code in _closed_by(row)))
    return Tonight(
        waiting=len(doors),
        with_bed=len(with_bed),
        without=len(without),
        soon=len(soon),
        one_answer_away=len(asking),
        money_ends=len(ends),
        binding=binding,
        binding_count=binding_count,
        refusal=refusal,
        refusal_count=refusal_count,
        open_beds=_open_beds(snapshot),
    )


def _options(doors: Doors) -> list[Assessment]:
    """The houses where a bed is free on the first night needed, with every rule met and a payer."""
    return [door for door in doors if door.verdict == "option"]


def _longest(doors: Doors) -> Assessment:
    """The option whose nights are paid longest; the first of equals."""
    return max(_options(doors), key=lambda door: door.cover.end)


def _frees_soon(doors: Doors, snapshot: Snapshot) -> bool:
    """Whether a bed that fits and is paid frees within a week."""
    last = snapshot.tonight + _SOON
    return any(door.verdict == "later" and door.case.bed_known and door.case.admit_on <= last for door in doors)


def _closed_by(doors: Doors) -> list[str]:
    """The rules that close each door, places that are no houses for trafficked minors aside."""
    return [code for door in doors if not _ANY_YOUNG_PERSON & set(door.failed) for code in door.failed]


def _commonest(counts: Mapping[str, int]) -> tuple[str | None, int]:
    """The code with the highest count; of equal ones the first by name."""
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))


def _open_beds(snapshot: Snapshot) -> int:
    return sum(
        bed.status == "open"
        for facility in snapshot.facilities
        if facility.population == "trafficking_only"
        for unit in facility.units
        for bed in unit.beds
    )
