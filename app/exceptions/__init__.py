"""Rules waived by the party whose they are, with a second person."""
