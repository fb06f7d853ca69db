"""Who looked at a young person's record, or did something to it: for the agency whose record it is."""
