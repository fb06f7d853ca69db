"""The explicit catalogue: every rule, in the order in which a coordinator reads them."""

from matching.rules import conflict, custody, fit, funding, licensing, nights, safeguards
from matching.rules.base import FundRule, Rule

FACILITY_RULES: tuple[Rule, ...] = (
    *safeguards.RULES,
    *conflict.RULES,
    *licensing.RULES,
    *fit.RULES,
    *custody.RULES,
    funding.Accepted(),
)
"""Rules of the facility, the minor and the States: all must hold."""

FUND_IN_FORCE = funding.InForce()
FUND_LAST_RESORT = nights.LastResort()
ONCE_RULES: tuple[FundRule, ...] = tuple(funding.ONCE)
NIGHT_RULES: tuple[FundRule, ...] = tuple(nights.NIGHT)

FUND_RULES: tuple[FundRule, ...] = (FUND_IN_FORCE, *ONCE_RULES, *NIGHT_RULES)
"""Rules of a fund: one payer, or a chain of payers, that meets them is enough. The last resort looks at the others."""

CODES: tuple[str, ...] = (
    *(rule.code for rule in FACILITY_RULES),
    *(rule.code for rule in FUND_RULES),
    FUND_LAST_RESORT.code,
)
"""Every rule code, in the order of the catalogue."""

BY_CODE: dict[str, Rule | FundRule] = {
    **{rule.code: rule for rule in FACILITY_RULES},
    **{rule.code: rule for rule in FUND_RULES},
}
