"""What another limit of a fund would have done: the past re-run under it, in counts alone."""
