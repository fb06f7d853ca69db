"""Decides which safe, funded bed fits a minor: pure functions over one snapshot, with no database and no web."""

RULES_VERSION = "1.1"
"""Changes with every change to a rule, a clock or the choice of payers."""

ENGINE_VERSION = "0.5.0"
"""Changes with every change to the order of options, to the plan behind it or to what a stored decision says."""
