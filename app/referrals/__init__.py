"""A request for a bed."""
