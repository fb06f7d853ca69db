"""Consent and law: who else may see what of a young person's record, for how long, and the end of it."""
