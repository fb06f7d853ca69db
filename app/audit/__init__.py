"""What was done, by whom, to whose record: append-only, each row bound to the one before."""
