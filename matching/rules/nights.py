"""What a fund asks for each night: age, caps, beds, nights left, and whether another payer comes first."""

from collections.abc import Iterable
from datetime import date

from matching.bands import age_asks, age_in_band, age_text, band_birthdays
from matching.facts import Clock
from matching.findings import MET, UNKNOWN, Finding, Outcome, yes_or_no
from matching.payer import Funding
from matching.rules.base import FundRule, first_change
from matching.rules.funding import SEED_A


class AgesOut(FundRule):
    """The young person is below the age at which the fund stops paying, whatever began before."""

    code = "funding.ages_out"
    source = "Programme rules"

    def outcome(self, funding: Funding, on: date) -> Outcome:
        """Judge the age on a night."""
        leaves_at = funding.row.leaves_at_age
        return age_in_band(funding.case.minor, None, None if leaves_at is None else leaves_at - 1, on)

    def judge(self, funding: Funding) -> Outcome:
        return self.outcome(funding, funding.case.admit_on)

    def check(self, funding: Funding) -> Finding:
        case, leaves_at = funding.case, funding.row.leaves_at_age
        outcome = self.judge(funding)
        changes, need = None, "may complete the stay"
        if leaves_at is not None:
            need = f"under {leaves_at}"
            dates = band_birthdays(case.minor, None, leaves_at - 1)
            changes = first_change(case, outcome, lambda day: self.outcome(funding, day), dates)
        age = age_text(case.minor, case.admit_on)
        said = f"Age {age}" if age is not None else "Age not known"
        asks = age_asks(case.minor) if outcome is UNKNOWN else ()
        return self.found(funding, outcome, age, need, f"{said}; the fund pays while {need}", changes, asks)

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "The funder may waive the age at which it stops paying"


class ClockPays(FundRule):
    """Every stay cap of the fund still pays the night."""

    code = "funding.clock"
    source = SEED_A + ": 14, 30 and 90 days"
    waive = "funder, by its extension"

    def judge(self, funding: Funding) -> Outcome:
        return yes_or_no(funding.clocks_pay(funding.case.admit_on))

    def check(self, funding: Funding) -> Finding:
        case = funding.case
        if not funding.row.clocks:
            return self.found(funding, MET, None, "no cap", "The fund has no cap on nights")
        outcome = self.judge(funding)
        need = ", ".join(_cap(clock) for clock in funding.row.clocks)
        night = case.admit_on.toordinal()
        left = funding.clock_nights(night)
        text = f"{left} of the nights needed are within the cap of {need}" if left else f"The cap of {need} is used up"
        return self.found(
            funding, outcome, left, need, text + _extensions(funding), funding.clocks_return(case.admit_on)
        )

    def fix(self, funding: Funding, finding: Finding) -> str:
        nights = (funding.case.until - funding.case.admit_on).days
        words = f"The cap falls short by {nights} {'night' if nights == 1 else 'nights'}"
        extension = _extensions(funding)
        if extension:
            return words + extension
        return words + (f"; it pays again from {finding.changes_on}" if finding.changes_on else "")


_WINDOWS = {
    "stay": "per stay",
    "chain": "per chain of stays",
    "fiscal_year": "per fiscal year",
    "lifetime": "in all",
}


def _cap(clock: Clock) -> str:
    unit = clock.unit.replace("_", " ")
    if clock.window == "trailing":
        days, months = clock.window_days, clock.window_months
        window = f"in any {days} days" if days is not None else f"in any {months} months"
    else:
        window = _WINDOWS[clock.window]
    return f"{clock.limit} {unit}{'' if clock.limit == 1 else 's'} {window}"


def _extensions(funding: Funding) -> str:
    """By how much each cap could still be extended, and with which approval."""
    words = ""
    granted = list(funding.case.minor.approvals or ())
    for clock in funding.row.clocks:
        extension = clock.extension
        if extension is not None:
            left = extension.times - min(extension.times, granted.count(extension.approval))
            if left and extension.by:
                words += f"; could be extended by {left * extension.by} with {extension.approval}"
    return words


class Beds(FundRule):
    """The fund pays fewer stays of other young people that night than it may."""

    code = "funding.beds"
    source = "The fund's contract"

    def judge(self, funding: Funding) -> Outcome:
        return yes_or_no(funding.bed_free(funding.case.admit_on))

    def check(self, funding: Funding) -> Finding:
        case, most = funding.case, funding.row.beds_per_night
        if most is None:
            return self.found(funding, MET, None, "any number", "The fund pays any number of beds")
        outcome = self.judge(funding)
        changes = first_change(case, outcome, lambda day: yes_or_no(funding.bed_free(day)), funding.bed_dates())
        taken = funding.beds_taken(case.admit_on)
        text = f"{taken} of {most} beds that the fund pays are taken that night"
        return self.found(funding, outcome, taken, f"fewer than {most}", text, changes)

    def fix(self, funding: Funding, finding: Finding) -> str:
        day = finding.changes_on
        return f"A bed of the fund is free from {day}" if day else "One more bed paid by the fund"


class Budget(FundRule):
    """The fund has nights left that are neither paid nor promised."""

    code = "funding.budget"
    source = "The fund's contract"

    def judge(self, funding: Funding) -> Outcome:
        return yes_or_no(funding.row.nights_left is None or funding.row.nights_left > 0)

    def check(self, funding: Funding) -> Finding:
        left = funding.row.nights_left
        if left is None:
            return self.found(funding, MET, None, "any number", "The fund has no limit on nights in all")
        text = f"{left} nights are left in the fund"
        return self.found(funding, self.judge(funding), left, "1 night or more", text)

    def fix(self, funding: Funding, finding: Finding) -> str:
        return "More nights in the fund"


class LastResort:
    """A fund of last resort pays only where no other accepted payer may."""

    code = "funding.last_resort"
    source = "Georgia gap fund"

    def judge(self, funding: Funding, other_may_pay: bool) -> Outcome:
        """Judge a payer, knowing whether another that is not of last resort has all its findings met."""
        return yes_or_no(not (funding.fund.last_resort and other_may_pay))

    def check(self, funding: Funding, other_may_pay: bool) -> Finding:
        """Judge a payer, and say why."""
        citation = funding.limit.citation if funding.limit is not None else None
        last = funding.fund.last_resort
        outcome = self.judge(funding, other_may_pay)
        if not last:
            text = "Not a fund of last resort"
        elif other_may_pay:
            text = "Another payer may pay, so this one waits"
        else:
            text = "No other payer may pay this night"
        return Finding(self.code, outcome, funding.fund.id, last, "no other payer", text, citation)


NIGHT: Iterable[FundRule] = (AgesOut(), ClockPays(), Beds(), Budget())
