"""Emergency access: one person, one record, sixty minutes, told at once, and reviewed."""
