"""Facilities, licences, safeguards with evidence, units and beds."""
